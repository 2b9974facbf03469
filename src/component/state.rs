//! `ComponentState`: what a component is doing, and how to watch it.

use std::time::Duration;

use tokio::sync::watch;

/// What a component is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentState {
    /// It was not started yet.
    Idle,
    /// It makes a connection.
    Connecting {
        /// The name of the transport.
        transport: String,
    },
    /// It joins the realm, and then registers, subscribes and runs the join listeners.
    Joining {
        /// The name of the transport.
        transport: String,
    },
    /// It is ready.
    Joined {
        /// The name of the transport.
        transport: String,
        /// The id of the session.
        session: u64,
    },
    /// The session is over, or being left, and its listeners say goodbye. What comes next is not
    /// decided yet.
    Leaving {
        /// The name of the transport.
        transport: String,
    },
    /// It waits before the next attempt.
    Waiting {
        /// When the attempt is due, on the clock of [`rt::now`](crate::rt::now).
        until: Duration,
    },
    /// The browser is offline; it waits until that is over.
    Offline,
    /// It was told to stop, and says goodbye.
    Stopping,
    /// It has ended. It can be started again.
    Done,
}

impl ComponentState {
    /// Whether it is [`Joined`](Self::Joined).
    pub fn is_joined(&self) -> bool {
        matches!(self, ComponentState::Joined { .. })
    }
}

/// Watches what a component does. States that follow each other quickly may be skipped; the last one
/// is never missed.
#[derive(Clone, Debug)]
pub struct States(pub(super) watch::Receiver<ComponentState>);

impl States {
    /// The state now.
    pub fn current(&self) -> ComponentState {
        self.0.borrow().clone()
    }

    /// Waits for another state than the last one that was given out by this or a clone of it.
    /// `None` when the component is gone.
    pub async fn next(&mut self) -> Option<ComponentState> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }

    /// Waits until the state fits; it may do so already. `None` when the component is gone before.
    pub async fn wait_for(
        &mut self,
        mut fits: impl FnMut(&ComponentState) -> bool,
    ) -> Option<ComponentState> {
        self.0.wait_for(|state| fits(state)).await.ok().map(|state| state.clone())
    }
}
