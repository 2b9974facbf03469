//! Implements sending several requests of which either all succeed, or none.

use crate::core::client::RequestTicket;
use crate::error::AllError;
use crate::message::CancelMode;
use crate::rt::BoxFuture;
use crate::rt::future::{all, all_into};
use crate::session::Session;
use crate::session::command::Signal;
use crate::uri::Uri;

/// The result of a request that can be withdrawn.
pub(super) trait Withdraw: Clone + 'static {
    fn listener(&self) -> RequestTicket;

    /// Withdraws it, and waits for the router's answer.
    fn withdraw(self) -> BoxFuture<'static, ()>;
}

/// A request, with the URI that it is about.
pub(super) type Named<T, E> = (Uri, BoxFuture<'static, Result<T, E>>);

/// Sends all requests at once. If one of them fails, or if the future is dropped, what the others have
/// achieved is withdrawn.
pub(super) async fn all_or_none<T: Withdraw, E: Clone>(
    session: &Session,
    requests: Vec<Named<T, E>>,
) -> Result<Vec<T>, AllError<E>> {
    let (uris, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
    let mut rollback = Rollback { session, results: Vec::new() };
    all_into(requests, &mut rollback.results).await;
    let mut achieved = Vec::new();
    let mut failed = None;
    for (uri, result) in uris.into_iter().zip(&rollback.results) {
        match result {
            Some(Ok(one)) => achieved.push(one.clone()),
            Some(Err(error)) if failed.is_none() => {
                failed = Some(AllError { uri, error: error.clone() });
            }
            Some(Err(_)) | None => {}
        }
    }
    let result = match failed {
        None => Ok(achieved),
        Some(failed) => {
            // What cannot be withdrawn now has ended with the session.
            all(achieved.into_iter().map(Withdraw::withdraw).collect()).await;
            Err(failed)
        }
    };
    rollback.results.clear();
    result
}

/// Results that are withdrawn on drop unless all succeed.
struct Rollback<'a, T: Withdraw, E> {
    session: &'a Session,
    results: Vec<Option<Result<T, E>>>,
}

impl<T: Withdraw, E> Drop for Rollback<'_, T, E> {
    fn drop(&mut self) {
        for one in self.results.iter().flatten().flatten() {
            let signal = Signal::Drop(one.listener(), CancelMode::Skip);
            // Without a driver it has ended, too.
            drop(self.session.shared.signals.send(signal));
        }
    }
}
