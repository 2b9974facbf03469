//! The pending requests of a session.

use crate::core::ids::IdMap;
use crate::message::RequestType;
use crate::uri::{Match, Uri};

/// Name of a request, subscription or registration, chosen by the user of the core. The core only
/// hands it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "it is a number")]
pub struct RequestTicket(pub u64);

impl RequestTicket {
    /// Ticket of requests whose answer is not needed.
    pub const UNUSED: RequestTicket = RequestTicket(u64::MAX);
}

/// The pending requests by id.
#[derive(Debug, Default)]
pub(super) struct PendingTable(IdMap<Pending>);

/// A pending request.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) ticket: RequestTicket,
    pub(super) request: Request,
    /// True if the answer is not needed; only the effect at the router counts.
    pub(super) abandoned: bool,
}

/// The parts of a request that its answer depends on.
#[derive(Debug)]
pub(super) enum Request {
    Call {
        /// The procedure, if more arguments may follow.
        streaming: Option<Uri>,
        /// CANCEL was sent, and the callee's last answer is awaited.
        killed: bool,
    },
    Publish,
    Subscribe {
        topic: Uri,
        pattern: Match,
        /// True if it asked for retained events.
        retained: bool,
    },
    Unsubscribe {
        subscription: u64,
    },
    Register,
    Unregister {
        registration: u64,
    },
}

impl Request {
    pub(super) fn request_type(&self) -> RequestType {
        match self {
            Request::Call { .. } => RequestType::Call,
            Request::Publish => RequestType::Publish,
            Request::Subscribe { .. } => RequestType::Subscribe,
            Request::Unsubscribe { .. } => RequestType::Unsubscribe,
            Request::Register => RequestType::Register,
            Request::Unregister { .. } => RequestType::Unregister,
        }
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self, Request::Call { .. })
    }

    pub(super) fn is_publish(&self) -> bool {
        matches!(self, Request::Publish)
    }
}

impl PendingTable {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn insert(&mut self, id: u64, ticket: RequestTicket, request: Request) {
        self.0.insert(id, Pending { ticket, request, abandoned: false });
    }

    pub(super) fn get(&self, id: u64) -> Option<&Pending> {
        self.0.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Pending> {
        self.0.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Pending> {
        self.0.remove(&id)
    }

    /// Takes all out, in the order of sending.
    pub(super) fn drain(&mut self) -> Vec<Pending> {
        let mut all: Vec<_> = self.0.drain().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all.into_iter().map(|(_, pending)| pending).collect()
    }
}
