//! Runs callbacks of the application while the connection in question waits.
//!
//! User code runs outside the core's lock, in a task of its own, with a time limit, and may panic.
//! The core emits a question as an output. The connection reads on after the authenticator's answer, and after
//! [`Output::Resume`] in the case of the authorizer.
//!
//! [`Output::Resume`]: crate::core::router::Output::Resume

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::router::ConnectionId;
use crate::rt::future::within;
use crate::rt::guard::{Panic, caught};
use crate::rt::{self, BoxFuture, MaybeSend, MaybeSync};

/// An application's function that answers questions asynchronously.
pub(super) struct Callback<Q, A>(Arc<dyn Answers<Q, A>>);

/// The reason why a callback has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    Panicked(Panic),
    TooLate(Duration),
}

trait Answers<Q, A>: MaybeSend + MaybeSync {
    fn ask(&self, question: Q) -> BoxFuture<'static, A>;
}

impl<Q, A, F, R> Answers<Q, A> for F
where
    F: Fn(Q) -> R + MaybeSend + MaybeSync,
    R: Future<Output = A> + MaybeSend + 'static,
{
    fn ask(&self, question: Q) -> BoxFuture<'static, A> {
        Box::pin(self(question))
    }
}

impl<Q: MaybeSend + 'static, A: MaybeSend + 'static> Callback<Q, A> {
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub(super) fn new<F, R>(function: F) -> Self
    where
        F: Fn(Q) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = A> + MaybeSend + 'static,
    {
        Callback(Arc::new(function))
    }

    /// Calls the function in a task and passes its answer to `tell`, once and within `limit`. The
    /// connection may have been closed meanwhile.
    pub(super) fn ask(
        &self,
        connection: ConnectionId,
        question: Q,
        limit: Duration,
        tell: impl FnOnce(Result<A, Unanswered>) + MaybeSend + 'static,
    ) {
        let callback = self.clone();
        // Called inside the future, so that a panic before the future is caught, too.
        let asked = caught(async move { callback.0.ask(question).await });
        rt::spawn(async move {
            let answer = match within(limit, asked).await {
                Some(answer) => answer.map_err(Unanswered::Panicked),
                None => Err(Unanswered::TooLate(limit)),
            };
            if let Err(unanswered) = &answer {
                tracing::error!(?connection, "a callback of the router's {unanswered}");
            }
            tell(answer);
        });
    }
}

impl<Q, A> Clone for Callback<Q, A> {
    fn clone(&self) -> Self {
        Callback(Arc::clone(&self.0))
    }
}

impl<Q, A> fmt::Debug for Callback<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback(…)")
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unanswered::Panicked(panic) => panic.fmt(f),
            Unanswered::TooLate(limit) => write!(f, "gave no answer within {limit:?}"),
        }
    }
}
