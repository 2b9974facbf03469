//! Registers and subscribes in a session what the component has declared, also later and again.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;

use crate::component::attempt::Stages;
use crate::component::interest::Declared;
use crate::component::listeners::Listener;
use crate::error::{ApplicationError, Cause};
use crate::rt::future::{Race, all_within, race};
use crate::rt::{self, BoxFuture};
use crate::session::Session;
use crate::uri::Uri;

/// Delay of the first repetition of a registration or subscription that the router has refused. Each further one is
/// twice as long.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Maximum delay of such a repetition.
const LAST_DELAY: Duration = Duration::from_secs(60);

/// The registrations and subscriptions of a session, compared with what the component has declared.
pub(super) struct Declarations {
    /// Changes with each further declaration.
    added: watch::Receiver<u64>,
    /// Serial number of the last declaration that was tried.
    last: u64,
    /// What the router has refused for now.
    pub(super) missing: Vec<Declared>,
}

impl Stages<'_> {
    /// Begins to follow the declarations, so that none is missed.
    pub(super) fn declarations(&self) -> Declarations {
        let added = self.shared.declarations.subscribe();
        Declarations { added, last: 0, missing: Vec::new() }
    }

    /// Registers and subscribes what was declared since the last time, in order. Returns what is active, and the
    /// failures.
    pub(super) async fn establish(
        &self,
        session: &Session,
        declarations: &mut Declarations,
    ) -> (Vec<Uri>, Vec<(String, Cause)>) {
        let (mut active, mut failures) = (Vec::new(), Vec::new());
        declarations.added.borrow_and_update();
        let mut declared = self.declared();
        declared.retain(|declared| declared.serial > declarations.last);
        declarations.last = declared.last().map_or(declarations.last, |last| last.serial);
        let (declared, results) = self.request(session, declared).await;
        for (declared, result) in declared.into_iter().zip(results) {
            let Err(error) = result else {
                active.push(declared.uri);
                continue;
            };
            self.tell(session, &declared.uri, &error);
            let again = may_succeed_later(&error);
            failures.push((format!("{} {}", declared.verb, declared.uri), error));
            if again {
                declarations.missing.push(declared);
            }
        }
        (active, failures)
    }

    /// Establishes what is declared while the session lives, and tries again what the router has refused, until
    /// all of it is there. A router may hold a procedure for a session that it does not know to be lost yet. Never
    /// ends: the session does.
    pub(super) async fn establish_later(&self, session: &Session, mut declarations: Declarations) {
        let mut delay = FIRST_DELAY;
        let mut due = rt::now() + delay;
        loop {
            let waits = !declarations.missing.is_empty();
            let pause = async {
                match waits {
                    true => rt::Sleep::new(due.saturating_sub(rt::now())).await,
                    false => pending().await,
                }
            };
            match race(declarations.added.changed(), pause).await {
                // The sender lives as long as the component.
                Race::First(_) => {
                    let (active, _) = self.establish(session, &mut declarations).await;
                    if !waits {
                        delay = FIRST_DELAY;
                        due = rt::now() + delay;
                    }
                    for uri in active {
                        self.established(&uri).await;
                    }
                }
                Race::Second(()) => {
                    delay = (delay * 2).min(LAST_DELAY);
                    self.repeat(session, &mut declarations).await;
                    due = rt::now() + delay;
                }
            }
        }
    }

    /// Tries again what has failed.
    async fn repeat(&self, session: &Session, declarations: &mut Declarations) {
        let declared = self.declared();
        let mut missing = std::mem::take(&mut declarations.missing);
        missing.retain(|missing| declared.iter().any(|one| one.serial == missing.serial));
        let (tried, results) = self.request(session, missing).await;
        for (declared, result) in tried.into_iter().zip(results) {
            let Declared { verb, uri, .. } = &declared;
            match result {
                Ok(()) => {
                    tracing::info!(verb, %uri, "succeeded after an earlier failure");
                    self.established(uri).await;
                }
                Err(error) if may_succeed_later(&error) => {
                    tracing::debug!(verb, %uri, %error, "failed again");
                    declarations.missing.push(declared);
                }
                Err(error) => self.tell(session, uri, &error),
            }
        }
    }

    /// Calls the listeners for what is active only now.
    async fn established(&self, uri: &Uri) {
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::Established(callback) => Some(callback.clone()),
            _ => None,
        });
        self.shared.fire("on_established", listeners, uri.clone(), &self.config).await;
    }

    fn declared(&self) -> Vec<Declared> {
        self.shared.listeners(|listener| match listener {
            Listener::Declared(declared) => Some(declared.clone()),
            _ => None,
        })
    }

    /// Sends the requests of what was declared, and waits for the answers.
    async fn request(
        &self,
        session: &Session,
        declared: Vec<Declared>,
    ) -> (Vec<Declared>, Vec<Result<(), Cause>>) {
        // All at once: the session sends the requests in the order in which they start.
        let requests: Vec<BoxFuture<'_, _>> =
            declared.iter().map(|declared| declared.establish(session)).collect();
        let limit = self.config.client.join_timeout;
        let results = all_within(requests, limit).await.into_iter();
        let results = results.map(|result| result.unwrap_or_else(|| Err(unanswered(limit))));
        (declared, results.collect())
    }
}

/// Returns whether the router may grant later what it refuses now. A request without an answer is not repeated: it
/// may have succeeded.
fn may_succeed_later(error: &Cause) -> bool {
    let refused = error.downcast_ref::<ApplicationError>();
    refused.is_some_and(|error| error.uri != Uri::INVALID_URI && error.uri != Uri::INVALID_ARGUMENT)
}

fn unanswered(limit: Duration) -> Cause {
    Cause::new(format!("the router does not answer for {limit:?}"))
}
