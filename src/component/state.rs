//! Contains [`ComponentState`], the state of a component, and a watcher for it.

use std::time::Duration;

use tokio::sync::watch;

/// The state of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentState {
    /// Not started yet.
    Idle,
    /// Opening a connection.
    Connecting {
        /// Name of the transport.
        transport: String,
    },
    /// Joining the realm, then registering, subscribing and running the join listeners.
    Joining {
        /// Name of the transport.
        transport: String,
    },
    /// Ready.
    Joined {
        /// Name of the transport.
        transport: String,
        /// Id of the session.
        session: u64,
    },
    /// The session has ended or is being left, and its listeners run. The next step is not decided
    /// yet.
    Leaving {
        /// Name of the transport.
        transport: String,
    },
    /// Waiting before the next attempt.
    Waiting {
        /// Delay from the beginning of this state.
        delay: Duration,
    },
    /// Waiting because the browser is offline.
    Offline,
    /// Told to stop, and leaving the realm.
    Stopping,
    /// Ended. The component can be started again.
    Done,
}

impl ComponentState {
    /// Returns whether the state is [`Joined`](Self::Joined).
    pub fn is_joined(&self) -> bool {
        matches!(self, ComponentState::Joined { .. })
    }
}

/// A watcher of a component's state. It may skip states that follow each other quickly, but never
/// the last one.
#[derive(Clone, Debug)]
pub struct States(pub(super) watch::Receiver<ComponentState>);

impl States {
    /// Returns the current state.
    pub fn current(&self) -> ComponentState {
        self.0.borrow().clone()
    }

    /// Waits for a state other than the last one that this watcher or a clone of it returned.
    /// Returns `None` when the component no longer exists.
    pub async fn next(&mut self) -> Option<ComponentState> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }

    /// Waits until the state matches, which may be immediately. Returns `None` when the component
    /// no longer exists.
    pub async fn wait_for(
        &mut self,
        mut fits: impl FnMut(&ComponentState) -> bool,
    ) -> Option<ComponentState> {
        self.0.wait_for(|state| fits(state)).await.ok().map(|state| state.clone())
    }
}
