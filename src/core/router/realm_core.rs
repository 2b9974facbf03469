//! `RealmCore`: one realm with its deadlines and outputs. Realms share nothing that changes.
//!
//! `authorizing` and `unusable` implement further inputs. After any input, drain
//! [`RealmCore::poll_output`].

use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::{RandomIds, SequentialIds};
use crate::core::router::authorization::Policy;
use crate::core::router::config::{Limits, RouterConfig};
use crate::core::router::connection::{ByConnection, ConnectionId};
use crate::core::router::deadlines::Deadlines;
use crate::core::router::door::{Entry, abort};
use crate::core::router::held::Held;
use crate::core::router::input::Input;
use crate::core::router::meta;
use crate::core::router::output::{CloseCause, Output, Outputs};
use crate::core::router::realm::Realm;
use crate::core::router::tables::shrink;
use crate::core::router::turn::{CallDeadlines, Turn};
use crate::core::router::undeliverable::Undeliverable;
use crate::error::{ApplicationError, Violation};
use crate::message::{ClosingDetails, Goodbye, Message};
use crate::uri::Uri;

/// The sessions of one realm: messages in, messages out.
#[derive(Debug)]
pub struct RealmCore {
    pub(super) config: Arc<RouterConfig>,
    pub(super) realm: Realm,
    ids: RandomIds,
    pub(super) outputs: Outputs,
    call_deadlines: CallDeadlines,
    /// Deadlines of the authorizer's answers.
    pub(super) waits: Deadlines,
    /// Connections whose sessions have left and still hold something; true if GOODBYE is the answer.
    parting: ByConnection<bool>,
    /// Weight of what the sessions hold.
    pub(super) held: Held,
    /// Ids of the questions to the authorizer.
    tickets: SequentialIds,
    down: bool,
}

impl RealmCore {
    pub(super) fn new(
        config: Arc<RouterConfig>,
        index: usize,
        name: Uri,
        policy: Option<Arc<Policy>>,
    ) -> Self {
        RealmCore {
            realm: empty(&config, name, policy),
            // The streams of connections are no multiples of 2^24.
            ids: RandomIds::of_stream(config.seed, (index as u64) << 24),
            config,
            outputs: Outputs::default(),
            call_deadlines: CallDeadlines::new(),
            waits: Deadlines::default(),
            parting: ByConnection::default(),
            held: Held::default(),
            // Those of no two realms are the same.
            tickets: SequentialIds::after((index as u64) << 32),
            down: false,
        }
    }

    /// Returns whether the connection has a session here. One that has said GOODBYE has it until
    /// [`Output::Ended`].
    pub fn is_member(&self, connection: ConnectionId) -> bool {
        self.has_session(connection) || self.parting.contains_key(&connection)
    }

    fn has_session(&self, connection: ConnectionId) -> bool {
        self.realm.sessions.contains_key(&connection)
    }

    /// Returns whether the next input of a connection has to wait: until [`Output::Resume`] or
    /// [`Output::Ended`], or until the realm is not [congested](Self::is_congested) any more. The driver
    /// holds it back.
    pub fn must_wait(&self, connection: ConnectionId, input: &Input) -> bool {
        self.realm.is_waiting(connection)
            || self.parting.contains_key(&connection)
            || self.is_congested() && input.is_change()
    }

    /// Returns whether so many meta events wait that requests that cause more have to wait.
    pub fn is_congested(&self) -> bool {
        self.realm.is_congested(&self.config)
    }

    /// The limits of the realm and its sessions.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Work so far: receivers of messages, look-ups of wildcards, retained events looked at. A driver lets
    /// others have their turn when it has grown much.
    pub fn work(&self) -> usize {
        self.outputs.work()
    }

    /// Weight in bytes of what the sessions hold, see [`Limits::realm_bytes`](super::Limits::realm_bytes).
    pub fn held_bytes(&self) -> usize {
        self.held.bytes()
    }

    /// Handles an input of a session. Does nothing for a connection without one.
    pub fn handle(&mut self, now: Duration, from: ConnectionId, input: Input) {
        match input {
            Input::Message(message) => self.handle_message(now, from, message),
            Input::Violation(violation) => self.handle_violation(now, from, violation),
            Input::Unusable(unusable) => self.handle_unusable(now, from, &unusable),
            Input::End => self.handle_disconnect(now, from),
        }
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
    fn receive(
        &mut self,
        now: Duration,
        from: ConnectionId,
        message: Message,
    ) -> Result<(), Violation> {
        match message {
            Message::Goodbye(_) | Message::Abort(_) if self.has_session(from) => {
                let answered = matches!(message, Message::Goodbye(_));
                self.waits.set(from, None);
                self.parting.insert(from, answered);
                self.release(now, from);
                Ok(())
            }
            Message::Hello(_) if self.has_session(from) => {
                Err(Violation::new("HELLO in an established session"))
            }
            message => self.turn(now, |realm, turn| realm.handle(turn, from, message)),
        }
    }

    /// Handles bytes from a session that are not a valid message: sends ABORT and closes the
    /// connection.
    pub fn handle_violation(&mut self, now: Duration, from: ConnectionId, violation: Violation) {
        if self.has_session(from) {
            abort(from, Uri::PROTOCOL_VIOLATION, violation.message, &mut self.outputs);
            self.close(now, from, CloseCause::Violation);
        }
    }

    /// Handles the loss of a connection. Does nothing for one without a session.
    pub fn handle_disconnect(&mut self, now: Duration, connection: ConnectionId) {
        self.waits.set(connection, None);
        self.parting.remove(&connection);
        shrink(&mut self.parting);
        if self.has_session(connection) {
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
        if !self.has_session(to) {
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

    /// Handles deadlines that have passed, and goes on with what earlier steps have left to do, up to a
    /// bound. May be called at any time.
    pub fn handle_timeout(&mut self, now: Duration) {
        let most = self.config.portion;
        for _ in 0..most {
            let Some(id) = self.waits.take_passed(now) else { break };
            let limit = self.config.authorization_timeout;
            let why = format!("no answer from the authorizer within {limit:?}");
            self.decide(now, id, None, Err(&why));
        }
        if !self.realm.leaving.is_empty() && !self.is_congested() {
            self.turn(now, Realm::leave_portion);
        } else if self.realm.is_behind {
            self.turn(now, Realm::publish_portion);
        }
        for _ in 0..most {
            let Some(&(deadline, id, request)) = self.call_deadlines.first() else { break };
            if deadline > now {
                break;
            }
            self.call_deadlines.pop_first();
            self.turn(now, |realm, turn| realm.time_out(turn, id, request));
        }
    }

    /// Time at which [`handle_timeout`](RealmCore::handle_timeout) must be called. If it has come
    /// already, others may take a step before.
    pub fn poll_timeout(&self) -> Option<Duration> {
        if self.realm.is_behind || !self.realm.leaving.is_empty() {
            return Some(Duration::ZERO);
        }
        let waits = self.waits.next();
        let calls = self.call_deadlines.first().map(|(deadline, ..)| *deadline);
        waits.into_iter().chain(calls).min()
    }

    /// Says GOODBYE to all sessions. Nobody can enter any more. Returns what is left of them, to be
    /// dropped when no other session waits for it.
    pub fn shutdown(&mut self) -> Remains {
        self.down = true;
        for (id, answered) in sorted(std::mem::take(&mut self.parting)) {
            self.part(id, answered);
        }
        for id in sorted(self.realm.sessions.keys().copied()) {
            self.dismissed(id);
        }
        // All at once, so that no session is told of a call that fails because another session
        // ends.
        let (name, policy) = (self.realm.name.clone(), self.realm.policy.clone());
        let empty = empty(&self.config, name, policy);
        let realm = std::mem::replace(&mut self.realm, empty);
        self.held = Held::default();
        Remains { _realm: realm, _deadlines: std::mem::take(&mut self.call_deadlines) }
    }

    /// Says GOODBYE to the sessions of these connections, as [`shutdown`](RealmCore::shutdown) does to
    /// all; used when one listener shuts down. Other sessions see them leave. The dismissed
    /// sessions do not see each other leave.
    pub fn dismiss(&mut self, now: Duration, connections: &[ConnectionId]) {
        let going = connections.iter().copied().filter(|id| self.has_session(*id));
        let mut going = sorted(going);
        going.dedup();
        self.turn(now, |realm, turn| realm.release(turn, &going, false));
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
        let RealmCore { realm, outputs, ids, config, call_deadlines, tickets, held, .. } = self;
        let (meta_events, killed, left, waiting) = (Vec::new(), Vec::new(), Vec::new(), None);
        let mut turn = Turn {
            now,
            outputs,
            ids,
            config,
            call_deadlines,
            meta_events,
            killed,
            left,
            held,
            tickets,
            waiting,
        };
        let result = step(realm, &mut turn);
        realm.publish_meta_events(&mut turn);
        let Turn { waiting, killed, left, .. } = turn;
        for connection in killed {
            self.leave(connection, CloseCause::Killed);
        }
        for connection in left {
            if let Some(answered) = self.parting.remove(&connection) {
                shrink(&mut self.parting);
                self.part(connection, answered);
            }
        }
        if let Some(connection) = waiting {
            let deadline = now.saturating_add(self.config.authorization_timeout);
            self.waits.set(connection, Some(deadline));
        }
        result
    }

    /// Ends the session of a connection that has left by itself.
    fn part(&mut self, id: ConnectionId, answered: bool) {
        if answered {
            self.goodbye(id, Uri::GOODBYE_AND_OUT);
        }
        self.outputs.ended(id, None);
    }

    fn dismissed(&mut self, id: ConnectionId) {
        self.goodbye(id, Uri::SYSTEM_SHUTDOWN);
        self.leave(id, CloseCause::Shutdown);
    }

    /// Hands a connection that got GOODBYE back to its door.
    fn leave(&mut self, id: ConnectionId, cause: CloseCause) {
        if self.waits.set(id, None) {
            self.outputs.resume(id);
        }
        self.outputs.ended(id, Some(cause));
    }

    fn goodbye(&mut self, to: ConnectionId, reason: &str) {
        let details = ClosingDetails::default();
        self.outputs.send(to, Goodbye { details, reason: reason.into() });
    }

    fn release(&mut self, now: Duration, from: ConnectionId) {
        self.turn(now, |realm, turn| realm.release(turn, &[from], false));
    }

    fn close(&mut self, now: Duration, id: ConnectionId, cause: CloseCause) {
        self.handle_disconnect(now, id);
        self.outputs.close(id, cause);
    }
}

/// What is left of a realm that has shut down.
#[derive(Debug)]
#[must_use = "dropping it takes time"]
pub struct Remains {
    _realm: Realm,
    _deadlines: CallDeadlines,
}

fn sorted<T: Ord>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_unstable();
    all
}

/// A realm without sessions.
fn empty(config: &RouterConfig, name: Uri, policy: Option<Arc<Policy>>) -> Realm {
    let publishes_meta_events = meta::is_open_to_all(config, policy.as_deref(), "wamp.");
    Realm::new(name, config, policy, publishes_meta_events)
}
