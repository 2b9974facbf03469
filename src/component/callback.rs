//! Functions of the user's: kept without their types, called so that a panic is an error, and
//! several at a time.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::component::error::{BoxError, HandlerError};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync, Sleep};

/// What a listener or `main` may give: nothing, or a `Result` of nothing and any error.
#[diagnostic::on_unimplemented(
    message = "a listener or `main` cannot give `{Self}`",
    note = "it must give `()`, or `Result<(), E>` with any error type `E`, as `wampwerk::Error` or `BoxError`"
)]
pub trait Outcome {
    /// As a result.
    ///
    /// # Errors
    /// The error of the function itself.
    fn into_result(self) -> Result<(), BoxError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// An async function of the user's.
pub(super) type Callback<A, T> = Arc<dyn Call<A, T>>;

pub(super) trait Call<A, T>: MaybeSend + MaybeSync {
    fn call(&self, argument: A) -> BoxFuture<'static, Result<T, BoxError>>;
}

struct Function<F, C>(F, C);

impl<A, T, F, Fut, C> Call<A, T> for Function<F, C>
where
    F: Fn(A) -> Fut + MaybeSend + MaybeSync,
    Fut: Future + MaybeSend + 'static,
    Fut::Output: 'static,
    C: Fn(Fut::Output) -> Result<T, BoxError> + Copy + MaybeSend + MaybeSync + 'static,
{
    fn call(&self, argument: A) -> BoxFuture<'static, Result<T, BoxError>> {
        let (future, convert) = ((self.0)(argument), self.1);
        Box::pin(async move { convert(future.await) })
    }
}

/// A listener, or `main`.
#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(super) fn handler<A: 'static, F, Fut>(function: F) -> Callback<A, ()>
where
    F: Fn(A) -> Fut + MaybeSend + MaybeSync + 'static,
    Fut: Future + MaybeSend + 'static,
    Fut::Output: Outcome + 'static,
{
    Arc::new(Function(function, |output: Fut::Output| output.into_result()))
}

/// A function that provides something for an attempt.
#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(super) fn provider<A: 'static, T: 'static, E, F, Fut>(function: F) -> Callback<A, T>
where
    E: Into<BoxError> + 'static,
    F: Fn(A) -> Fut + MaybeSend + MaybeSync + 'static,
    Fut: Future<Output = Result<T, E>> + MaybeSend + 'static,
{
    Arc::new(Function(function, |output: Result<T, E>| output.map_err(Into::into)))
}

/// Calls it; a panic, before there is a future or in it, is an error.
pub(super) fn call<A, T>(
    callback: &Callback<A, T>,
    argument: A,
) -> impl Future<Output = Result<T, HandlerError>> + use<A, T> {
    let started = catch(|| callback.call(argument));
    async move { caught(started?).await?.map_err(HandlerError::new) }
}

/// Calls what may panic.
pub(super) fn catch<T>(function: impl FnOnce() -> T) -> Result<T, HandlerError> {
    catch_unwind(AssertUnwindSafe(function)).map_err(|panic| panicked(panic.as_ref()))
}

/// Polls what may panic.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, HandlerError> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// Which of two came first.
pub(super) enum Race<A, B> {
    First(A),
    Second(B),
}

/// Drives two until one is ready, and drops the other. If both are, the first counts.
pub(super) async fn race<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Race<A, B> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| match first.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Race::First(output)),
        Poll::Pending => second.as_mut().poll(cx).map(Race::Second),
    })
    .await
}

/// Drives all to their ends, at the same time; begun in order.
pub(super) async fn all<T: Unpin>(futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    drive(futures, None).await.into_iter().flatten().collect()
}

/// As [`all`]; but when for so long none has ended, the others are dropped, and have no output.
pub(super) async fn all_within<T: Unpin>(
    futures: Vec<BoxFuture<'_, T>>,
    patience: Duration,
) -> Vec<Option<T>> {
    drive(futures, Some(patience)).await
}

async fn drive<T: Unpin>(
    futures: Vec<BoxFuture<'_, T>>,
    patience: Option<Duration>,
) -> Vec<Option<T>> {
    struct All<'a, T> {
        works: Vec<Work<'a, T>>,
        patience: Option<Duration>,
        timer: Option<Sleep>,
    }
    enum Work<'a, T> {
        Running(BoxFuture<'a, T>),
        Done(Option<T>),
    }
    impl<T: Unpin> Future for All<'_, T> {
        type Output = Vec<Option<T>>;
        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<Option<T>>> {
            let (mut open, mut progress) = (false, false);
            for work in &mut self.works {
                if let Work::Running(future) = work {
                    match future.as_mut().poll(cx) {
                        Poll::Ready(output) => {
                            *work = Work::Done(Some(output));
                            progress = true;
                        }
                        Poll::Pending => open = true,
                    }
                }
            }
            if open {
                if progress {
                    self.timer = self.patience.map(Sleep::new);
                }
                match &mut self.timer {
                    Some(timer) => ready!(Pin::new(timer).poll(cx)),
                    None => return Poll::Pending,
                }
            }
            let take = |work: &mut Work<'_, T>| match work {
                Work::Done(output) => output.take(),
                Work::Running(_) => None,
            };
            Poll::Ready(self.works.iter_mut().map(take).collect())
        }
    }
    let works = futures.into_iter().map(Work::Running).collect();
    All { works, patience, timer: patience.map(Sleep::new) }.await
}

fn panicked(panic: &(dyn Any + Send)) -> HandlerError {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    HandlerError::new(format!("panicked: {}", text.as_deref().unwrap_or("no message")))
}
