//! Contains the waiters of a session: for answers, events and invocations.

use std::sync::Arc;

use super::payloads::OwnCall;
use crate::session;
use crate::session::command::Waiter;
use crate::session::ending::{Ending, EndingSender};
use crate::session::procedure::DynProcedure;
use crate::session::queue::Queue;
use crate::session::running_call::CallControl;
use crate::uri::Pattern;

/// A pending request.
pub(super) struct Waiting {
    pub(super) waiter: Waiter,
    /// Id on the wire.
    pub(super) request: u64,
    pub(super) control: Option<Arc<CallControl>>,
    pub(super) cancelled: bool,
    /// Called procedure, if there is a payload codec.
    pub(super) called: Option<OwnCall>,
}

impl Waiting {
    /// Ends the listener.
    pub(super) fn end(&self) {
        if let Some(control) = &self.control {
            control.results.end(None);
        }
    }
}

/// The listener of a subscription or registration; the id is present once the router has answered.
pub(super) enum Listener {
    Subscriber {
        queue: Arc<Queue<session::IncomingEvent>>,
        topic: Pattern,
        subscription: Option<u64>,
        ending: EndingSender,
    },
    Callee {
        endpoint: DynProcedure,
        procedure: Pattern,
        registration: Option<u64>,
        ending: EndingSender,
    },
}

impl Listener {
    pub(super) fn ended(self, how: Ending) {
        let (Listener::Subscriber { ending, .. } | Listener::Callee { ending, .. }) = self;
        ending.send_replace(Some(how));
    }
}
