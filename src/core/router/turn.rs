//! `Turn`: the context of one step of a realm, and its effects outside the realm.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::ids::{RandomIds, SequentialIds};
use crate::core::router::config::RouterConfig;
use crate::core::router::connection::ConnectionId;
use crate::core::router::held::Held;
use crate::core::router::meta_event::MetaEvent;
use crate::core::router::output::Outputs;
use crate::error::{ApplicationError, Violation};

/// Context and effects of one step of a realm.
pub(super) struct Turn<'a> {
    pub(super) now: Duration,
    pub(super) outputs: &'a mut Outputs,
    pub(super) ids: &'a mut RandomIds,
    pub(super) config: &'a RouterConfig,
    /// Deadlines of calls, by caller and request.
    pub(super) call_deadlines: &'a mut CallDeadlines,
    /// Changes to publish as meta events at the end of the turn.
    pub(super) meta_events: Vec<MetaEvent>,
    /// Connections that got GOODBYE in this turn; their sessions are gone.
    pub(super) killed: Vec<ConnectionId>,
    /// Sessions of which nothing is left.
    pub(super) left: Vec<ConnectionId>,
    /// Weight of what the realm's sessions hold.
    pub(super) held: &'a mut Held,
    /// Ids of the questions to the authorizer.
    pub(super) tickets: &'a mut SequentialIds,
    /// The connection whose session has begun to wait for the authorizer in this turn.
    pub(super) waiting: Option<ConnectionId>,
}

pub(super) type CallDeadlines = BTreeSet<(Duration, ConnectionId, u64)>;

/// Failure of a request.
pub(super) enum Failure {
    /// The request is answered by ERROR.
    Error(ApplicationError),
    /// The session ends.
    Violation(Violation),
}

impl From<ApplicationError> for Failure {
    fn from(error: ApplicationError) -> Self {
        Failure::Error(error)
    }
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Failure::Violation(violation)
    }
}
