//! `RouterCore`: the doors and realms of a router together, with one queue of outputs.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::core::router::Statistics;
use crate::core::router::authentication::{Denied, Principal};
use crate::core::router::authorization::Authorization;
use crate::core::router::config::RouterConfig;
use crate::core::router::connection::{ByConnection, ConnectionId, Peer};
use crate::core::router::door::{Door, Entry};
use crate::core::router::gate::Gate;
use crate::core::router::output::{CloseCause, Output, Outputs};
use crate::core::router::realm_core::RealmCore;
use crate::error::{ApplicationError, Violation};
use crate::message::Message;
use crate::message::unusable::Unusable;

/// The router without sockets and clock: messages in, messages out. For programs with one thread; a
/// driver for several has a lock for each [`RealmCore`].
#[derive(Debug)]
pub struct RouterCore {
    gate: Gate,
    doors: ByConnection<Door>,
    realms: Vec<RealmCore>,
    outputs: Outputs,
    deadlines: BTreeSet<(Duration, ConnectionId)>,
    /// The deadline of each door that has one.
    noted: ByConnection<Duration>,
    last_connection: u64,
    shutting_down: bool,
}

impl RouterCore {
    /// Creates a router without connections.
    pub fn new(config: RouterConfig) -> Self {
        let (gate, realms) = Gate::new(config);
        RouterCore {
            gate,
            doors: ByConnection::default(),
            realms,
            outputs: Outputs::default(),
            deadlines: BTreeSet::new(),
            noted: ByConnection::default(),
            last_connection: 0,
            shutting_down: false,
        }
    }

    /// Adds a connection. HELLO must follow within the handshake timeout.
    pub fn connect(&mut self, now: Duration) -> ConnectionId {
        self.connect_from(now, Peer::default())
    }

    /// Adds a connection with what the transport knows of the peer.
    pub fn connect_from(&mut self, now: Duration, peer: Peer) -> ConnectionId {
        self.add(now, peer, None)
    }

    /// Adds a connection of a peer that needs no authentication: it joins as this principal
    /// whatever HELLO offers. The principal's credential and realm are ignored.
    pub fn connect_trusted(
        &mut self,
        now: Duration,
        peer: Peer,
        principal: Principal,
    ) -> ConnectionId {
        self.add(now, peer, Some(principal))
    }

    /// Handles a message from a peer.
    pub fn handle_message(&mut self, now: Duration, from: ConnectionId, message: Message) {
        self.input(
            now,
            from,
            |door, gate, out, message| door.handle_message(gate, now, message, out),
            |realm, message| realm.handle_message(now, from, message),
            message,
        );
    }

    /// Handles bytes from a peer that are not a valid message: sends ABORT and closes the
    /// connection.
    pub fn handle_violation(&mut self, now: Duration, from: ConnectionId, violation: Violation) {
        self.input(
            now,
            from,
            |door, _, out, violation| {
                door.handle_violation(violation, out);
                None
            },
            |realm, violation| realm.handle_violation(now, from, violation),
            violation,
        );
    }

    /// Handles a message that is well-formed and cannot be used, in place of
    /// [`handle_message`](RouterCore::handle_message).
    pub fn handle_unusable(&mut self, now: Duration, from: ConnectionId, unusable: &Unusable) {
        self.input(
            now,
            from,
            |door, _, out, ()| {
                door.handle_unusable(unusable, out);
                None
            },
            |realm, ()| realm.handle_unusable(now, from, unusable),
            (),
        );
    }

    /// Handles the loss of a connection.
    pub fn handle_disconnect(&mut self, now: Duration, connection: ConnectionId) {
        let Some(door) = self.doors.remove(&connection) else { return };
        self.note(connection, None);
        if let Some(realm) = door.realm() {
            self.realms[realm].handle_disconnect(now, connection);
            self.drain(now, realm);
        }
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
        self.input(
            now,
            to,
            |door, _, out, ()| {
                door.handle_undeliverable(message, error, out);
                None
            },
            |realm, ()| realm.handle_undeliverable(now, to, message, error),
            (),
        );
    }

    /// Takes the application's answer to [`Output::Authenticate`]: the principal of the client, or a
    /// refusal. Does nothing if the connection has gone.
    pub fn handle_authenticated(
        &mut self,
        now: Duration,
        connection: ConnectionId,
        answer: Result<Principal, Denied>,
    ) {
        let door = self.doors.get_mut(&connection);
        let Some(door) = door.filter(|door| door.is_asked()) else { return };
        let entry = door.handle_authenticated(&self.gate, now, answer, &mut self.outputs);
        self.enter(now, connection, entry);
        // The connection may have been closed.
        if self.doors.contains_key(&connection) {
            self.outputs.resume(connection);
        }
    }

    /// Takes the authorizer's answer to [`Output::Authorize`]; `None` if the authorizer has failed.
    /// The waiting request is performed or refused, and the session goes on. A late answer, or one
    /// for a session that has ended, is ignored.
    pub fn handle_authorized(
        &mut self,
        now: Duration,
        connection: ConnectionId,
        ticket: u64,
        decided: Option<Authorization>,
    ) {
        let door = self.doors.get(&connection);
        let Some(realm) = door.and_then(Door::realm) else { return };
        self.realms[realm].handle_authorized(now, connection, ticket, decided);
        self.drain(now, realm);
    }

    /// Handles all deadlines that have passed. May be called at any time.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(&(deadline, id)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            self.note(id, None);
            if let Some(door) = self.doors.get_mut(&id) {
                door.handle_timeout(&self.gate, now, &mut self.outputs);
                self.settle(id);
            }
        }
        for realm in 0..self.realms.len() {
            self.realms[realm].handle_timeout(now);
            self.drain(now, realm);
        }
    }

    /// Time at which [`handle_timeout`](RouterCore::handle_timeout) must be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let doors = self.deadlines.first().map(|(deadline, _)| *deadline);
        let realms = self.realms.iter().filter_map(RealmCore::poll_timeout);
        realms.chain(doors).min()
    }

    /// Says GOODBYE to all sessions. Each connection is closed when its peer has answered, at the
    /// latest after the goodbye timeout; new connections are closed at once.
    pub fn shutdown(&mut self, now: Duration) {
        self.shutting_down = true;
        let mut all: Vec<_> = self.doors.keys().copied().collect();
        all.sort_unstable();
        self.close_doors(&all);
        for realm in 0..self.realms.len() {
            self.realms[realm].shutdown();
            self.drain(now, realm);
        }
    }

    /// Says GOODBYE to the sessions of these connections, as [`shutdown`](RouterCore::shutdown) does to
    /// all; used when one listener shuts down. Other sessions see them leave. The dismissed
    /// sessions do not see each other leave.
    pub fn dismiss(&mut self, now: Duration, connections: &[ConnectionId]) {
        self.close_doors(connections);
        for realm in 0..self.realms.len() {
            self.realms[realm].dismiss(now, connections);
            self.drain(now, realm);
        }
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// Current numbers of connections, sessions, subscriptions, registrations and calls.
    pub fn statistics(&self) -> Statistics {
        let mut all = Statistics { connections: self.doors.len(), ..Default::default() };
        self.realms.iter().for_each(|realm| all.add(realm));
        all
    }

    fn add(&mut self, now: Duration, peer: Peer, trusted: Option<Principal>) -> ConnectionId {
        self.last_connection += 1;
        let id = ConnectionId::new(self.last_connection);
        if self.shutting_down {
            self.outputs.close(id, CloseCause::Shutdown);
            return id;
        }
        self.doors.insert(id, Door::new(&self.gate, now, id, peer, trusted));
        self.settle(id);
        id
    }

    /// Passes an input to the session of a connection, or to its door.
    fn input<T>(
        &mut self,
        now: Duration,
        from: ConnectionId,
        to_door: impl FnOnce(&mut Door, &Gate, &mut Outputs, T) -> Option<Box<Entry>>,
        to_realm: impl FnOnce(&mut RealmCore, T),
        input: T,
    ) {
        let Some(door) = self.doors.get_mut(&from) else { return };
        if let Some(realm) = door.realm() {
            to_realm(&mut self.realms[realm], input);
            self.drain(now, realm);
        } else {
            let entry = to_door(door, &self.gate, &mut self.outputs, input);
            self.enter(now, from, entry);
        }
    }

    fn enter(&mut self, now: Duration, id: ConnectionId, entry: Option<Box<Entry>>) {
        self.settle(id);
        if let Some(entry) = entry {
            let realm = entry.realm();
            self.realms[realm].join(now, id, *entry);
            self.drain(now, realm);
        }
    }

    /// Runs one step of a realm, for the tests of its parts.
    #[cfg(test)]
    pub(super) fn turn<T>(
        &mut self,
        now: Duration,
        realm: usize,
        step: impl FnOnce(
            &mut crate::core::router::realm::Realm,
            &mut crate::core::router::turn::Turn<'_>,
        ) -> T,
    ) -> T {
        let result = self.realms[realm].turn(now, step);
        self.drain(now, realm);
        result
    }

    /// Moves the outputs of a realm into the queue.
    fn drain(&mut self, now: Duration, realm: usize) {
        let mut unread = Vec::new();
        while let Some(output) = self.realms[realm].poll_output() {
            match output {
                Output::Ended { connection, cause } => {
                    if let Some(door) = self.doors.get_mut(&connection) {
                        door.returned(&self.gate, now, cause);
                        self.settle(connection);
                    }
                }
                Output::Unread { connection, messages } => unread.push((connection, messages)),
                Output::Close { connection, .. } => {
                    if let Some(door) = self.doors.get_mut(&connection) {
                        door.closed();
                        self.settle(connection);
                    }
                    self.outputs.push(output);
                }
                output => self.outputs.push(output),
            }
        }
        for (connection, messages) in unread {
            self.read_again(now, connection, messages);
        }
    }

    fn read_again(&mut self, now: Duration, from: ConnectionId, messages: VecDeque<Message>) {
        for message in messages {
            self.handle_message(now, from, message);
        }
    }

    fn close_doors(&mut self, connections: &[ConnectionId]) {
        for id in connections {
            if let Some(door) = self.doors.get_mut(id) {
                door.dismiss(&mut self.outputs);
                self.settle(*id);
            }
        }
    }

    /// Notes the deadline of a door, and forgets a closed one.
    fn settle(&mut self, id: ConnectionId) {
        let Some(door) = self.doors.get(&id) else { return };
        let deadline = door.poll_timeout();
        if door.is_closed() {
            self.doors.remove(&id);
        }
        self.note(id, deadline);
    }

    fn note(&mut self, id: ConnectionId, deadline: Option<Duration>) {
        let old = match deadline {
            Some(deadline) => self.noted.insert(id, deadline),
            None => self.noted.remove(&id),
        };
        if let Some(old) = old {
            self.deadlines.remove(&(old, id));
        }
        self.deadlines.extend(deadline.map(|deadline| (deadline, id)));
    }
}
