//! `RealmCore`: one realm with its deadlines and outputs. Realms share nothing that changes.
//!
//! `authorizing` and `unusable` implement further inputs. After any input, drain
//! [`RealmCore::poll_output`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::{RandomIds, SequentialIds};
use crate::core::router::authorization::Policy;
use crate::core::router::config::RouterConfig;
use crate::core::router::connection::{ByConnection, ConnectionId};
use crate::core::router::door::{Entry, abort};
use crate::core::router::meta;
use crate::core::router::output::{CloseCause, Output, Outputs};
use crate::core::router::realm::Realm;
use crate::core::router::turn::{CallDeadlines, Turn};
use crate::core::router::undeliverable::Undeliverable;
use crate::error::{ApplicationError, Violation};
use crate::message::{ClosingDetails, Goodbye, Message};
use crate::uri::Uri;

/// The sessions of one realm: messages in, messages out.
#[derive(Debug)]
pub struct RealmCore {
    pub(super) config: Arc<RouterConfig>,
    name: Uri,
    pub(super) realm: Realm,
    ids: RandomIds,
    pub(super) outputs: Outputs,
    call_deadlines: CallDeadlines,
    /// Deadlines of the authorizer's answers.
    waits: ByConnection<Duration>,
    deadlines: BTreeSet<(Duration, ConnectionId)>,
    /// Ids of the questions to the authorizer.
    tickets: SequentialIds,
    down: bool,
}

impl RealmCore {
    pub(super) fn new(config: Arc<RouterConfig>, index: usize, name: Uri) -> Self {
        RealmCore {
            realm: empty(&config, &name),
            // The streams of connections are no multiples of 2^24.
            ids: RandomIds::of_stream(config.seed, (index as u64) << 24),
            config,
            name,
            outputs: Outputs::default(),
            call_deadlines: CallDeadlines::new(),
            waits: ByConnection::default(),
            deadlines: BTreeSet::new(),
            // Those of no two realms are the same.
            tickets: SequentialIds::after((index as u64) << 32),
            down: false,
        }
    }

    /// Returns whether the connection has a session here.
    pub fn is_member(&self, connection: ConnectionId) -> bool {
        self.realm.sessions.contains_key(&connection)
    }

    /// Returns whether the realm has shut down. Nobody can enter it any more.
    pub fn is_down(&self) -> bool {
        self.down
    }

    /// Adds a session and sends WELCOME.
    pub fn join(&mut self, now: Duration, connection: ConnectionId, entry: Entry) {
        let Entry { session, welcome, .. } = entry;
        self.outputs.send(connection, welcome);
        // Meta events of the join must follow WELCOME.
        self.turn(now, |realm, _| realm.join(connection, session));
    }

    /// Handles a message of a session. Does nothing for a connection without one.
    pub fn handle_message(&mut self, now: Duration, from: ConnectionId, message: Message) {
        if let Err(violation) = self.receive(now, from, message) {
            self.handle_violation(now, from, violation);
        }
    }

    /// Handles a message of a session, or returns why it ends the connection.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        from: ConnectionId,
        message: Message,
    ) -> Result<(), Violation> {
        match message {
            // A message that may end the session waits behind the request that waits for the
            // authorizer.
            Message::Goodbye(_) | Message::Abort(_) | Message::Hello(_)
                if self.realm.is_waiting(from) =>
            {
                self.turn(now, |realm, turn| realm.handle(turn, from, message))
            }
            Message::Goodbye(_) if self.is_member(from) => {
                self.release(now, from);
                self.goodbye(from, Uri::GOODBYE_AND_OUT);
                self.outputs.ended(from, None);
                Ok(())
            }
            Message::Abort(_) if self.is_member(from) => {
                self.release(now, from);
                self.outputs.ended(from, None);
                Ok(())
            }
            Message::Hello(_) if self.is_member(from) => {
                Err(Violation::new("HELLO in an established session"))
            }
            message => self.turn(now, |realm, turn| realm.handle(turn, from, message)),
        }
    }

    /// Handles bytes from a session that are not a valid message: sends ABORT and closes the
    /// connection.
    pub fn handle_violation(&mut self, now: Duration, from: ConnectionId, violation: Violation) {
        if self.is_member(from) {
            abort(from, Uri::PROTOCOL_VIOLATION, violation.message, &mut self.outputs);
            self.close(now, from, CloseCause::Violation);
        }
    }

    /// Handles the loss of a connection. Does nothing for one without a session.
    pub fn handle_disconnect(&mut self, now: Duration, connection: ConnectionId) {
        self.stop_waiting(connection);
        if self.is_member(connection) {
            self.release(now, connection);
        }
    }

    /// Handles a message that cannot be carried to a session, because the peer's format cannot
    /// express it or because it exceeds the peer's limit. The session that waits for it gets `error`;
    /// an event is dropped.
    pub fn handle_undeliverable(
        &mut self,
        now: Duration,
        to: ConnectionId,
        message: &Message,
        error: &ApplicationError,
    ) {
        if !self.is_member(to) {
            return;
        }
        let what = Undeliverable::of(message, error);
        let error = error.clone();
        match what {
            Undeliverable::Drop => {}
            Undeliverable::Refuse(request) => {
                self.turn(now, |realm, turn| realm.refuse(turn, to, request, error));
            }
            Undeliverable::GiveUp(request) => {
                self.turn(now, |realm, turn| realm.give_up(turn, to, request, error));
            }
            Undeliverable::Replace(request) => {
                self.turn(now, |realm, turn| realm.replace_answer(turn, to, request, error));
            }
            Undeliverable::Close => self.close(now, to, CloseCause::Undeliverable),
        }
    }

    /// Handles all deadlines that have passed. May be called at any time.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(&(deadline, id)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            self.stop_waiting(id);
            let limit = self.config.authorization_timeout;
            let why = format!("no answer from the authorizer within {limit:?}");
            self.decide(now, id, None, Err(&why));
        }
        if self.realm.is_behind {
            self.turn(now, Realm::publish_portion);
        }
        while let Some(&(deadline, id, request)) = self.call_deadlines.first() {
            if deadline > now {
                break;
            }
            self.call_deadlines.pop_first();
            self.turn(now, |realm, turn| realm.time_out(turn, id, request));
        }
    }

    /// Time at which [`handle_timeout`](RealmCore::handle_timeout) must be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        if self.realm.is_behind {
            return Some(Duration::ZERO);
        }
        let waits = self.deadlines.first().map(|(deadline, _)| *deadline);
        let calls = self.call_deadlines.first().map(|(deadline, ..)| *deadline);
        waits.into_iter().chain(calls).min()
    }

    /// Says GOODBYE to all sessions. Nobody can enter any more.
    pub fn shutdown(&mut self) {
        self.down = true;
        let mut all: Vec<_> = self.realm.sessions.keys().copied().collect();
        all.sort_unstable();
        for &id in &all {
            self.dismissed(id);
        }
        // All at once, so that no session is told of a call that fails because another session
        // ends.
        self.realm = empty(&self.config, &self.name);
        self.call_deadlines.clear();
    }

    /// Says GOODBYE to the sessions of these connections, as [`shutdown`](RealmCore::shutdown) does to
    /// all; used when one listener shuts down. Other sessions see them leave. The dismissed
    /// sessions do not see each other leave.
    pub fn dismiss(&mut self, now: Duration, connections: &[ConnectionId]) {
        let going: BTreeSet<_> =
            connections.iter().copied().filter(|id| self.is_member(*id)).collect();
        let going: Vec<_> = going.into_iter().collect();
        self.turn(now, |realm, turn| realm.release_all(turn, &going));
        for id in going {
            self.dismissed(id);
        }
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// Numbers of sessions, subscriptions, registrations and running calls.
    pub fn counts(&self) -> [usize; 4] {
        self.realm.counts()
    }

    /// Runs one step of the realm, and what follows from it.
    pub(super) fn turn<T>(
        &mut self,
        now: Duration,
        step: impl FnOnce(&mut Realm, &mut Turn<'_>) -> T,
    ) -> T {
        let RealmCore { realm, outputs, ids, config, call_deadlines, tickets, .. } = self;
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
        let result = step(realm, &mut turn);
        realm.publish_meta_events(&mut turn);
        let waiting = turn.waiting;
        for connection in turn.killed {
            self.leave(connection, CloseCause::Killed);
        }
        if let Some(connection) = waiting {
            let deadline = now.saturating_add(self.config.authorization_timeout);
            self.waits.insert(connection, deadline);
            self.deadlines.insert((deadline, connection));
        }
        result
    }

    /// Ends the wait for the authorizer. Returns whether there was one.
    pub(super) fn stop_waiting(&mut self, connection: ConnectionId) -> bool {
        let deadline = self.waits.remove(&connection);
        deadline.is_some_and(|deadline| self.deadlines.remove(&(deadline, connection)))
    }

    fn dismissed(&mut self, id: ConnectionId) {
        self.goodbye(id, Uri::SYSTEM_SHUTDOWN);
        self.leave(id, CloseCause::Shutdown);
    }

    /// Hands a connection that got GOODBYE back to its door.
    fn leave(&mut self, id: ConnectionId, cause: CloseCause) {
        if self.stop_waiting(id) {
            self.outputs.resume(id);
        }
        self.outputs.ended(id, Some(cause));
    }

    fn goodbye(&mut self, to: ConnectionId, reason: &str) {
        let details = ClosingDetails::default();
        self.outputs.send(to, Goodbye { details, reason: reason.into() });
    }

    fn release(&mut self, now: Duration, from: ConnectionId) {
        self.turn(now, |realm, turn| realm.release(turn, from));
    }

    fn close(&mut self, now: Duration, id: ConnectionId, cause: CloseCause) {
        self.handle_disconnect(now, id);
        self.outputs.close(id, cause);
    }
}

/// A realm without sessions.
fn empty(config: &RouterConfig, name: &Uri) -> Realm {
    let policy = Policy::of(config, name);
    let publishes_meta_events = meta::is_open_to_all(config, policy.as_ref(), "wamp.");
    Realm::new(name.clone(), config, policy, publishes_meta_events)
}
