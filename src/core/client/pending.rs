//! The requests of a session that wait for an answer.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::client::Ticket;
use crate::core::ids::IdMap;
use crate::message::RequestType;
use crate::uri::{Match, Uri};

/// The requests that wait, by id, and the deadlines of those that have one.
#[derive(Debug, Default)]
pub(super) struct PendingTable {
    requests: IdMap<Pending>,
    deadlines: BTreeSet<(Duration, u64)>,
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) ticket: Ticket,
    pub(super) request: Request,
    /// The timeout that was asked for.
    pub(super) limit: Option<Duration>,
    /// Nobody waits for it; only its effect at the router still counts.
    pub(super) abandoned: bool,
    deadline: Option<Duration>,
}

/// What was asked, as far as the answer needs it.
#[derive(Debug)]
pub(super) enum Request {
    Call,
    Publish,
    Subscribe { topic: Uri, pattern: Match },
    Unsubscribe { subscription: u64 },
    Register,
    Unregister { registration: u64 },
}

impl Request {
    pub(super) fn request_type(&self) -> RequestType {
        match self {
            Request::Call => RequestType::Call,
            Request::Publish => RequestType::Publish,
            Request::Subscribe { .. } => RequestType::Subscribe,
            Request::Unsubscribe { .. } => RequestType::Unsubscribe,
            Request::Register => RequestType::Register,
            Request::Unregister { .. } => RequestType::Unregister,
        }
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self, Request::Call)
    }

    pub(super) fn is_publish(&self) -> bool {
        matches!(self, Request::Publish)
    }
}

impl PendingTable {
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Enters a request; `timeout` is the time now and how long it may take.
    pub(super) fn insert(
        &mut self,
        id: u64,
        ticket: Ticket,
        request: Request,
        timeout: Option<(Duration, Duration)>,
    ) {
        let deadline = timeout.map(|(now, limit)| now.saturating_add(limit));
        self.deadlines.extend(deadline.map(|deadline| (deadline, id)));
        let limit = timeout.map(|(_, limit)| limit);
        let pending = Pending { ticket, request, limit, abandoned: false, deadline };
        self.requests.insert(id, pending);
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Pending> {
        self.requests.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Pending> {
        let pending = self.requests.remove(&id)?;
        if let Some(deadline) = pending.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        Some(pending)
    }

    /// The next request whose time is over.
    pub(super) fn pop_expired(&mut self, now: Duration) -> Option<(u64, Pending)> {
        let &(deadline, id) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.remove(id).map(|pending| (id, pending))
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes all out, in the order in which they were sent.
    pub(super) fn drain(&mut self) -> Vec<Pending> {
        self.deadlines.clear();
        let mut all: Vec<_> = self.requests.drain().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all.into_iter().map(|(_, pending)| pending).collect()
    }
}
