//! `Session`: the state of one joined client in its realm.

use std::collections::{BTreeMap, HashMap, hash_map};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::{IdMap, SequentialIds};
use crate::core::router::authorization::{Verdicts, Waiting};
use crate::core::router::connection::{ByConnection, ConnectionId, Peer};
use crate::core::router::features::Features;
use crate::core::router::tables::shrink;
use crate::core::router::wildcards::Shape;
use crate::error::Violation;
use crate::uri::Uri;

/// Sessions of a realm by connection.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    here: ByConnection<Session>,
    /// Connections whose sessions have left, but still stand in subscriptions, registrations or calls;
    /// with true if nothing is published of it.
    leaving: ByConnection<bool>,
}

/// A joined client. The id of its connection is its key everywhere.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) identity: Arc<Identity>,
    pub(super) features: Features,
    /// The other end of the connection, for the authorizer.
    pub(super) peer: Option<Arc<Peer>>,
    requests: SequentialIds,
    /// Highest request id of its calls.
    pub(super) highest_call: u64,
    /// Ids of the invocations sent to it.
    pub(super) invocation_ids: SequentialIds,
    /// Its unanswered calls, by its request id.
    pub(super) calls: HashMap<u64, Invoked>,
    /// Invocations that it has to answer, by invocation id.
    pub(super) invocations: IdMap<Origin>,
    /// Invocations whose calls have ended, but which still occupy the callee: it was not
    /// interrupted, and its registration has a concurrency limit.
    pub(super) abandoned: IdMap<Slot>,
    /// Calls that ended before the caller had sent its last arguments.
    pub(super) ended_streams: EndedStreams,
    pub(super) subscriptions: Memberships,
    pub(super) registrations: Memberships,
    /// Index of its role's rules; none if there are no roles.
    pub(super) role: Option<usize>,
    /// A request that waits for the authorizer.
    pub(super) waiting: Option<Box<Waiting>>,
    /// Cached answers of the authorizer for this session only.
    pub(super) verdicts: Option<Box<Verdicts>>,
}

/// Identity of a client; what others may learn about it.
#[derive(Debug)]
pub(super) struct Identity {
    /// The session's id.
    pub(super) session: u64,
    pub(super) authid: String,
    pub(super) authrole: String,
    pub(super) authmethod: String,
    pub(super) authprovider: String,
}

/// Destination of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invoked {
    pub(super) callee: ConnectionId,
    pub(super) invocation: u64,
}

/// Source of an invocation, and how its answer is handled.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) caller: ConnectionId,
    pub(super) request: u64,
    /// True if the caller accepts progressive results and the callee knows it.
    pub(super) receive_progress: bool,
    /// True if the callee was interrupted and the caller still waits for its answer.
    pub(super) interrupted: bool,
    /// State of the features that few calls use.
    pub(super) more: Option<Box<More>>,
}

/// State of the features that few calls use.
#[derive(Debug, Default)]
pub(super) struct More {
    /// The slot that this call takes of the callee's concurrency limit.
    pub(super) slot: Option<Slot>,
    pub(super) timeout: Option<Timeout>,
    pub(super) stream: Option<Stream>,
}

/// One of the calls that a callee handles at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) registration: u64,
    /// Number of the callee's join of the registration: it may have left and joined again since.
    pub(super) joining: u64,
}

/// Maximum silence of the callee.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeout {
    pub(super) limit: Duration,
    pub(super) deadline: Duration,
    /// Error URI for the caller when the time has passed.
    pub(super) reason: &'static str,
}

/// A progressive call invocation: the arguments come in several messages.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) procedure: Uri,
    pub(super) registration: u64,
    /// True if the callee must be told the called procedure.
    pub(super) pattern: bool,
    /// True until the caller has sent the last arguments.
    pub(super) open: bool,
}

/// Ended calls whose further arguments are late and dropped: request ids, and hashes of the
/// procedures. A caller need not send its last arguments, so the oldest entries are forgotten.
///
/// Storing whole names would let a caller exhaust memory, since a name may be refused for its
/// length. Two names with the same hash harm only the session that sent both.
#[derive(Debug, Default)]
pub(super) struct EndedStreams(BTreeMap<u64, u64>);

impl Sessions {
    /// Takes out a session that leaves. Its name stays until [`left`](Self::left).
    pub(super) fn leave(&mut self, connection: ConnectionId, quietly: bool) -> Option<Session> {
        let session = self.here.remove(&connection)?;
        shrink(&mut self.here);
        self.leaving.insert(connection, quietly);
        Some(session)
    }

    /// Forgets a session that holds nothing any more.
    pub(super) fn left(&mut self, connection: ConnectionId) {
        self.leaving.remove(&connection);
        shrink(&mut self.leaving);
    }

    /// Number of sessions that have left and still hold something.
    pub(super) fn leaving(&self) -> usize {
        self.leaving.len()
    }

    /// Returns whether a session has left and still holds something.
    pub(super) fn is_leaving(&self, connection: ConnectionId) -> bool {
        // There are none nearly always.
        !self.leaving.is_empty() && self.leaving.contains_key(&connection)
    }

    /// Returns whether nothing is published of a session that leaves.
    pub(super) fn leaves_quietly(&self, connection: ConnectionId) -> bool {
        self.leaving.get(&connection).copied().unwrap_or_default()
    }
}

impl Deref for Sessions {
    type Target = ByConnection<Session>;

    fn deref(&self) -> &ByConnection<Session> {
        &self.here
    }
}

impl DerefMut for Sessions {
    fn deref_mut(&mut self) -> &mut ByConnection<Session> {
        &mut self.here
    }
}

impl Origin {
    pub(super) fn new(caller: ConnectionId, request: u64) -> Self {
        Origin { caller, request, receive_progress: false, interrupted: false, more: None }
    }
}

impl More {
    /// Returns whether any of them is used.
    pub(super) fn is_needed(&self) -> bool {
        self.slot.is_some() || self.timeout.is_some() || self.stream.is_some()
    }
}

/// Subscriptions or registrations of a session, by id.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    /// The shape of a wildcard pattern.
    ids: IdMap<Option<Box<Shape>>>,
    wildcards: usize,
    /// Number of wildcard patterns by shape.
    shapes: HashMap<Shape, usize>,
}

impl Memberships {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Number of wildcard patterns.
    pub(super) fn wildcards(&self) -> usize {
        self.wildcards
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.ids.contains_key(&id)
    }

    /// Number of shapes of wildcard patterns, if this one is added.
    pub(super) fn shapes_with(&self, shape: Shape) -> usize {
        self.shapes.len() + usize::from(!self.shapes.contains_key(&shape))
    }

    /// Adds an entry; the shape is that of a wildcard pattern.
    pub(super) fn insert(&mut self, id: u64, shape: Option<Shape>) {
        if self.ids.insert(id, shape.map(Box::new)).is_none()
            && let Some(shape) = shape
        {
            self.wildcards += 1;
            *self.shapes.entry(shape).or_default() += 1;
        }
    }

    /// Returns false if it was not contained.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(removed) = self.ids.remove(&id) else { return false };
        shrink(&mut self.ids);
        if let Some(shape) = removed {
            self.wildcards -= 1;
            if let Some(count) = self.shapes.get_mut(&*shape) {
                *count -= 1;
                if *count == 0 {
                    self.shapes.remove(&*shape);
                }
            }
        }
        true
    }

    /// The ids in no particular order, in a form that takes no time to make.
    pub(super) fn into_ids(self) -> hash_map::IntoIter<u64, Option<Box<Shape>>> {
        self.ids.into_iter()
    }

    /// The ids in ascending order.
    pub(super) fn ids(&self) -> Vec<u64> {
        let mut ids: Vec<_> = self.ids.keys().copied().collect();
        ids.sort_unstable();
        ids
    }
}

impl Session {
    pub(super) fn new(identity: Identity, features: Features) -> Self {
        Session {
            identity: Arc::new(identity),
            features,
            peer: None,
            requests: SequentialIds::default(),
            highest_call: 0,
            invocation_ids: SequentialIds::default(),
            calls: HashMap::new(),
            invocations: IdMap::default(),
            abandoned: IdMap::default(),
            ended_streams: EndedStreams::default(),
            subscriptions: Memberships::default(),
            registrations: Memberships::default(),
            role: None,
            waiting: None,
            verdicts: None,
        }
    }

    /// Returns whether a final answer may belong to a call of this session. Otherwise it belongs to
    /// an earlier session on the same connection, which left before the answer could be written.
    pub(super) fn may_have_asked(&self, request: u64) -> bool {
        request <= self.highest_call && !self.calls.contains_key(&request)
    }

    /// Checks that a request id is the next in sequence (spec: "IDs", session scope).
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

impl EndedStreams {
    const MOST: usize = 1024;

    pub(super) fn insert(&mut self, request: u64, procedure: &Uri) {
        self.0.insert(request, hash(procedure));
        if self.0.len() > Self::MOST {
            self.0.pop_first();
        }
    }

    /// Returns whether this CALL brings arguments for a call that has ended.
    pub(super) fn take(&mut self, request: u64, procedure: &Uri, progress: bool) -> bool {
        // The usual case.
        if self.0.is_empty() || self.0.get(&request).is_none_or(|cut| *cut != hash(procedure)) {
            return false;
        }
        if !progress {
            self.0.remove(&request);
        }
        true
    }
}

fn hash(procedure: &Uri) -> u64 {
    let mut hasher = DefaultHasher::new();
    procedure.hash(&mut hasher);
    hasher.finish()
}
