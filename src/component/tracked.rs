//! Contains [`Tracked`], a transport that reports its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::error::TransportError;
use crate::transport::{Transport, TransportInfo};
use crate::websocket::CloseCode;

/// A transport that reports its end.
pub(super) struct Tracked {
    inner: Box<dyn Transport>,
    /// True while the transport is being closed.
    closing: bool,
    broken: Arc<AtomicBool>,
    /// Dropped together with the transport.
    _gone: watch::Sender<()>,
}

/// The receiver of the end of a transport.
pub(super) struct ClosedWatch {
    broken: Arc<AtomicBool>,
    gone: watch::Receiver<()>,
    close_timeout: Duration,
}

impl Tracked {
    pub(super) fn new(inner: Box<dyn Transport>) -> (Self, ClosedWatch) {
        let broken = Arc::new(AtomicBool::new(false));
        let (sender, gone) = watch::channel(());
        let close_timeout = inner.close_timeout();
        let tracked = Tracked { inner, closing: false, broken: broken.clone(), _gone: sender };
        (tracked, ClosedWatch { broken, gone, close_timeout })
    }

    fn noted<T>(&self, result: Result<T, TransportError>) -> Result<T, TransportError> {
        if result.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        // The task that was closing it has given up.
        if self.closing {
            self.broken.store(true, Ordering::Relaxed);
        }
    }
}

impl ClosedWatch {
    /// See [`Transport::close_timeout`].
    pub(super) fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// Waits until the transport is closed; the driver closes it within a time limit. Returns true
    /// if it was closed in order, and false after any error.
    pub(super) async fn wait(mut self) -> bool {
        while self.gone.changed().await.is_ok() {}
        !self.broken.load(Ordering::Relaxed)
    }
}

impl Transport for Tracked {
    fn info(&self) -> &TransportInfo {
        self.inner.info()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.inner.poll_recv(cx).map(|frame| frame.map(|result| self.noted(result)))
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map(|result| self.noted(result))
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let result = self.inner.start_send(frame);
        self.noted(result)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_flush(cx).map(|result| self.noted(result))
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        let result = self.inner.poll_close(cx, code);
        self.closing = result.is_pending();
        result.map(|result| self.noted(result))
    }

    fn limit_messages(&mut self, bytes: usize) {
        self.inner.limit_messages(bytes);
    }

    fn close_timeout(&self) -> Duration {
        self.inner.close_timeout()
    }

    fn is_half_open(&self) -> bool {
        self.inner.is_half_open()
    }
}
