//! The router core: connections come in, messages go from one to others. Pure.
//!
//! Owns the life of a connection: HELLO, the session, GOODBYE and ABORT, deadlines. What happens
//! inside a realm is `realm`'s matter. After any input, drain [`Router::poll_output`].
//!
//! It has the whole Basic Profile, and of the Advanced Profile what `features` says: WELCOME
//! announces no more than that. An option that would need more is refused where ignoring it would
//! be wrong.

mod authorization;
mod broker;
mod config;
mod custom;
mod dealer;
mod features;
mod happening;
mod index;
mod meta;
mod output;
mod radix;
mod realm;
mod session;
mod wildcards;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::core::ids::{KeyMap, RandomIds, SequentialIds};
use crate::core::router::features::{Features, Offer};
use crate::core::router::output::Outputs;
use crate::core::router::realm::{CallDeadlines, Realm, Turn, quote};
use crate::core::router::session::{Identity, Session};
use crate::error::{ApplicationError, Violation};
use crate::message::{
    Abort, AbortDetails, Goodbye, GoodbyeDetails, Hello, Message, Payload, RequestType, Roles,
    Welcome, WelcomeDetails,
};
use crate::uri::{Match, Uri, uris};

pub(crate) use authorization::validate as validate_roles;
pub use authorization::{Action, Authorization, AuthorizationRequest, Cached, Role, Rule};
pub use config::{Disclosure, HistoryConfig, Limits, RouterConfig};
pub use meta::MetaApi;
pub use output::{CloseCause, Output};

/// A router without a socket and without a clock: messages in, messages out.
#[derive(Debug)]
pub struct Router {
    config: RouterConfig,
    ids: RandomIds,
    realms: Vec<Realm>,
    realm_names: HashMap<Uri, usize>,
    connections: KeyMap<ConnectionId, Connection>,
    last_connection: u64,
    deadlines: BTreeSet<(Duration, ConnectionId)>,
    call_deadlines: CallDeadlines,
    outputs: Outputs,
    /// Numbers of the questions to the authorizer.
    tickets: SequentialIds,
    shutting_down: bool,
}

/// A connection; never used twice in one router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(u64);

/// How much a router holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Connections, with or without a session.
    pub connections: usize,
    /// Sessions that have joined a realm.
    pub sessions: usize,
    /// Topics that have a subscriber.
    pub subscriptions: usize,
    /// Procedures that have a callee.
    pub registrations: usize,
    /// Calls that are not answered yet.
    pub calls: usize,
}

#[derive(Debug)]
struct Connection {
    state: State,
    deadline: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No session. HELLO must come until the deadline.
    Idle {
        /// There was a session before.
        left: bool,
    },
    /// A session on the realm with this index.
    Joined(usize),
    /// We said GOODBYE. The answer must come until the deadline; then the connection is closed.
    Leaving(CloseCause),
}

const CLIENT_ROLES: [&str; 4] = ["publisher", "subscriber", "caller", "callee"];

impl Router {
    /// A router without connections.
    pub fn new(config: RouterConfig) -> Self {
        let realms: Vec<_> =
            config.realms.iter().map(|name| Realm::new(name.clone(), &config)).collect();
        let names = realms.iter().enumerate().map(|(index, realm)| (realm.name.clone(), index));
        Router {
            ids: RandomIds::new(config.seed),
            realm_names: names.collect(),
            realms,
            config,
            connections: KeyMap::default(),
            last_connection: 0,
            deadlines: BTreeSet::new(),
            call_deadlines: CallDeadlines::new(),
            outputs: Outputs::default(),
            tickets: SequentialIds::default(),
            shutting_down: false,
        }
    }

    /// A peer has connected. HELLO must follow within the handshake timeout.
    pub fn connect(&mut self, now: Duration) -> ConnectionId {
        self.last_connection += 1;
        let id = ConnectionId(self.last_connection);
        if self.shutting_down {
            self.outputs.close(id, CloseCause::Shutdown);
            return id;
        }
        let state = State::Idle { left: false };
        self.connections.insert(id, Connection { state, deadline: None });
        self.set_deadline(id, Some(now.saturating_add(self.config.handshake_timeout)));
        id
    }

    /// A peer has sent a message.
    pub fn handle_message(&mut self, now: Duration, from: ConnectionId, message: Message) {
        let Some(connection) = self.connections.get(&from) else { return };
        let outcome = match (connection.state, message) {
            (State::Idle { .. }, Message::Hello(hello)) => self.hello(now, from, &hello),
            // It gives up joining, or tells us why it left.
            (State::Idle { .. }, Message::Abort(_)) => Ok(()),
            (State::Idle { .. }, message) => {
                Err(Violation::new(format!("{} before HELLO", message.name())))
            }
            // What may end a session waits behind what the session waits for.
            (
                State::Joined(realm),
                message @ (Message::Goodbye(_) | Message::Abort(_) | Message::Hello(_)),
            ) if self.realms[realm].is_waiting(from) => {
                self.turn(now, realm, |realm, turn| realm.handle(turn, from, message))
            }
            (State::Joined(realm), Message::Goodbye(_)) => {
                self.release(now, realm, from);
                self.goodbye(from, uris::GOODBYE_AND_OUT);
                self.idle(now, from);
                Ok(())
            }
            (State::Joined(realm), Message::Abort(_)) => {
                self.release(now, realm, from);
                self.idle(now, from);
                Ok(())
            }
            (State::Joined(_), Message::Hello(_)) => {
                Err(Violation::new("HELLO, but the session is established"))
            }
            (State::Joined(realm), message) => {
                self.turn(now, realm, |realm, turn| realm.handle(turn, from, message))
            }
            (State::Leaving(cause), Message::Goodbye(_) | Message::Abort(_)) => {
                self.close(now, from, cause);
                Ok(())
            }
            // It may have been sent before our GOODBYE was read.
            (State::Leaving(_), _) => Ok(()),
        };
        if let Err(violation) = outcome {
            self.handle_violation(now, from, violation);
        }
    }

    /// A peer has sent what is no message: ABORT, and the connection is closed.
    pub fn handle_violation(&mut self, now: Duration, from: ConnectionId, violation: Violation) {
        let Some(connection) = self.connections.get(&from) else { return };
        // After GOODBYE nothing more is sent.
        if !matches!(connection.state, State::Leaving(_)) {
            self.abort(from, uris::PROTOCOL_VIOLATION, violation.message);
        }
        self.close(now, from, CloseCause::Violation);
    }

    /// A peer has gone.
    pub fn handle_disconnect(&mut self, now: Duration, connection: ConnectionId) {
        self.forget(now, connection);
    }

    /// A message cannot be carried to a peer: it cannot be written in the peer's format, or it is
    /// longer than the peer takes. Whoever waits for it gets `error`; an event is dropped.
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
            State::Idle { .. } | State::Leaving(_) => None,
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
                // What was forwarded is replaced; what we wrote ourselves is not tried again.
                let ours = failed.error == error.uri && failed.payload.serializer().is_none();
                (!ours).then_some(failed.request)
            }
            _ => None,
        };
        match request {
            Some(request) => {
                // After GOODBYE nothing more is sent.
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

    /// Does what is due. May be called at any time.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(&(deadline, id)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            match self.connections.get(&id).map(|connection| connection.state) {
                Some(State::Idle { left }) => {
                    if !left {
                        let limit = self.config.handshake_timeout;
                        self.abort(id, uris::TIMEOUT, format!("no HELLO within {limit:?}"));
                    }
                    self.close(now, id, CloseCause::NoHello);
                }
                Some(State::Leaving(cause)) => self.close(now, id, cause),
                // Nothing else gives a session a deadline.
                Some(State::Joined(_)) => {
                    self.set_deadline(id, None);
                    let limit = self.config.authorization_timeout;
                    let why = format!("no answer of the authorizer within {limit:?}");
                    self.decide(now, id, None, Err(&why));
                }
                None => {
                    self.deadlines.remove(&(deadline, id));
                }
            }
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

    /// When [`handle_timeout`](Router::handle_timeout) has something to do.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let connections = self.deadlines.first().map(|(deadline, _)| *deadline);
        let calls = self.call_deadlines.first().map(|(deadline, ..)| *deadline);
        connections.into_iter().chain(calls).min()
    }

    /// Says GOODBYE to all sessions. Each connection is closed when its peer has answered, at the
    /// latest after the goodbye timeout; new ones are closed at once.
    pub fn shutdown(&mut self, now: Duration) {
        self.shutting_down = true;
        let mut all: Vec<_> = self.connections.keys().copied().collect();
        all.sort_unstable();
        for &id in &all {
            match self.connections.get(&id).map(|connection| connection.state) {
                Some(State::Joined(_)) => {
                    self.goodbye(id, uris::SYSTEM_SHUTDOWN);
                    self.leave(now, id, CloseCause::Shutdown);
                }
                Some(State::Idle { .. }) => self.close(now, id, CloseCause::Shutdown),
                Some(State::Leaving(_)) | None => {}
            }
        }
        // All at once, so that no session is told that another one's call has failed.
        let config = &self.config;
        self.realms = config.realms.iter().map(|name| Realm::new(name.clone(), config)).collect();
        self.call_deadlines.clear();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// How much it holds at the moment.
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

    fn hello(&mut self, now: Duration, from: ConnectionId, hello: &Hello) -> Result<(), Violation> {
        let details = &hello.details;
        let roles = details.roles.as_ref();
        let roles = roles.ok_or_else(|| Violation::new("HELLO.Details.roles is missing"))?;
        roles.check("HELLO.Details.roles", &CLIENT_ROLES)?;
        let refusal = if !hello.realm.check(self.config.uri_rule, Match::Exact) {
            (uris::INVALID_URI, format!("{} is no URI", quote(&hello.realm)))
        } else if !self.realm_names.contains_key(&hello.realm) {
            (uris::NO_SUCH_REALM, format!("there is no realm {}", quote(&hello.realm)))
        } else if !may_be_anonymous(details.authmethods.as_deref()) {
            (uris::NO_MATCHING_AUTH_METHOD, "only \"anonymous\" is to be had here".to_owned())
        } else if !self.knows_role(&hello.realm, "anonymous") {
            (uris::NO_SUCH_ROLE, format!("{} has no role \"anonymous\"", quote(&hello.realm)))
        } else {
            self.welcome(now, from, &hello.realm, Features::of(roles));
            return Ok(());
        };
        // The peer may try again, but within the same time.
        self.abort(from, refusal.0, refusal.1);
        Ok(())
    }

    fn welcome(&mut self, now: Duration, from: ConnectionId, name: &Uri, features: Features) {
        let Some(&index) = self.realm_names.get(name) else { return };
        let identity = Identity {
            authid: format!("{:014x}", self.ids.next()),
            session: self.ids.next(),
            authrole: "anonymous".to_owned(),
            authmethod: "anonymous".to_owned(),
            authprovider: "static".to_owned(),
        };
        self.set_state(from, State::Joined(index));
        self.set_deadline(from, None);
        let mut details = WelcomeDetails::default();
        details.realm = Some(self.realms[index].name.clone());
        let offer = Offer::new(&self.config, &self.realms[index], &identity.authrole);
        let (broker, dealer) = (features::broker(offer), features::dealer(offer));
        details.roles = Some(Roles::new().with("broker", &broker).with("dealer", &dealer));
        details.agent = Some(self.config.agent.clone());
        details.authid = Some(identity.authid.clone());
        details.authrole = Some(identity.authrole.clone());
        details.authmethod = Some(identity.authmethod.clone());
        details.authprovider = Some(identity.authprovider.clone());
        self.outputs.send(from, Welcome { session: identity.session, details });
        // Behind WELCOME, so that nothing comes before it.
        let session = Session::new(identity, features);
        self.turn(now, index, |realm, turn| realm.join(turn, from, session));
    }

    fn goodbye(&mut self, to: ConnectionId, reason: &str) {
        let details = GoodbyeDetails::default();
        self.outputs.send(to, Goodbye { details, reason: reason.into() });
    }

    fn abort(&mut self, to: ConnectionId, reason: &str, message: String) {
        let mut details = AbortDetails::default();
        details.message = Some(message);
        self.outputs.send(to, Abort { details, reason: reason.into(), payload: Payload::empty() });
    }

    /// One step of a realm.
    fn turn<T>(
        &mut self,
        now: Duration,
        realm: usize,
        step: impl FnOnce(&mut Realm, &mut Turn<'_>) -> T,
    ) -> T {
        let Router { realms, outputs, ids, config, call_deadlines, tickets, .. } = self;
        let (happenings, killed, waiting) = (Vec::new(), Vec::new(), None);
        let mut turn = Turn {
            now,
            outputs,
            ids,
            config,
            call_deadlines,
            happenings,
            killed,
            tickets,
            waiting,
        };
        let result = step(&mut realms[realm], &mut turn);
        realms[realm].publish_happenings(&mut turn);
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

    /// GOODBYE was said; now the peer has to answer.
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

    /// The session has ended, the connection has not.
    fn idle(&mut self, now: Duration, id: ConnectionId) {
        self.set_state(id, State::Idle { left: true });
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

/// Who offers no method, or an empty list, asks for nothing else (spec: "Authentication").
fn may_be_anonymous(methods: Option<&[String]>) -> bool {
    methods.is_none_or(|methods| {
        methods.is_empty() || methods.iter().any(|method| method == "anonymous")
    })
}
