//! `Session`: what a realm knows of one joined client.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::{IdMap, KeyMap, SequentialIds};
use crate::core::router::authorization::{Verdicts, Waiting};
use crate::core::router::connection::{ConnectionId, Peer};
use crate::core::router::features::Features;
use crate::error::Violation;
use crate::uri::{Match, Uri};

/// The sessions of a realm, by their connections.
pub(super) type Sessions = KeyMap<ConnectionId, Session>;

/// A joined client. Its connection's id is its key everywhere.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) identity: Arc<Identity>,
    pub(super) features: Features,
    /// Where it comes from; the authorizer is told.
    pub(super) peer: Option<Arc<Peer>>,
    requests: SequentialIds,
    /// The highest request id of its calls.
    pub(super) highest_call: u64,
    /// Ids of the invocations that it was sent.
    pub(super) invocation_ids: SequentialIds,
    /// Calls that it made, by its request id.
    pub(super) calls: HashMap<u64, Invoked>,
    /// Calls that it has to answer, by invocation id.
    pub(super) invocations: IdMap<Origin>,
    /// Invocations whose calls have ended, but which still keep it busy: it was not told to stop,
    /// and has a limit for the registration.
    pub(super) abandoned: IdMap<Slot>,
    /// Calls that ended before the caller had sent its last arguments.
    pub(super) cut_streams: CutStreams,
    pub(super) subscriptions: Held,
    pub(super) registrations: Held,
    /// The rules for it; none if there are no roles.
    pub(super) role: Option<usize>,
    /// A request that the authorizer has to decide about.
    pub(super) waiting: Option<Box<Waiting>>,
    /// What the authorizer has decided before, for this session only.
    pub(super) verdicts: Option<Box<Verdicts>>,
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

/// Where an invocation came from, and what becomes of its answer.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) caller: ConnectionId,
    pub(super) request: u64,
    /// Whether the caller takes progressive results and the callee knows that.
    pub(super) receive_progress: bool,
    /// Whether the callee was told to stop, and the caller still waits for its answer.
    pub(super) interrupted: bool,
    /// What few calls have.
    pub(super) more: Option<Box<More>>,
}

/// What few calls have.
#[derive(Debug, Default)]
pub(super) struct More {
    /// Where this call counts against the callee's concurrency.
    pub(super) slot: Option<Slot>,
    pub(super) timeout: Option<Timeout>,
    pub(super) stream: Option<Stream>,
}

/// One of the calls that a callee takes at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) registration: u64,
    /// Which time the callee has joined it, as it may have left and come again since.
    pub(super) joining: u64,
}

/// How long the callee may be silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeout {
    pub(super) limit: Duration,
    pub(super) deadline: Duration,
    /// What the caller is told then; a URI.
    pub(super) reason: &'static str,
}

/// A progressive call invocation: the arguments come in several messages.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) procedure: Uri,
    pub(super) registration: u64,
    /// Whether the callee has to be told which procedure was called.
    pub(super) pattern: bool,
    /// Whether the caller has not sent the last ones yet.
    pub(super) open: bool,
}

/// Calls whose further arguments are late, and thrown away: requests, and hashes of the procedures.
/// The oldest are forgotten if a caller does not send its last arguments, as it need not.
///
/// Whole names would be what a caller can fill our memory with: a name may be refused for its
/// length. Two names of one hash could do harm only to who sent both.
#[derive(Debug, Default)]
pub(super) struct CutStreams(BTreeMap<u64, u64>);

impl Origin {
    pub(super) fn new(caller: ConnectionId, request: u64) -> Self {
        Origin { caller, request, receive_progress: false, interrupted: false, more: None }
    }
}

impl More {
    /// Whether it says anything.
    pub(super) fn is_needed(&self) -> bool {
        self.slot.is_some() || self.timeout.is_some() || self.stream.is_some()
    }
}

/// The subscriptions or registrations that a session is in, by id.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Whether it is by a wildcard pattern.
    ids: IdMap<bool>,
    wildcards: usize,
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many are by wildcard patterns.
    pub(super) fn wildcards(&self) -> usize {
        self.wildcards
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.ids.contains_key(&id)
    }

    pub(super) fn insert(&mut self, id: u64, policy: Match) {
        let wildcard = policy == Match::Wildcard;
        if self.ids.insert(id, wildcard).is_none() {
            self.wildcards += usize::from(wildcard);
        }
    }

    /// False if it was not in there.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let removed = self.ids.remove(&id);
        self.wildcards -= usize::from(removed == Some(true));
        removed.is_some()
    }

    /// In the order in which the ids were given.
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
            cut_streams: CutStreams::default(),
            subscriptions: Held::default(),
            registrations: Held::default(),
            role: None,
            waiting: None,
            verdicts: None,
        }
    }

    /// Whether a final answer may be one to a call of this session. Otherwise it was for an earlier
    /// one on the same connection, which has left before the answer could be written.
    pub(super) fn may_have_asked(&self, request: u64) -> bool {
        request <= self.highest_call && !self.calls.contains_key(&request)
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

impl CutStreams {
    const MOST: usize = 1024;

    pub(super) fn insert(&mut self, request: u64, procedure: &Uri) {
        self.0.insert(request, hash(procedure));
        if self.0.len() > Self::MOST {
            self.0.pop_first();
        }
    }

    /// Whether this CALL brings arguments for a call that has ended.
    pub(super) fn take(&mut self, request: u64, procedure: &Uri, progress: bool) -> bool {
        // Nearly always.
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
