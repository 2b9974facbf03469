//! Runs a handler: catches its panics and ends it when its result is no longer needed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::ApplicationError;
use crate::error::traceback::Traceback;
use crate::rt::guard::{Panic, catch, poll_caught};
use crate::rt::{self, BoxFuture, Sleep};
use crate::session::incoming::CallLink;
use crate::session::user_error::UserErrors;
use crate::uri::Uri;

/// Time above which a step of a handler is reported.
const BLOCKING: Duration = Duration::from_secs(1);

/// The owner of a handler, and the hook for its errors.
#[derive(Clone)]
pub(super) struct HandlerContext {
    pub(super) uri: Uri,
    pub(super) errors: UserErrors,
}

/// Runs a step of a handler, and warns of one that blocks: its session, and all else on this thread, stands still
/// meanwhile.
fn watched<T>(uri: &Uri, step: impl FnOnce() -> T) -> T {
    let began = rt::real_time();
    let result = step();
    let took = rt::real_time().saturating_sub(began);
    if took > BLOCKING {
        let advice =
            "long work belongs into `tokio::task::spawn_blocking`, in the browser into a worker";
        tracing::warn!(handler = %uri, ?took, advice, "a handler has blocked its session");
    }
    result
}

/// Polls a handler. A panic becomes `wamp.error.runtime_error`. In the browser a panic ends the
/// module.
pub(super) fn poll_guarded<T>(
    future: &mut BoxFuture<'static, Result<T, ApplicationError>>,
    cx: &mut Context<'_>,
    uri: &Uri,
    on_panic: impl FnOnce(&ApplicationError),
) -> Poll<Result<T, ApplicationError>> {
    watched(uri, || poll_caught(future.as_mut(), cx))
        .map(|result| result.unwrap_or_else(|panic| Err(panicked(&panic, on_panic))))
}

/// Starts a handler. User code may panic before it returns a future.
pub(super) fn start_guarded<T>(
    uri: &Uri,
    on_panic: impl FnOnce(&ApplicationError),
    start: impl FnOnce() -> BoxFuture<'static, Result<T, ApplicationError>>,
) -> Result<BoxFuture<'static, Result<T, ApplicationError>>, ApplicationError> {
    watched(uri, || catch(start)).map_err(|panic| panicked(&panic, on_panic))
}

/// A handler that continues after its first poll. It ends without a result when the other end of
/// `stop` is dropped.
pub(super) struct Running<T> {
    pub(super) future: BoxFuture<'static, Result<T, ApplicationError>>,
    pub(super) stop: oneshot::Receiver<()>,
    pub(super) limit: Option<Limit>,
    pub(super) context: HandlerContext,
}

/// Time limit of a handler; each progressive result restarts it.
pub(super) struct Limit {
    duration: Duration,
    sleep: Sleep,
    link: Option<Arc<CallLink>>,
    sent: u64,
}

impl Limit {
    pub(super) fn new(duration: Duration, link: Option<Arc<CallLink>>) -> Self {
        Limit { duration, sleep: Sleep::new(duration), link, sent: 0 }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sent = self.link.as_ref().map_or(0, |link| link.sent.load(Ordering::Acquire));
        if sent != self.sent {
            self.sent = sent;
            self.sleep = Sleep::new(self.duration);
        }
        Pin::new(&mut self.sleep).poll(cx)
    }
}

impl<T> Future for Running<T> {
    type Output = Option<Result<T, ApplicationError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if Pin::new(&mut self.stop).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        let Running { future, context, .. } = &mut *self;
        if let Poll::Ready(result) =
            poll_guarded(future, cx, &context.uri, |error| context.tell(error))
        {
            return Poll::Ready(Some(result));
        }
        if let Some(limit) = &mut self.limit
            && limit.poll(cx).is_ready()
        {
            let text = format!("no result within {:?}", limit.duration);
            return Poll::Ready(Some(Err(ApplicationError::new(Uri::TIMEOUT).arg(text))));
        }
        Poll::Pending
    }
}

impl HandlerContext {
    pub(super) fn tell(&self, error: &ApplicationError) {
        self.errors.tell(&self.uri, error.clone());
    }
}

fn panicked(panic: &Panic, on_panic: impl FnOnce(&ApplicationError)) -> ApplicationError {
    let mut error = ApplicationError::runtime(format_args!("the handler {panic}"));
    if !panic.trace.is_empty() {
        error = error.caused_by(Traceback(panic.trace.clone()));
    }
    on_panic(&error);
    error
}
