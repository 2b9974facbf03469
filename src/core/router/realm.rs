//! `Realm`: the sessions that can reach each other, their broker and their dealer.
//!
//! Owns which message goes to whom inside the router. It answers requests; how a connection comes
//! to a realm and leaves it is the router's matter.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::{IdMap, KeyMap, RandomIds, SequentialIds};
use crate::core::router::authorization::{Policy, Verdict};
use crate::core::router::broker::Broker;
use crate::core::router::dealer::{Dealer, Sessions};
use crate::core::router::happening::{Happening, Kind};
use crate::core::router::meta::{self, Testaments};
use crate::core::router::output::Outputs;
use crate::core::router::session::{Held, Session};
use crate::core::router::wildcards::{MAX_COMPONENTS, has_too_many_components};
use crate::core::router::{ConnectionId, MetaApi, RouterConfig};
use crate::error::{ApplicationError, Violation};
use crate::message::{Call, Message, RequestType};
use crate::uri::{Match, Uri, uris};

#[derive(Debug)]
pub(super) struct Realm {
    pub(super) name: Uri,
    pub(super) sessions: Sessions,
    /// Connections by session id.
    pub(super) connections: IdMap<ConnectionId>,
    pub(super) broker: Broker,
    pub(super) dealer: Dealer,
    /// Of those sessions that have left any.
    pub(super) testaments: KeyMap<ConnectionId, Testaments>,
    /// Who may do what; none if everybody may do everything.
    pub(super) policy: Option<Policy>,
    /// Whether meta events are published.
    pub(super) tells: bool,
}

/// What every step needs beside the realm.
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

/// A session that nothing reaches any more, and of which nobody was told yet.
struct Gone {
    connection: ConnectionId,
    session: Session,
    testaments: Option<Testaments>,
    /// What its subscriptions' end was.
    happenings: Vec<Happening>,
}

/// Why a request was not done.
pub(super) enum Failure {
    /// It is answered by ERROR.
    Error(ApplicationError),
    /// It ends the session.
    Violation(Violation),
}

impl Realm {
    pub(super) fn new(name: Uri, config: &RouterConfig) -> Self {
        let policy = Policy::of(config, &name);
        let tells = meta::anybody_may(config, policy.as_ref(), "wamp.");
        Realm {
            policy,
            tells,
            name,
            sessions: Sessions::default(),
            connections: IdMap::default(),
            broker: Broker::new(config),
            dealer: Dealer::default(),
            testaments: KeyMap::default(),
        }
    }

    pub(super) fn join(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        mut session: Session,
    ) {
        session.role = self.role(&session.identity.authrole);
        let identity = Arc::clone(&session.identity);
        self.connections.insert(identity.session, connection);
        self.sessions.insert(connection, session);
        meta::joined(self, turn, &identity);
    }

    /// Everything that a session held goes with it. Its testaments are published, and those who
    /// watch are told.
    pub(super) fn release(&mut self, turn: &mut Turn<'_>, connection: ConnectionId) {
        if let Some(gone) = self.remove(turn, connection) {
            self.tell_of(turn, gone);
        }
    }

    /// The same for several at once. None of them is told of another one: that would be a square
    /// of messages if all of them watch.
    pub(super) fn release_all(&mut self, turn: &mut Turn<'_>, connections: &[ConnectionId]) {
        for gone in self.remove_all(turn, connections) {
            self.tell_of(turn, gone);
        }
    }

    /// As [`release_all`](Realm::release_all), but without a word to anybody, save that calls fail
    /// whose callees they were.
    pub(super) fn release_quietly(&mut self, turn: &mut Turn<'_>, connections: &[ConnectionId]) {
        let before = turn.happenings.len();
        for gone in self.remove_all(turn, connections) {
            self.dealer.release(turn, gone.connection, gone.session, &mut self.sessions);
        }
        turn.happenings.truncate(before);
    }

    fn remove_all(&mut self, turn: &mut Turn<'_>, connections: &[ConnectionId]) -> Vec<Gone> {
        let all: Vec<_> =
            connections.iter().filter_map(|connection| self.remove(turn, *connection)).collect();
        if all.len() > 1 {
            self.dealer.registrations.clear(all.iter().flat_map(|gone| {
                let registrations = gone.session.registrations.ids();
                registrations.into_iter().map(|id| (id, gone.connection))
            }));
        }
        all
    }

    /// From here on nothing reaches it.
    fn remove(&mut self, turn: &mut Turn<'_>, connection: ConnectionId) -> Option<Gone> {
        let testaments = self.testaments.remove(&connection);
        let session = self.sessions.remove(&connection)?;
        self.connections.remove(&session.identity.session);
        let before = turn.happenings.len();
        self.broker.release(turn, connection, &session);
        let happenings = turn.happenings.split_off(before);
        Some(Gone { connection, session, testaments, happenings })
    }

    fn tell_of(&mut self, turn: &mut Turn<'_>, gone: Gone) {
        let Gone { connection, session, testaments, happenings } = gone;
        let identity = Arc::clone(&session.identity);
        // As the session itself would, but it gets nothing any more.
        for (message, disclosure) in testaments.into_iter().flat_map(Testaments::into_publications)
        {
            let gone = (connection, &session);
            // There is nobody left to be told that it failed.
            let _ = self.broker.publish_for_gone(turn, gone, &self.sessions, message, disclosure);
        }
        turn.happenings.extend(happenings);
        self.dealer.release(turn, connection, session, &mut self.sessions);
        self.publish_happenings(turn);
        meta::left(self, turn, &identity);
    }

    /// Tells those who watch what has changed in this turn.
    pub(super) fn publish_happenings(&mut self, turn: &mut Turn<'_>) {
        for happening in std::mem::take(&mut turn.happenings) {
            meta::publish(self, turn, happening);
        }
    }

    /// Sessions, subscriptions, registrations and calls under way.
    pub(super) fn counts(&self) -> [usize; 4] {
        let calls = self.sessions.values().map(|session| session.calls.len()).sum();
        [
            self.sessions.len(),
            self.broker.subscriptions(),
            self.dealer.registrations.index().len(),
            calls,
        ]
    }

    /// Takes a message of a joined session; all but the end of the session.
    pub(super) fn handle(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Message,
    ) -> Result<(), Violation> {
        let Realm { sessions, dealer, .. } = self;
        let Some(session) = sessions.get_mut(&from) else { return Ok(()) };
        let (ruled, name) = (session.role.is_some(), message.name());
        if ruled && let Some(waiting) = &mut session.waiting {
            return waiting.hold(message);
        }
        let request = match &message {
            Message::Publish(message) => message.request,
            Message::Subscribe(message) => message.request,
            Message::Unsubscribe(message) => message.request,
            Message::Register(message) => message.request,
            Message::Unregister(message) => message.request,
            Message::Call(call) => {
                session.highest_call = session.highest_call.max(call.request);
                // It may continue an earlier one.
                if !dealer.admit(turn, from, sessions, call)? {
                    return Ok(());
                }
                return self.authorize(turn, from, message, ruled);
            }
            // What is no request.
            _ => {
                return match message {
                    Message::Yield(message) => dealer.r#yield(turn, from, sessions, message),
                    Message::Error(message) => dealer.error(turn, from, sessions, message),
                    Message::Cancel(message) => {
                        dealer.cancel(turn, from, sessions, &message);
                        Ok(())
                    }
                    _ => Err(Violation::new(format!("{name} cannot be sent in a session"))),
                };
            }
        };
        // The dealer has done so for CALL.
        if turn.config.strict_request_ids {
            session.check_request(name, request)?;
        }
        self.authorize(turn, from, message, ruled)
    }

    /// Does what a session asks for, if and when it may.
    fn authorize(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Message,
        ruled: bool,
    ) -> Result<(), Violation> {
        if !ruled {
            return self.perform(turn, from, message, Ok(Verdict::ALLOWED));
        }
        match self.judge(turn, from, message) {
            Some((message, outcome)) => self.perform(turn, from, message, outcome),
            None => Ok(()),
        }
    }

    /// Does what a session asks for, or says why not.
    pub(super) fn perform(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Message,
        verdict: Result<Verdict, ApplicationError>,
    ) -> Result<(), Violation> {
        let (kind, request, answered) = match &message {
            Message::Publish(publish) => {
                (RequestType::Publish, publish.request, publish.options.acknowledge == Some(true))
            }
            Message::Subscribe(subscribe) => (RequestType::Subscribe, subscribe.request, true),
            Message::Unsubscribe(message) => (RequestType::Unsubscribe, message.request, true),
            Message::Register(register) => (RequestType::Register, register.request, true),
            Message::Unregister(message) => (RequestType::Unregister, message.request, true),
            Message::Call(call) => (RequestType::Call, call.request, true),
            _ => return Ok(()),
        };
        let Realm { sessions, broker, dealer, .. } = self;
        let outcome = match (verdict, message) {
            (verdict, Message::Call(message)) => self.call(turn, from, message, verdict),
            (Err(error), _) => {
                if !answered {
                    turn.outputs.dropped(from, error.clone());
                }
                Err(error.into())
            }
            (Ok(verdict), Message::Publish(message)) => {
                let disclosure = verdict.disclosure(turn.config);
                broker.publish(turn, from, sessions, message, disclosure)
            }
            (_, Message::Register(message)) => dealer.register(turn, from, sessions, message),
            (_, message) => {
                let Some(session) = sessions.get_mut(&from) else { return Ok(()) };
                match message {
                    Message::Subscribe(message) => broker.subscribe(turn, from, session, message),
                    Message::Unsubscribe(message) => {
                        broker.unsubscribe(turn, from, session, &message)
                    }
                    Message::Unregister(message) => {
                        dealer.unregister(turn, from, session, &message)
                    }
                    _ => Ok(()),
                }
            }
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(Failure::Violation(violation)) => Err(violation),
            Err(Failure::Error(error)) => {
                if answered {
                    turn.outputs.error(from, kind, request, error);
                }
                Ok(())
            }
        }
    }

    /// A new call.
    fn call(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Call,
        verdict: Result<Verdict, ApplicationError>,
    ) -> Result<(), Failure> {
        let streams = message.options.progress == Some(true);
        let stream = streams.then(|| (message.request, message.procedure.clone()));
        let outcome = match verdict {
            Err(error) => Err(error.into()),
            Ok(verdict) => {
                let disclosure = verdict.disclosure(turn.config);
                if meta::answers(&message.procedure) {
                    meta::call(self, turn, from, &message, disclosure)
                } else {
                    self.dealer.call(turn, from, &mut self.sessions, message, disclosure)
                }
            }
        };
        if let (Err(_), Some((request, procedure))) = (&outcome, stream)
            && let Some(caller) = self.sessions.get_mut(&from)
        {
            // More arguments may be on their way.
            caller.cut_streams.insert(request, &procedure);
        }
        outcome
    }

    /// The rules of a role; none if there are no roles.
    pub(super) fn role(&self, name: &str) -> Option<usize> {
        // Nobody knows the first one's name, and it may do nothing.
        self.policy.as_ref().map(|policy| policy.find(name).unwrap_or(0))
    }

    /// Whether a session can have this role here.
    pub(super) fn knows_role(&self, name: &str) -> bool {
        self.policy.as_ref().is_none_or(|policy| policy.find(name).is_some())
    }

    /// How much of the meta API a session's call of this procedure finds; nothing if a rule denies
    /// it.
    pub(super) fn meta_api(
        &self,
        config: &RouterConfig,
        from: ConnectionId,
        procedure: &str,
    ) -> Option<MetaApi> {
        let Some(policy) = &self.policy else { return Some(config.meta_api) };
        let role = self.sessions.get(&from).and_then(|session| session.role);
        policy.get(role.unwrap_or(0)).and_then(|rules| rules.meta_api(procedure))
    }

    /// Takes back an invocation that cannot be carried to its callee.
    pub(super) fn refuse(
        &mut self,
        turn: &mut Turn<'_>,
        callee: ConnectionId,
        invocation: u64,
        error: ApplicationError,
    ) {
        self.dealer.refuse(turn, callee, &mut self.sessions, invocation, error);
    }

    /// Ends a call whose progressive result cannot be carried to its caller.
    pub(super) fn give_up(
        &mut self,
        turn: &mut Turn<'_>,
        caller: ConnectionId,
        request: u64,
        error: ApplicationError,
    ) {
        let sessions = &mut self.sessions;
        self.dealer.give_up(turn, sessions, caller, request, uris::CANCELED, error);
    }

    /// Tells a caller that the answer to its call cannot be carried to it.
    pub(super) fn replace_answer(
        &mut self,
        turn: &mut Turn<'_>,
        caller: ConnectionId,
        request: u64,
        error: ApplicationError,
    ) {
        if self.sessions.get(&caller).is_some_and(|session| session.may_have_asked(request)) {
            turn.outputs.error(caller, RequestType::Call, request, error);
        }
    }

    /// A call has taken too long.
    pub(super) fn time_out(&mut self, turn: &mut Turn<'_>, caller: ConnectionId, request: u64) {
        self.dealer.time_out(turn, &mut self.sessions, caller, request);
    }
}

/// That a URI in a request is one.
pub(super) fn check_uri(turn: &Turn<'_>, uri: &Uri, policy: Match) -> Result<(), ApplicationError> {
    let limit = turn.config.limits.uri_length;
    let kind = if policy == Match::Exact { "URI" } else { "URI pattern" };
    let wrong = if uri.len() > limit {
        format!("is longer than the limit of {limit} bytes")
    } else if !uri.check(turn.config.uri_rule, policy) {
        format!("is not a valid {kind}")
    } else if policy == Match::Wildcard && has_too_many_components(uri) {
        format!("has more than {MAX_COMPONENTS} components")
    } else {
        return Ok(());
    };
    Err(ApplicationError::new(uris::INVALID_URI).arg(format!("{} {wrong}", quote(uri))))
}

/// That a URI is one, and one that applications may register or publish to (spec: "URIs").
pub(super) fn check_own_uri(
    turn: &Turn<'_>,
    uri: &Uri,
    policy: Match,
) -> Result<(), ApplicationError> {
    check_uri(turn, uri, policy)?;
    if !is_reserved(uri) {
        return Ok(());
    }
    let text = format!("{}: names under \"wamp\" are the protocol's own", quote(uri));
    Err(ApplicationError::new(uris::INVALID_URI).arg(text))
}

/// Whether a name is one of the protocol's own.
pub(super) fn is_reserved(uri: &str) -> bool {
    uri.split('.').next() == Some("wamp")
}

/// A name as it is shown in an error: whole if it is not too long. What answers a request must not
/// be longer than the request.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// That a session may be in one more subscription or registration.
pub(super) fn check_room(
    turn: &Turn<'_>,
    held: &Held,
    policy: Match,
    of: Kind,
) -> Result<(), ApplicationError> {
    let limits = &turn.config.limits;
    let (limit, what) = match of {
        Kind::Subscription => (limits.subscriptions, "subscriptions"),
        Kind::Registration => (limits.registrations, "registrations"),
    };
    if held.len() >= limit {
        return Err(too_many(what, limit));
    }
    if policy == Match::Wildcard && held.wildcards() >= limits.wildcards {
        return Err(too_many(&format!("{what} by wildcard"), limits.wildcards));
    }
    Ok(())
}

/// A session holds as much as it may.
pub(super) fn too_many(what: &str, limit: usize) -> ApplicationError {
    ApplicationError::new(uris::UNAVAILABLE)
        .arg(format!("too many {what} in one session: the limit is {limit}"))
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
