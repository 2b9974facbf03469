//! `Session`: what a realm knows of one joined client.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::core::ids::{IdMap, SequentialIds};
use crate::core::router::ConnectionId;
use crate::core::router::features::Features;
use crate::error::Violation;

/// A joined client. Its connection's id is its key everywhere.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) identity: Arc<Identity>,
    pub(super) features: Features,
    requests: SequentialIds,
    /// Ids of the invocations that it was sent.
    pub(super) invocation_ids: SequentialIds,
    /// Calls that it made, by its request id.
    pub(super) calls: HashMap<u64, Invoked>,
    /// Calls that it has to answer, by invocation id.
    pub(super) invocations: IdMap<Origin>,
    pub(super) subscriptions: HashSet<u64>,
    pub(super) registrations: HashSet<u64>,
}

/// As whom a client joined; what others may be told of it.
#[derive(Debug)]
pub(super) struct Identity {
    /// The session's id.
    pub(super) session: u64,
    pub(super) authid: String,
    pub(super) authrole: String,
    pub(super) authmethod: String,
    pub(super) authprovider: String,
}

/// Where a call went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invoked {
    pub(super) callee: ConnectionId,
    pub(super) invocation: u64,
}

/// Where an invocation came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) caller: ConnectionId,
    pub(super) request: u64,
}

impl Session {
    pub(super) fn new(identity: Identity, features: Features) -> Self {
        Session {
            identity: Arc::new(identity),
            features,
            requests: SequentialIds::default(),
            invocation_ids: SequentialIds::default(),
            calls: HashMap::new(),
            invocations: IdMap::default(),
            subscriptions: HashSet::new(),
            registrations: HashSet::new(),
        }
    }

    /// That a request id is the one that comes next (spec: "IDs", session scope).
    pub(super) fn check_request(&mut self, name: &str, request: u64) -> Result<(), Violation> {
        let expected = self.requests.next();
        if request == expected {
            return Ok(());
        }
        Err(Violation::new(format!(
            "{name}.request is {request}, out of sequence: must be {expected}"
        )))
    }
}
