//! Functions of the user's: kept without their types, called so that a panic is an error.

use std::future::Future;
use std::sync::Arc;

use crate::component::error::BoxError;
use crate::error::Cause;
use crate::rt::guard::{catch, caught};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};

/// A return type of listeners and `main`: `()`, or a `Result` of `()` and any error.
#[diagnostic::on_unimplemented(
    message = "a listener or `main` cannot give `{Self}`",
    note = "it must give `()`, or `Result<(), E>` with any error type `E`, as `wampwerk::Error` or `BoxError`"
)]
pub trait Outcome {
    /// Converts into a result.
    ///
    /// # Errors
    /// Returns the error of the function itself.
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

/// An async function of the user.
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

/// Wraps a listener or `main`.
#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(super) fn handler<A: 'static, F, Fut>(function: F) -> Callback<A, ()>
where
    F: Fn(A) -> Fut + MaybeSend + MaybeSync + 'static,
    Fut: Future + MaybeSend + 'static,
    Fut::Output: Outcome + 'static,
{
    Arc::new(Function(function, |output: Fut::Output| output.into_result()))
}

/// Wraps a function that provides a value for an attempt.
#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(super) fn provider<A: 'static, T: 'static, E, F, Fut>(function: F) -> Callback<A, T>
where
    E: Into<BoxError> + 'static,
    F: Fn(A) -> Fut + MaybeSend + MaybeSync + 'static,
    Fut: Future<Output = Result<T, E>> + MaybeSend + 'static,
{
    Arc::new(Function(function, |output: Result<T, E>| output.map_err(Into::into)))
}

/// Calls the function. A panic, before or in its future, becomes an error.
pub(super) fn call<A, T>(
    callback: &Callback<A, T>,
    argument: A,
) -> impl Future<Output = Result<T, Cause>> + use<A, T> {
    let started = catch(|| callback.call(argument));
    async move { caught(started?).await?.map_err(Cause::new) }
}
