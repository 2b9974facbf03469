//! A transport may take its own time to close, and no more: sessions and components wait so long.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};
use wampwerk::component::{Component, TransportEntry};
use wampwerk::core::client::ClientConfig;
use wampwerk::rt::BoxFuture;
use wampwerk::transport::{CloseCode, Connector, Transport, TransportInfo};
use wampwerk::{ConnectError, Router, TransportError, session};

/// What a transport says that it takes to close at most.
const LIMIT: Duration = Duration::from_secs(20);

/// What the slow one takes.
const SLOW: Duration = Duration::from_secs(15);

/// A transport in memory that takes so long to close.
struct Slow {
    inner: Box<dyn Transport>,
    time: Duration,
    closing: Option<Pin<Box<Sleep>>>,
    closed: Arc<AtomicBool>,
    /// Dropped with it.
    _gone: watch::Sender<()>,
}

/// Whether it was closed to the end, and when it is gone.
struct Watch {
    closed: Arc<AtomicBool>,
    gone: watch::Receiver<()>,
}

impl Slow {
    fn new(router: &Router, time: Duration) -> (Self, Watch) {
        let (sender, gone) = watch::channel(());
        let closed = Arc::new(AtomicBool::new(false));
        let inner = router.connect_transport();
        let watch = Watch { closed: Arc::clone(&closed), gone };
        (Slow { inner, time, closing: None, closed, _gone: sender }, watch)
    }
}

impl Watch {
    async fn gone(mut self) -> bool {
        while self.gone.changed().await.is_ok() {}
        self.closed.load(Ordering::Relaxed)
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
        let closing = self.closing.get_or_insert_with(|| Box::pin(sleep(self.time)));
        ready!(closing.as_mut().poll(cx));
        self.closed.store(true, Ordering::Relaxed);
        self.inner.poll_close(cx, code)
    }

    fn close_timeout(&self) -> Duration {
        LIMIT
    }
}

fn router() -> Router {
    Router::builder().realm("realm1").build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_session_waits_for_its_transport_as_long_as_that_says() {
    for (time, closes) in [(SLOW, true), (Duration::from_secs(3600), false)] {
        let router = router();
        let (transport, watch) = Slow::new(&router, time);
        let joined = session::join(Box::new(transport), "realm1", ClientConfig::default()).await;
        let began = Instant::now();
        joined.unwrap().leave().await;
        assert_eq!(watch.gone().await, closes);
        let took = began.elapsed();
        assert!(took >= SLOW && took <= LIMIT + Duration::from_secs(2), "{took:?}");
    }
}

/// Makes one of them, once.
struct Once(Mutex<Option<Slow>>);

impl Connector for Once {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        let transport = self.0.lock().unwrap().take().unwrap();
        Box::pin(async { Ok(Box::new(transport) as Box<dyn Transport>) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_component_does_so_too_whether_its_session_is_joined_or_not() {
    for joins in [true, false] {
        let router = router();
        let (transport, watch) = Slow::new(&router, SLOW);
        let once = Arc::new(Once(Mutex::new(Some(transport))));
        let builder = Component::builder().transports(TransportEntry::new("slow", once));
        // The one is closed by its session, the other by the attempt.
        let builder = match joins {
            true => builder.main(|session| async move { drop(session) }),
            false => builder
                .credentials(|| async {
                    Err::<wampwerk::session::authentication::Anonymous, _>("none")
                })
                .is_fatal(|_| true),
        };
        let component = builder.build().unwrap();
        let clean = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&clean);
        component.on_disconnect(move |was_clean| {
            told.lock().unwrap().push(was_clean);
            async {}
        });
        assert_eq!(component.start().await.is_ok(), joins);
        assert!(watch.gone().await);
        assert_eq!(*clean.lock().unwrap(), [true], "{joins}");
    }
}
