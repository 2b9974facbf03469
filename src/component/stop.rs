//! Contains `Stop`, the request to end a component.

use std::future::{Future, pending};
use std::time::Duration;

use tokio::sync::watch;

use crate::rt::Sleep;
use crate::rt::future::race;

/// Time limit of the listeners that run at the end of a session.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(3);

/// The flag that tells a component to stop.
pub(super) struct Stop(pub(super) watch::Receiver<bool>);

impl Stop {
    pub(super) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    pub(super) async fn wait(&self) {
        let mut stop = self.0.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            pending::<()>().await;
        }
    }

    /// Waits for the future, with a time limit once the component was told to stop.
    pub(super) async fn bound(&self, future: impl Future) {
        let limit = async {
            self.wait().await;
            Sleep::new(LAST_WORDS).await;
        };
        let _ = race(future, limit).await;
    }
}
