//! Whoever drives a transport gives it the time for closing that it says, and not much more: a
//! session, a router, and a server with handlers.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep};
use wampwerk::core::client::ClientConfig;
use wampwerk::error::TransportError;
use wampwerk::session::join;
use wampwerk::transport::{CloseCode, Transport, TransportInfo, memory};
use wampwerk::{Router, Serializer};

use crate::common::handled::recorder;

const SAYS: Duration = Duration::from_secs(20);

/// Takes its time to close.
struct Slow {
    inner: Box<dyn Transport>,
    takes: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it was closed in the end.
    gone: Option<oneshot::Sender<bool>>,
    closed: bool,
}

impl Slow {
    fn new(inner: Box<dyn Transport>, takes: Duration) -> (Box<Self>, oneshot::Receiver<bool>) {
        let (gone, on_gone) = oneshot::channel();
        let slow = Slow { inner, takes, timer: None, gone: Some(gone), closed: false };
        (Box::new(slow), on_gone)
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        let _ = self.gone.take().unwrap().send(self.closed);
    }
}

impl Transport for Slow {
    fn info(&self) -> &TransportInfo {
        self.inner.info()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.inner.poll_recv(cx)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        self.inner.start_send(frame)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.takes)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.closed = true;
        self.inner.poll_close(cx, code)
    }

    fn close_timeout(&self) -> Duration {
        SAYS
    }
}

/// It takes as long as it says, or much longer: when it has to be gone, and whether closed.
const CASES: [(Duration, Duration, bool); 2] = [
    (SAYS, SAYS, true),
    (Duration::from_secs(60), SAYS.saturating_add(Duration::from_secs(1)), false),
];

async fn assert_gone(gone: oneshot::Receiver<bool>, after: Duration, closed: bool) {
    let begin = Instant::now();
    assert_eq!(gone.await, Ok(closed));
    let took = begin.elapsed();
    assert!(took.abs_diff(after) < Duration::from_millis(100), "{took:?} for {after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session() {
    for (takes, after, closed) in CASES {
        let router = Router::builder().realm("realm1").build().unwrap();
        let (slow, gone) = Slow::new(router.connect_transport(), takes);
        let session = join(slow, "realm1", ClientConfig::default()).await.unwrap();
        session.leave().await;
        assert_gone(gone, after, closed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_router() {
    for (takes, after, closed) in CASES {
        let router = Router::builder().realm("realm1").build().unwrap();
        let (near, far) = memory::pair(Serializer::ALL[0], 8);
        let (slow, gone) = Slow::new(Box::new(far), takes);
        router.serve(slow);
        drop(near);
        assert_gone(gone, after, closed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_with_handlers() {
    for (takes, after, closed) in CASES {
        let mut server = recorder(|_, _| async { Ok(()) });
        let (near, far) = memory::pair(Serializer::ALL[0], 8);
        let (slow, gone) = Slow::new(Box::new(far), takes);
        server.factory.serve(slow);
        // Nor does its shutdown cut it.
        let down = tokio::spawn({
            let factory = server.factory.clone();
            async move { factory.shutdown().await }
        });
        server.transport().await;
        assert_gone(gone, after, closed).await;
        down.await.unwrap();
        drop(near);
    }
}
