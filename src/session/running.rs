//! A handler at work: panics are caught, and it ends when nobody wants it any more.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::ApplicationError;
use crate::rt::BoxFuture;

/// Polls a handler. A panic becomes `wamp.error.runtime_error`; in the browser it ends the page's
/// module, as all panics do there.
pub(super) fn poll_guarded<T>(
    future: &mut BoxFuture<'static, Result<T, ApplicationError>>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, ApplicationError>> {
    catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)))
        .unwrap_or_else(|panic| Poll::Ready(Err(panicked(panic.as_ref()))))
}

/// Starts a handler: user code that may panic before there is a future.
pub(super) fn start_guarded<T>(
    start: impl FnOnce() -> BoxFuture<'static, Result<T, ApplicationError>>,
) -> Result<BoxFuture<'static, Result<T, ApplicationError>>, ApplicationError> {
    catch_unwind(AssertUnwindSafe(start)).map_err(|panic| panicked(panic.as_ref()))
}

/// A handler that goes on after its first poll. It ends without a result when the other end of
/// `stop` is dropped.
pub(super) struct Running<T> {
    pub(super) future: BoxFuture<'static, Result<T, ApplicationError>>,
    pub(super) stop: oneshot::Receiver<()>,
}

impl<T> Future for Running<T> {
    type Output = Option<Result<T, ApplicationError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if Pin::new(&mut self.stop).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        poll_guarded(&mut self.future, cx).map(Some)
    }
}

fn panicked(panic: &(dyn Any + Send)) -> ApplicationError {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".to_owned());
    tracing::error!(panic = text, "a handler panicked");
    ApplicationError::runtime(format!("the handler panicked: {text}"))
}
