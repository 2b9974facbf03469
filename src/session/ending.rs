//! `Ending`: how a subscription or registration came to its end.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::CloseReason;
use crate::session::driver_gone;
use crate::uri::Uri;

/// Why a subscription or registration has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ending {
    /// By its own session: unsubscribed or unregistered.
    Withdrawn,
    /// By the router, with its reason; empty if it gave none (spec: "Revocation").
    Revoked(Uri),
    /// With the session.
    Closed(Arc<CloseReason>),
}

/// The end that handles look at.
#[derive(Clone, Debug)]
pub(super) struct EndingWatch(watch::Receiver<Option<Ending>>);

/// The end that the driver holds.
pub(super) type EndingSender = watch::Sender<Option<Ending>>;

pub(super) fn channel() -> (EndingSender, EndingWatch) {
    let (sender, receiver) = watch::channel(None);
    (sender, EndingWatch(receiver))
}

impl EndingWatch {
    pub(super) fn now(&self) -> Option<Ending> {
        let ending = self.0.borrow().clone();
        // Without the driver there is no session.
        ending.or_else(|| self.0.has_changed().is_err().then(|| Ending::Closed(driver_gone())))
    }

    pub(super) fn wait(&self) -> impl Future<Output = Ending> + use<> {
        let mut receiver = self.0.clone();
        async move {
            match receiver.wait_for(Option::is_some).await {
                Ok(ending) => ending.clone(),
                Err(_) => None,
            }
            .unwrap_or_else(|| Ending::Closed(driver_gone()))
        }
    }
}
