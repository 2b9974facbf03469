//! Contains [`Ending`], the reason why a subscription or registration ended.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::CloseReason;
use crate::session::driver_gone;
use crate::uri::Uri;

/// The reason why a subscription or registration ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ending {
    /// Its own session unsubscribed or unregistered.
    Withdrawn,
    /// The router revoked it, with this reason; empty if the router gave none (spec: "Revocation").
    Revoked(Uri),
    /// The session ended.
    Closed(Arc<CloseReason>),
}

/// The receiving end, held by handles.
#[derive(Clone, Debug)]
pub(super) struct EndingWatch(watch::Receiver<Option<Ending>>);

/// The sending end, held by the driver.
pub(super) type EndingSender = watch::Sender<Option<Ending>>;

pub(super) fn channel() -> (EndingSender, EndingWatch) {
    let (sender, receiver) = watch::channel(None);
    (sender, EndingWatch(receiver))
}

impl EndingWatch {
    pub(super) fn now(&self) -> Option<Ending> {
        let ending = self.0.borrow().clone();
        // Without a driver the session is closed.
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
