//! `RouterCore`: the doors and realms of a router together, with one queue of outputs.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::core::router::Statistics;
use crate::core::router::authentication::{Denied, Principal};
use crate::core::router::authorization::Authorization;
use crate::core::router::config::RouterConfig;
use crate::core::router::connection::{ByConnection, ConnectionId, Peer};
use crate::core::router::deadlines::Deadlines;
use crate::core::router::door::{Door, Entry};
use crate::core::router::gate::Gate;
use crate::core::router::input::Input;
use crate::core::router::output::{CloseCause, Output, Outputs};
use crate::core::router::realm_core::RealmCore;
use crate::core::router::tables::shrink;
use crate::error::{ApplicationError, Violation};
use crate::message::Message;
use crate::message::unusable::Unusable;

/// The router without sockets and clock: messages in, messages out. For programs with one thread; a
/// driver for several has a lock for each [`RealmCore`], and treats inputs in the same way: those that
/// [must wait](RealmCore::must_wait) are held back in their order.
#[derive(Debug)]
pub struct RouterCore {
    gate: Gate,
    seats: ByConnection<Seat>,
    realms: Vec<RealmCore>,
    outputs: Outputs,
    /// Deadlines of the doors.
    deadlines: Deadlines,
    /// Connections with inputs that wait.
    waiting: BTreeSet<ConnectionId>,
    last_connection: u64,
    shutting_down: bool,
}

/// A connection, and its inputs that wait.
#[derive(Debug)]
struct Seat {
    door: Door,
    inputs: VecDeque<Input>,
}

impl RouterCore {
    /// Creates a router without connections.
    pub fn new(config: RouterConfig) -> Self {
        let (gate, realms) = Gate::new(config);
        RouterCore {
            gate,
            seats: ByConnection::default(),
            realms,
            outputs: Outputs::default(),
            deadlines: Deadlines::default(),
            waiting: BTreeSet::new(),
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
        self.handle(now, from, Input::Message(message));
    }

    /// Handles bytes from a peer that are not a valid message: sends ABORT and closes the
    /// connection.
    pub fn handle_violation(&mut self, now: Duration, from: ConnectionId, violation: Violation) {
        self.handle(now, from, Input::Violation(violation));
    }

    /// Handles a message that is well-formed and cannot be used, in place of
    /// [`handle_message`](RouterCore::handle_message).
    pub fn handle_unusable(&mut self, now: Duration, from: ConnectionId, unusable: Unusable) {
        self.handle(now, from, Input::Unusable(unusable));
    }

    /// Handles the loss of a connection. Inputs that wait are lost, too.
    pub fn handle_disconnect(&mut self, now: Duration, connection: ConnectionId) {
        let Some(seat) = self.seats.remove(&connection) else { return };
        shrink(&mut self.seats);
        self.deadlines.set(connection, None);
        if let Some(realm) = seat.door.realm() {
            self.realms[realm].handle_disconnect(now, connection);
        }
        self.go_on(now);
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
        let Some(seat) = self.seats.get_mut(&to) else { return };
        match seat.door.realm() {
            Some(realm) => self.realms[realm].handle_undeliverable(now, to, message, error),
            None => seat.door.handle_undeliverable(message, error, &mut self.outputs),
        }
        self.settle(to);
        self.go_on(now);
    }

    /// Takes the application's answer to [`Output::Authenticate`]: the principal of the client, or a
    /// refusal. Does nothing if the connection has gone.
    pub fn handle_authenticated(
        &mut self,
        now: Duration,
        connection: ConnectionId,
        answer: Result<Principal, Denied>,
    ) {
        let seat = self.seats.get_mut(&connection);
        let Some(seat) = seat.filter(|seat| seat.door.is_asked()) else { return };
        let entry = seat.door.handle_authenticated(&self.gate, now, answer, &mut self.outputs);
        self.enter(now, connection, entry);
        // The connection may have been closed.
        if self.seats.contains_key(&connection) {
            self.outputs.resume(connection);
        }
        self.go_on(now);
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
        let realm = self.seats.get(&connection).and_then(|seat| seat.door.realm());
        if let Some(realm) = realm {
            self.realms[realm].handle_authorized(now, connection, ticket, decided);
        }
        self.go_on(now);
    }

    /// Handles deadlines that have passed, and goes on with what earlier steps have left to do, up to a
    /// bound. May be called at any time.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(id) = self.deadlines.take_passed(now) {
            if let Some(seat) = self.seats.get_mut(&id) {
                seat.door.handle_timeout(&self.gate, now, &mut self.outputs);
                self.settle(id);
            }
        }
        for realm in &mut self.realms {
            realm.handle_timeout(now);
        }
        self.go_on(now);
    }

    /// Time at which [`handle_timeout`](RouterCore::handle_timeout) must be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let realms = self.realms.iter().filter_map(RealmCore::poll_timeout);
        realms.chain(self.deadlines.next()).min()
    }

    /// Says GOODBYE to all sessions. Each connection is closed when its peer has answered, at the
    /// latest after the goodbye timeout; new connections are closed at once.
    pub fn shutdown(&mut self, now: Duration) {
        self.shutting_down = true;
        let mut all: Vec<_> = self.seats.keys().copied().collect();
        all.sort_unstable();
        self.close_doors(&all);
        for realm in &mut self.realms {
            drop(realm.shutdown());
        }
        self.go_on(now);
    }

    /// Says GOODBYE to the sessions of these connections, as [`shutdown`](RouterCore::shutdown) does to
    /// all; used when one listener shuts down. Other sessions see them leave. The dismissed
    /// sessions do not see each other leave.
    pub fn dismiss(&mut self, now: Duration, connections: &[ConnectionId]) {
        self.close_doors(connections);
        for realm in &mut self.realms {
            realm.dismiss(now, connections);
        }
        self.go_on(now);
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// Current numbers of connections, sessions, subscriptions, registrations and calls.
    pub fn statistics(&self) -> Statistics {
        let mut all = Statistics { connections: self.seats.len(), ..Default::default() };
        self.realms.iter().for_each(|realm| all.add(realm));
        all
    }

    /// Weight in bytes of what the sessions of all realms hold.
    pub fn held_bytes(&self) -> usize {
        self.realms.iter().map(RealmCore::held_bytes).sum()
    }

    fn add(&mut self, now: Duration, peer: Peer, trusted: Option<Principal>) -> ConnectionId {
        self.last_connection += 1;
        let id = ConnectionId::new(self.last_connection);
        if self.shutting_down {
            self.outputs.close(id, CloseCause::Shutdown);
            return id;
        }
        let door = Door::new(&self.gate, now, id, peer, trusted);
        self.seats.insert(id, Seat { door, inputs: VecDeque::new() });
        self.settle(id);
        id
    }

    fn handle(&mut self, now: Duration, from: ConnectionId, input: Input) {
        let Some(seat) = self.seats.get_mut(&from) else { return };
        seat.inputs.push_back(input);
        self.waiting.insert(from);
        self.go_on(now);
    }

    /// Collects the outputs of the realms, and passes on the inputs that need not wait, until nothing
    /// changes any more.
    fn go_on(&mut self, now: Duration) {
        self.drain(now);
        let mut next = self.waiting.first().copied();
        while let Some(id) = next {
            if self.pass(now, id) {
                self.drain(now);
                // It may have been what others wait for.
                next = self.waiting.first().copied();
            } else {
                next = self.waiting.range(id..).find(|other| **other != id).copied();
            }
        }
    }

    /// Passes the next input of a connection to its session, or to its door. Returns false if there is
    /// none, or if it has to wait.
    fn pass(&mut self, now: Duration, id: ConnectionId) -> bool {
        let seat = self.seats.get_mut(&id).filter(|seat| !seat.inputs.is_empty());
        let Some(seat) = seat else {
            self.waiting.remove(&id);
            return false;
        };
        let Some(input) = seat.inputs.pop_front() else { return false };
        let realm = seat.door.realm();
        let waits = match realm {
            Some(realm) => self.realms[realm].must_wait(id, &input),
            None => seat.door.is_asked(),
        };
        if waits {
            seat.inputs.push_front(input);
            return false;
        }
        match realm {
            Some(realm) => self.realms[realm].handle(now, id, input),
            None => {
                let entry = seat.door.handle(&self.gate, now, input, &mut self.outputs);
                self.enter(now, id, entry);
            }
        }
        true
    }

    fn enter(&mut self, now: Duration, id: ConnectionId, entry: Option<Box<Entry>>) {
        self.settle(id);
        if let Some(entry) = entry {
            let realm = entry.realm();
            self.realms[realm].join(now, id, *entry);
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
        self.go_on(now);
        result
    }

    /// Moves the outputs of the realms into the queue.
    fn drain(&mut self, now: Duration) {
        for realm in 0..self.realms.len() {
            while let Some(output) = self.realms[realm].poll_output() {
                match output {
                    Output::Ended { connection, cause } => {
                        if let Some(seat) = self.seats.get_mut(&connection) {
                            seat.door.returned(&self.gate, now, cause);
                            self.settle(connection);
                        }
                    }
                    Output::Close { connection, .. } => {
                        if let Some(seat) = self.seats.get_mut(&connection) {
                            seat.door.closed();
                            self.settle(connection);
                        }
                        self.outputs.push(output);
                    }
                    output => self.outputs.push(output),
                }
            }
        }
    }

    fn close_doors(&mut self, connections: &[ConnectionId]) {
        for id in connections {
            if let Some(seat) = self.seats.get_mut(id) {
                seat.door.dismiss(&mut self.outputs);
                self.settle(*id);
            }
        }
    }

    /// Notes the deadline of a door, and forgets a closed one.
    fn settle(&mut self, id: ConnectionId) {
        let Some(seat) = self.seats.get(&id) else { return };
        let deadline = seat.door.poll_timeout();
        if seat.door.is_closed() {
            self.seats.remove(&id);
            shrink(&mut self.seats);
        }
        self.deadlines.set(id, deadline);
    }
}
