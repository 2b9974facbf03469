//! Who waits for something of the router: for the answer to a request, for events, for invocations.

use std::sync::Arc;

use super::payloads::Called;
use crate::session;
use crate::session::command::Waiter;
use crate::session::ending::{Ending, EndingSender};
use crate::session::endpoint::DynEndpoint;
use crate::session::queue::Queue;
use crate::session::running_call::CallControl;
use crate::uri::Pattern;

/// A request under way.
pub(super) struct Waiting {
    pub(super) waiter: Waiter,
    /// Its id on the wire.
    pub(super) request: u64,
    pub(super) control: Option<Arc<CallControl>>,
    pub(super) cancelled: bool,
    /// What is called, if there is a payload codec.
    pub(super) called: Option<Called>,
}

impl Waiting {
    /// Nothing more will come.
    pub(super) fn end(&self) {
        if let Some(control) = &self.control {
            control.results.end(None);
        }
    }
}

/// Who listens to a subscription or registration; the id is there once the router has answered.
pub(super) enum Listener {
    Subscriber {
        queue: Arc<Queue<session::Event>>,
        topic: Pattern,
        subscription: Option<u64>,
        ending: EndingSender,
    },
    Callee {
        endpoint: DynEndpoint,
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
