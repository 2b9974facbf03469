//! The router core: takes connections and messages, and routes messages between sessions. Pure.
//!
//! This file implements the life of a connection: HELLO, the session, GOODBYE and ABORT, deadlines.
//! `realm` implements everything inside a realm. After any input, drain [`RouterCore::poll_output`].
//!
//! The router has the whole Basic Profile, and the features of the Advanced Profile that WELCOME
//! announces (see `offer`). A request with an option that needs another feature is refused where
//! ignoring the option would be wrong.
//!
//! The floors, from bottom to top; a file imports only from its own floor and those below:
//!
//! - words and rules: `connection`, `names`, `meta_api`, `features`, `authentication`,
//!   `authorization`, `config`
//! - one session and one step: `session`, `testaments`, `output`, `turn`, `checks`, and the `index`
//!   of URIs
//! - `broker` and `dealer`
//! - `realm/mod`: the state of one realm
//! - `meta`: the meta API over that state
//! - `realm/{members, requests, judge}`: joining and leaving, requests, authorization
//! - `offer`, `joining`, `authorizing` and the `RouterCore` in this file

mod authentication;
mod authorization;
mod authorizing;
mod broker;
mod checks;
mod config;
mod connection;
mod custom;
mod dealer;
mod features;
mod index;
mod joining;
mod meta;
mod meta_api;
mod meta_event;
mod names;
mod offer;
mod output;
mod oversized;
mod radix;
mod realm;
mod session;
mod testaments;
mod turn;
mod wildcards;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::{RandomIds, SequentialIds};
use crate::core::router::authentication::{Attempt, Authentication};
use crate::core::router::authorization::Policy;
use crate::core::router::output::Outputs;
use crate::core::router::realm::Realm;
use crate::core::router::turn::{CallDeadlines, Turn};
use crate::error::{ApplicationError, Violation};
use crate::message::{Abort, ClosingDetails, Goodbye, Message, Payload, RequestType};
use crate::uri::Uri;

pub use authentication::{AuthRequest, AuthenticationConfig, Denied, Principal, User};
pub(crate) use authorization::validate as validate_roles;
pub use authorization::{Action, Authorization, AuthorizationRequest, Role, Rule};
pub use config::{Disclosure, HistoryConfig, Limits, RouterConfig};
pub(crate) use connection::ByConnection;
pub use connection::{ConnectionId, Peer};
pub(crate) use custom::is_custom;
pub use meta_api::MetaApi;
pub use output::{CloseCause, Output};

/// The router without sockets and clock: messages in, messages out.
#[derive(Debug)]
pub struct RouterCore {
    config: RouterConfig,
    ids: RandomIds,
    realms: Vec<Realm>,
    realm_names: HashMap<Uri, usize>,
    connections: ByConnection<Connection>,
    last_connection: u64,
    deadlines: BTreeSet<(Duration, ConnectionId)>,
    call_deadlines: CallDeadlines,
    outputs: Outputs,
    /// Realms with meta events for the next step of the clock.
    behind: BTreeSet<usize>,
    /// Ids of the questions to the authorizer.
    tickets: SequentialIds,
    authentication: Authentication,
    shutting_down: bool,
}

/// Numbers of what a router holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Connections, with or without a session.
    pub connections: usize,
    /// Sessions that have joined a realm.
    pub sessions: usize,
    /// Topics with a subscriber.
    pub subscriptions: usize,
    /// Procedures with a callee.
    pub registrations: usize,
    /// Calls without an answer yet.
    pub calls: usize,
}

#[derive(Debug)]
struct Connection {
    state: State,
    deadline: Option<Duration>,
    peer: Arc<Peer>,
    /// The principal of a peer that needs no authentication.
    trusted: Option<Box<Principal>>,
    /// True if the connection has had a session before.
    left: bool,
    /// Present in the states `Challenged` and `Asked`.
    attempt: Option<Box<Attempt>>,
    /// Number of attempts with a challenge or a question that led to no session.
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No session. HELLO must come before the deadline.
    Idle,
    /// CHALLENGE was sent. AUTHENTICATE must come before the deadline.
    Challenged,
    /// The application is asked for the principal.
    Asked {
        /// True if the peer has given up since.
        given_up: bool,
    },
    /// A session on the realm with this index.
    Joined(usize),
    /// GOODBYE was sent. The connection is closed at the peer's answer, or at the deadline.
    Leaving(CloseCause),
}

impl RouterCore {
    /// Creates a router without connections.
    pub fn new(config: RouterConfig) -> Self {
        let realms = realms(&config);
        let names = realms.iter().enumerate().map(|(index, realm)| (realm.name.clone(), index));
        let who = config.authentication.clone().unwrap_or_else(AuthenticationConfig::open);
        RouterCore {
            authentication: Authentication::new(who, &config.realms),
            ids: RandomIds::from_key(config.seed),
            realm_names: names.collect(),
            realms,
            config,
            connections: ByConnection::default(),
            last_connection: 0,
            deadlines: BTreeSet::new(),
            call_deadlines: CallDeadlines::new(),
            behind: BTreeSet::new(),
            outputs: Outputs::default(),
            tickets: SequentialIds::default(),
            shutting_down: false,
        }
    }

    /// Adds a connection. HELLO must follow within the handshake timeout.
    pub fn connect(&mut self, now: Duration) -> ConnectionId {
        self.connect_from(now, Peer::default())
    }

    /// Adds a connection with what the transport knows of the peer.
    pub fn connect_from(&mut self, now: Duration, peer: Peer) -> ConnectionId {
        self.last_connection += 1;
        let id = ConnectionId::new(self.last_connection);
        if self.shutting_down {
            self.outputs.close(id, CloseCause::Shutdown);
            return id;
        }
        let connection = Connection {
            state: State::Idle,
            deadline: None,
            peer: Arc::new(peer),
            trusted: None,
            left: false,
            attempt: None,
            attempts: 0,
        };
        self.connections.insert(id, connection);
        self.set_deadline(id, Some(now.saturating_add(self.config.handshake_timeout)));
        id
    }

    /// Adds a connection of a peer that needs no authentication: it joins as this principal
    /// whatever HELLO offers. The principal's credential and realm are ignored.
    pub fn connect_trusted(
        &mut self,
        now: Duration,
        peer: Peer,
        principal: Principal,
    ) -> ConnectionId {
        let id = self.connect_from(now, peer);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.trusted = Some(Box::new(Principal { realm: None, ..principal }));
        }
        id
    }

    /// Handles a message from a peer.
    pub fn handle_message(&mut self, now: Duration, from: ConnectionId, message: Message) {
        let Some(connection) = self.connections.get(&from) else { return };
        let outcome = match (connection.state, message) {
            (State::Idle, Message::Hello(hello)) => self.hello(now, from, hello),
            // The peer gives up joining, or tells why it left.
            (State::Idle, Message::Abort(_)) => Ok(()),
            (State::Idle, message) => {
                Err(Violation::new(format!("{} before HELLO", message.name())))
            }
            // A message that may end the session waits behind the request that waits for the
            // authorizer.
            (
                State::Joined(realm),
                message @ (Message::Goodbye(_) | Message::Abort(_) | Message::Hello(_)),
            ) if self.realms[realm].is_waiting(from) => {
                self.turn(now, realm, |realm, turn| realm.handle(turn, from, message))
            }
            (State::Challenged, Message::Authenticate(answer)) => {
                self.authenticate(now, from, &answer);
                Ok(())
            }
            (State::Challenged | State::Asked { .. }, Message::Abort(_)) => {
                self.give_up_joining(now, from);
                Ok(())
            }
            (State::Challenged, message) => {
                Err(Violation::new(format!("{}, but AUTHENTICATE was expected", message.name())))
            }
            (State::Asked { .. }, message) => {
                Err(Violation::new(format!("{} before WELCOME", message.name())))
            }
            (State::Joined(realm), Message::Goodbye(_)) => {
                self.release(now, realm, from);
                self.goodbye(from, Uri::GOODBYE_AND_OUT);
                self.idle(now, from);
                Ok(())
            }
            (State::Joined(realm), Message::Abort(_)) => {
                self.release(now, realm, from);
                self.idle(now, from);
                Ok(())
            }
            (State::Joined(_), Message::Hello(_)) => {
                Err(Violation::new("HELLO in an established session"))
            }
            (State::Joined(realm), message) => {
                self.turn(now, realm, |realm, turn| realm.handle(turn, from, message))
            }
            (State::Leaving(cause), Message::Goodbye(_) | Message::Abort(_)) => {
                self.close(now, from, cause);
                Ok(())
            }
            // The peer may have sent it before it read our GOODBYE.
            (State::Leaving(_), _) => Ok(()),
        };
        if let Err(violation) = outcome {
            self.handle_violation(now, from, violation);
        }
    }

    /// Handles bytes from a peer that are not a valid message: sends ABORT and closes the
    /// connection.
    pub fn handle_violation(&mut self, now: Duration, from: ConnectionId, violation: Violation) {
        let Some(connection) = self.connections.get(&from) else { return };
        // Nothing may follow GOODBYE.
        if !matches!(connection.state, State::Leaving(_)) {
            self.abort(from, Uri::PROTOCOL_VIOLATION, violation.message);
        }
        self.close(now, from, CloseCause::Violation);
    }

    /// Handles the loss of a connection.
    pub fn handle_disconnect(&mut self, now: Duration, connection: ConnectionId) {
        self.forget(now, connection);
    }

    /// Handles a message that cannot be carried to a peer, because the peer's format cannot express
    /// it or because it exceeds the peer's limit. The session that waits for it gets `error`; an
    /// event is dropped.
    pub fn handle_undeliverable(
        &mut self,
        now: Duration,
        to: ConnectionId,
        message: &Message,
        error: &ApplicationError,
    ) {
        let Some(connection) = self.connections.get(&to) else { return };
        let joined = match connection.state {
            State::Joined(realm) => Some(realm),
            _ => None,
        };
        let request = match message {
            Message::Event(_) => return,
            Message::Invocation(invocation) => {
                if let Some(realm) = joined {
                    let error = error.clone();
                    let request = invocation.request;
                    self.turn(now, realm, |realm, turn| realm.refuse(turn, to, request, error));
                }
                return;
            }
            Message::Result(result) if result.details.progress == Some(true) => {
                if let Some(realm) = joined {
                    let (error, request) = (error.clone(), result.request);
                    self.turn(now, realm, |realm, turn| realm.give_up(turn, to, request, error));
                }
                return;
            }
            Message::Result(result) => Some(result.request),
            Message::Error(failed) if failed.request_type == RequestType::Call => {
                // A forwarded error is replaced; an error of the router's own is not tried again.
                let ours = failed.error == error.uri && failed.payload.serializer().is_none();
                (!ours).then_some(failed.request)
            }
            _ => None,
        };
        match request {
            Some(request) => {
                // Nothing may follow GOODBYE.
                if let Some(realm) = joined {
                    let error = error.clone();
                    self.turn(now, realm, |realm, turn| {
                        realm.replace_answer(turn, to, request, error);
                    });
                }
            }
            None => self.close(now, to, CloseCause::Undeliverable),
        }
    }

    /// Handles all deadlines that have passed. May be called at any time.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(&(deadline, id)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            match self.connections.get(&id).map(|connection| connection.state) {
                Some(State::Idle | State::Challenged | State::Asked { .. }) => {
                    self.give_up_waiting(now, id);
                }
                Some(State::Leaving(cause)) => self.close(now, id, cause),
                // The authorizer is the only reason for a deadline in a session.
                Some(State::Joined(_)) => {
                    self.set_deadline(id, None);
                    let limit = self.config.authorization_timeout;
                    let why = format!("no answer from the authorizer within {limit:?}");
                    self.decide(now, id, None, Err(&why));
                }
                None => {
                    self.deadlines.remove(&(deadline, id));
                }
            }
        }
        for realm in std::mem::take(&mut self.behind) {
            self.turn(now, realm, Realm::publish_portion);
        }
        while let Some(&(deadline, id, request)) = self.call_deadlines.first() {
            if deadline > now {
                break;
            }
            self.call_deadlines.pop_first();
            if let Some(State::Joined(realm)) = self.connections.get(&id).map(|it| it.state) {
                self.turn(now, realm, |realm, turn| realm.time_out(turn, id, request));
            }
        }
    }

    /// Time at which [`handle_timeout`](RouterCore::handle_timeout) must be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        if !self.behind.is_empty() {
            return Some(Duration::ZERO);
        }
        let connections = self.deadlines.first().map(|(deadline, _)| *deadline);
        let calls = self.call_deadlines.first().map(|(deadline, ..)| *deadline);
        connections.into_iter().chain(calls).min()
    }

    /// Says GOODBYE to all sessions. Each connection is closed when its peer has answered, at the
    /// latest after the goodbye timeout; new connections are closed at once.
    pub fn shutdown(&mut self, now: Duration) {
        self.shutting_down = true;
        let mut all: Vec<_> = self.connections.keys().copied().collect();
        all.sort_unstable();
        for &id in &all {
            match self.connections.get(&id).map(|connection| connection.state) {
                Some(State::Joined(_)) => {
                    self.goodbye(id, Uri::SYSTEM_SHUTDOWN);
                    self.leave(now, id, CloseCause::Shutdown);
                }
                Some(State::Idle | State::Challenged | State::Asked { .. }) => {
                    self.close(now, id, CloseCause::Shutdown);
                }
                Some(State::Leaving(_)) | None => {}
            }
        }
        // All at once, so that no session is told of a call that fails because another session
        // ends.
        self.realms = realms(&self.config);
        self.call_deadlines.clear();
        self.behind.clear();
    }

    /// Says GOODBYE to the sessions of these connections, as [`shutdown`](RouterCore::shutdown) does to
    /// all; used when one listener shuts down. Other sessions see them leave. The dismissed
    /// sessions do not see each other leave.
    pub fn dismiss(&mut self, now: Duration, connections: &[ConnectionId]) {
        let mut sessions: BTreeMap<usize, BTreeSet<ConnectionId>> = BTreeMap::new();
        for &id in connections {
            match self.connections.get(&id).map(|connection| connection.state) {
                Some(State::Joined(realm)) => {
                    sessions.entry(realm).or_default().insert(id);
                }
                Some(State::Idle | State::Challenged | State::Asked { .. }) => {
                    self.close(now, id, CloseCause::Shutdown);
                }
                Some(State::Leaving(_)) | None => {}
            }
        }
        for (realm, going) in sessions {
            let going: Vec<_> = going.into_iter().collect();
            self.turn(now, realm, |realm, turn| realm.release_all(turn, &going));
            for id in going {
                self.goodbye(id, Uri::SYSTEM_SHUTDOWN);
                self.leave(now, id, CloseCause::Shutdown);
            }
        }
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// Current numbers of connections, sessions, subscriptions, registrations and calls.
    pub fn statistics(&self) -> Statistics {
        let mut all = Statistics { connections: self.connections.len(), ..Default::default() };
        for realm in &self.realms {
            let [sessions, subscriptions, registrations, calls] = realm.counts();
            all.sessions += sessions;
            all.subscriptions += subscriptions;
            all.registrations += registrations;
            all.calls += calls;
        }
        all
    }

    fn goodbye(&mut self, to: ConnectionId, reason: &str) {
        let details = ClosingDetails::default();
        self.outputs.send(to, Goodbye { details, reason: reason.into() });
    }

    fn abort(&mut self, to: ConnectionId, reason: &str, message: String) {
        let mut details = ClosingDetails::default();
        details.message = Some(message);
        self.outputs.send(to, Abort { details, reason: reason.into(), payload: Payload::empty() });
    }

    /// Runs one step of a realm, and what follows from it.
    fn turn<T>(
        &mut self,
        now: Duration,
        realm: usize,
        step: impl FnOnce(&mut Realm, &mut Turn<'_>) -> T,
    ) -> T {
        let RouterCore { realms, outputs, ids, config, call_deadlines, tickets, behind, .. } = self;
        let (meta_events, killed, waiting) = (Vec::new(), Vec::new(), None);
        let mut turn = Turn {
            now,
            outputs,
            ids,
            config,
            call_deadlines,
            meta_events,
            killed,
            tickets,
            waiting,
        };
        let result = step(&mut realms[realm], &mut turn);
        realms[realm].publish_meta_events(&mut turn);
        if realms[realm].is_behind {
            behind.insert(realm);
        }
        let waiting = turn.waiting;
        for connection in turn.killed {
            self.leave(now, connection, CloseCause::Killed);
        }
        if let Some(connection) = waiting {
            let deadline = now.saturating_add(self.config.authorization_timeout);
            self.set_deadline(connection, Some(deadline));
        }
        result
    }

    /// Waits for the peer's answer to GOODBYE.
    fn leave(&mut self, now: Duration, id: ConnectionId, cause: CloseCause) {
        // It may have waited for the authorizer.
        let connection = self.connections.get(&id);
        if connection.is_some_and(|it| it.deadline.is_some()) {
            self.outputs.resume(id);
        }
        self.set_state(id, State::Leaving(cause));
        self.set_deadline(id, Some(now.saturating_add(self.config.goodbye_timeout)));
    }

    fn release(&mut self, now: Duration, realm: usize, from: ConnectionId) {
        self.turn(now, realm, |realm, turn| realm.release(turn, from));
    }

    /// Returns a connection without its session to the state before HELLO.
    fn idle(&mut self, now: Duration, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = State::Idle;
            connection.left = true;
        }
        self.set_deadline(id, Some(now.saturating_add(self.config.handshake_timeout)));
    }

    fn close(&mut self, now: Duration, id: ConnectionId, cause: CloseCause) {
        self.forget(now, id);
        self.outputs.close(id, cause);
    }

    fn forget(&mut self, now: Duration, id: ConnectionId) {
        self.set_deadline(id, None);
        let Some(connection) = self.connections.remove(&id) else { return };
        if let State::Joined(realm) = connection.state {
            self.release(now, realm, id);
        }
    }

    fn set_state(&mut self, id: ConnectionId, state: State) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = state;
        }
    }

    fn set_deadline(&mut self, id: ConnectionId, deadline: Option<Duration>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(old) = std::mem::replace(&mut connection.deadline, deadline) {
            self.deadlines.remove(&(old, id));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, id));
        }
    }
}

/// The empty realms of a router.
fn realms(config: &RouterConfig) -> Vec<Realm> {
    let realm = |name: &Uri| {
        let policy = Policy::of(config, name);
        let publishes_meta_events = meta::is_open_to_all(config, policy.as_ref(), "wamp.");
        Realm::new(name.clone(), config, policy, publishes_meta_events)
    };
    config.realms.iter().map(realm).collect()
}
