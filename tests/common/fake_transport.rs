//! A transport that does what a test wants of it, over another one.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};
use wampwerk::Router;
use wampwerk::error::TransportError;
use wampwerk::transport::MemoryTransport;
use wampwerk::transport::{Transport, TransportInfo};
use wampwerk::websocket::CloseCode;

/// A transport with knobs: those that are set before it is used are here, those that are turned
/// meanwhile in [`Control`].
pub(crate) struct FakeTransport {
    inner: Box<dyn Transport>,
    info: TransportInfo,
    closing: Closing,
    close_timeout: Option<Duration>,
    control: Control,
    gone: watch::Sender<()>,
    /// The other end, of a transport that is alone.
    _far: Option<MemoryTransport>,
}

enum Closing {
    AsInner,
    Takes(Duration, Option<Pin<Box<Sleep>>>),
    Fails(fn() -> TransportError),
    Never,
}

impl FakeTransport {
    pub(crate) fn over(inner: impl Transport + 'static) -> Self {
        FakeTransport::boxed(Box::new(inner))
    }

    /// A client's transport to a router.
    pub(crate) fn to(router: &Router) -> Self {
        FakeTransport::boxed(router.connect_transport())
    }

    /// A transport without a peer.
    pub(crate) fn alone(info: TransportInfo) -> Self {
        let (near, far) = MemoryTransport::pair(info.serializer, 64);
        let mut alone = FakeTransport::over(near).with_info(|old| *old = info);
        alone._far = Some(far);
        alone
    }

    pub(crate) fn boxed(inner: Box<dyn Transport>) -> Self {
        let gone = watch::channel(()).0;
        let control = Control { shared: Arc::default(), gone: gone.subscribe() };
        FakeTransport {
            info: inner.info().clone(),
            inner,
            closing: Closing::AsInner,
            close_timeout: None,
            control,
            gone,
            _far: None,
        }
    }

    /// Changes what it says of itself.
    pub(crate) fn with_info(mut self, change: impl FnOnce(&mut TransportInfo)) -> Self {
        change(&mut self.info);
        self
    }

    /// Time that it takes to close, and time that it says to take at most.
    pub(crate) fn closing_takes(mut self, time: Duration, close_timeout: Duration) -> Self {
        self.closing = Closing::Takes(time, None);
        self.close_timeout = Some(close_timeout);
        self
    }

    pub(crate) fn closing_fails(mut self, error: fn() -> TransportError) -> Self {
        self.closing = Closing::Fails(error);
        self
    }

    pub(crate) fn closing_never(mut self) -> Self {
        self.closing = Closing::Never;
        self
    }

    pub(crate) fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Transport for FakeTransport {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        let knobs = self.control.knobs(cx);
        if let Some(error) = &knobs.broken {
            return Poll::Ready(Some(Err(error())));
        }
        if let Some(frame) = &knobs.flood {
            return Poll::Ready(Some(Ok(frame.clone())));
        }
        if knobs.deaf {
            return Poll::Pending;
        }
        drop(knobs);
        self.inner.poll_recv(cx)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let knobs = self.control.knobs(cx);
        match (&knobs.broken, knobs.stuck) {
            (Some(error), _) if knobs.cut => return Poll::Ready(Err(error())),
            (_, true) => return Poll::Pending,
            _ => drop(knobs),
        }
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let (length, limit) = (frame.len(), self.info.max_send);
        assert!(length <= limit, "{length} bytes where {limit} are the limit");
        self.inner.start_send(frame)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let knobs = self.control.knobs(cx);
        match (&knobs.broken, knobs.unflushed) {
            (Some(error), _) if knobs.cut => return Poll::Ready(Err(error())),
            (_, true) => return Poll::Pending,
            _ => drop(knobs),
        }
        self.inner.poll_flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        match &mut self.closing {
            Closing::AsInner => {}
            Closing::Takes(time, timer) => {
                let timer = timer.get_or_insert_with(|| Box::pin(sleep(*time)));
                ready!(timer.as_mut().poll(cx));
            }
            Closing::Fails(error) => return Poll::Ready(Err(error())),
            Closing::Never => return Poll::Pending,
        }
        self.control.knobs(cx).closed_with.get_or_insert(code);
        self.inner.poll_close(cx, code)
    }

    fn close_timeout(&self) -> Duration {
        self.close_timeout.unwrap_or_else(|| self.inner.close_timeout())
    }
}

/// The knobs that are turned while the transport is used, and what has become of it.
#[derive(Clone)]
pub(crate) struct Control {
    shared: Arc<Mutex<Knobs>>,
    gone: watch::Receiver<()>,
}

#[derive(Default)]
struct Knobs {
    deaf: bool,
    flood: Option<Bytes>,
    stuck: bool,
    unflushed: bool,
    broken: Option<Box<dyn Fn() -> TransportError + Send>>,
    /// Whether it is broken for sending as well.
    cut: bool,
    closed_with: Option<CloseCode>,
    waker: Option<Waker>,
}

impl Control {
    /// Nothing is received any more, or again.
    pub(crate) fn go_deaf(&self, deaf: bool) {
        self.turn(|knobs| knobs.deaf = deaf);
    }

    /// This frame is received for ever.
    pub(crate) fn flood_with(&self, frame: &'static str) {
        self.turn(|knobs| knobs.flood = Some(Bytes::from_static(frame.as_bytes())));
    }

    /// No frame is taken any more, or again.
    pub(crate) fn stick(&self, stuck: bool) {
        self.turn(|knobs| knobs.stuck = stuck);
    }

    /// Frames that are taken are never flushed.
    pub(crate) fn flush_never(&self) {
        self.turn(|knobs| knobs.unflushed = true);
    }

    /// Receiving fails.
    pub(crate) fn fail_with(&self, error: impl Fn() -> TransportError + Send + 'static) {
        self.turn(|knobs| knobs.broken = Some(Box::new(error)));
    }

    /// The connection breaks.
    pub(crate) fn cut(&self) {
        self.turn(|knobs| {
            knobs.broken = Some(Box::new(|| TransportError::Lost("cut".into())));
            knobs.cut = true;
        });
    }

    /// The code with which it was closed.
    pub(crate) fn closed_with(&self) -> Option<CloseCode> {
        self.shared.lock().unwrap().closed_with
    }

    /// Waits until it is dropped. Returns whether it was closed before.
    pub(crate) async fn gone(&self) -> bool {
        while self.gone.clone().changed().await.is_ok() {}
        self.closed_with().is_some()
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.has_changed().is_err()
    }

    fn turn(&self, knob: impl FnOnce(&mut Knobs)) {
        let mut knobs = self.shared.lock().unwrap();
        knob(&mut knobs);
        let waker = knobs.waker.take();
        drop(knobs);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Who uses it is woken when a knob is turned.
    fn knobs(&self, cx: &Context<'_>) -> std::sync::MutexGuard<'_, Knobs> {
        let mut knobs = self.shared.lock().unwrap();
        knobs.waker = Some(cx.waker().clone());
        knobs
    }
}
