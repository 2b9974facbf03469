//! `Turn`: one step of a realm, with all that it needs and leaves beside the realm.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::ids::{RandomIds, SequentialIds};
use crate::core::router::config::RouterConfig;
use crate::core::router::connection::ConnectionId;
use crate::core::router::happening::Happening;
use crate::core::router::output::Outputs;
use crate::error::{ApplicationError, Violation};

/// What every step of a realm needs beside the realm.
pub(super) struct Turn<'a> {
    pub(super) now: Duration,
    pub(super) outputs: &'a mut Outputs,
    pub(super) ids: &'a mut RandomIds,
    pub(super) config: &'a RouterConfig,
    /// When calls time out, by their callers and requests.
    pub(super) call_deadlines: &'a mut CallDeadlines,
    /// What watchers are told at the end of the turn.
    pub(super) happenings: Vec<Happening>,
    /// Connections that were said GOODBYE to in this turn, and whose sessions are gone.
    pub(super) killed: Vec<ConnectionId>,
    /// Numbers of the questions to the authorizer.
    pub(super) tickets: &'a mut SequentialIds,
    /// Whose session has begun to wait for the authorizer in this turn.
    pub(super) waiting: Option<ConnectionId>,
}

pub(super) type CallDeadlines = BTreeSet<(Duration, ConnectionId, u64)>;

/// Why a request was not done.
pub(super) enum Failure {
    /// It is answered by ERROR.
    Error(ApplicationError),
    /// It ends the session.
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
