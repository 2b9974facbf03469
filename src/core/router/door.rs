//! `Door`: one connection while it has no session: HELLO, challenges, GOODBYE, deadlines.
//!
//! `joining` implements the steps of joining. A session lives in its realm; the door learns of its end
//! by [`Door::returned`].

use std::sync::Arc;
use std::time::Duration;

use crate::core::router::authentication::{Attempt, Principal, ProxyMethods};
use crate::core::router::connection::{ConnectionId, Peer};
use crate::core::router::gate::Gate;
use crate::core::router::input::Input;
use crate::core::router::output::{CloseCause, Outputs};
use crate::core::router::session::Session;
use crate::core::router::undeliverable::Undeliverable;
use crate::error::{ApplicationError, Violation};
use crate::message::unusable::Unusable;
use crate::message::{Abort, ClosingDetails, Message, Payload, Welcome};
use crate::uri::Uri;

/// A connection without its session. Each has its own: no other connection waits for its steps.
#[derive(Debug)]
pub struct Door {
    pub(super) id: ConnectionId,
    pub(super) state: State,
    deadline: Option<Duration>,
    pub(super) peer: Arc<Peer>,
    /// The principal of a peer that needs no authentication.
    pub(super) trusted: Option<Box<Principal>>,
    pub(super) proxies: ProxyMethods,
    /// True if the connection has had a session before.
    pub(super) left: bool,
    /// Present in the states `Challenged` and `Asked`.
    pub(super) attempt: Option<Box<Attempt>>,
    /// Number of attempts with a challenge or a question that led to no session.
    pub(super) attempts: u32,
    /// Number of steps that have drawn ids.
    pub(super) steps: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No session. HELLO must come before the deadline.
    Idle,
    /// CHALLENGE was sent. AUTHENTICATE must come before the deadline.
    Challenged,
    /// The application is asked for the principal.
    Asked,
    /// A session on the realm with this index.
    Joined(usize),
    /// GOODBYE was sent. The connection is closed at the peer's answer, or at the deadline.
    Leaving(CloseCause),
    /// The connection was closed.
    Closed,
}

/// A session that enters its realm.
#[derive(Debug)]
pub struct Entry {
    pub(super) realm: usize,
    pub(super) session: Session,
    pub(super) welcome: Welcome,
}

impl Entry {
    /// Index of the realm.
    pub fn realm(&self) -> usize {
        self.realm
    }
}

impl Door {
    /// Creates the door of a connection. HELLO must follow within the handshake timeout. A peer with
    /// a principal needs no authentication: it joins as this principal whatever HELLO offers. The
    /// principal's credential and realm are ignored.
    pub fn new(
        gate: &Gate,
        now: Duration,
        id: ConnectionId,
        peer: Peer,
        trusted: Option<Principal>,
    ) -> Self {
        let trusted = trusted.map(|principal| Box::new(Principal { realm: None, ..principal }));
        Door {
            id,
            state: State::Idle,
            deadline: Some(now.saturating_add(gate.config.handshake_timeout)),
            peer: Arc::new(peer),
            trusted,
            proxies: ProxyMethods::default(),
            left: false,
            attempt: None,
            attempts: 0,
            steps: 0,
        }
    }

    /// Lets the peer join for others by these methods.
    pub(crate) fn allow(&mut self, proxies: ProxyMethods) {
        self.proxies = proxies;
    }

    /// Id of the connection.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// The realm of the session, if there is one.
    pub fn realm(&self) -> Option<usize> {
        match self.state {
            State::Joined(realm) => Some(realm),
            _ => None,
        }
    }

    /// Returns whether the peer has still to join. A peer that got GOODBYE is none: it may be sending
    /// what a session may.
    pub fn is_stranger(&self) -> bool {
        matches!(self.state, State::Idle | State::Challenged | State::Asked)
    }

    /// Returns whether the application is asked about the peer. Its messages wait.
    pub fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked)
    }

    /// Returns whether the connection was closed.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Handles an input of a connection without a session. Returns the session that it leads to.
    pub fn handle(
        &mut self,
        gate: &Gate,
        now: Duration,
        input: Input,
        out: &mut Outputs,
    ) -> Option<Box<Entry>> {
        match input {
            Input::Message(message) => return self.handle_message(gate, now, message, out),
            Input::Violation(violation) => self.handle_violation(violation, out),
            Input::Unusable(unusable) => self.handle_unusable(&unusable, out),
            Input::End => self.closed(),
        }
        None
    }

    /// Handles a message of a connection without a session. Returns the session that it leads to.
    pub fn handle_message(
        &mut self,
        gate: &Gate,
        now: Duration,
        message: Message,
        out: &mut Outputs,
    ) -> Option<Box<Entry>> {
        let outcome = match (self.state, message) {
            (State::Idle, Message::Hello(hello)) => self.hello(gate, now, hello, out),
            // The peer gives up joining, or tells why it left.
            (State::Idle, Message::Abort(_)) => Ok(None),
            (State::Idle, message) => {
                Err(Violation::new(format!("{} before HELLO", message.name())))
            }
            (State::Challenged, Message::Authenticate(answer)) => {
                Ok(self.authenticate(gate, &answer, out))
            }
            (State::Challenged, Message::Abort(_)) => {
                self.give_up_joining(gate, out);
                Ok(None)
            }
            (State::Challenged, message) => {
                Err(Violation::new(format!("{}, but AUTHENTICATE was expected", message.name())))
            }
            (State::Leaving(cause), Message::Goodbye(_) | Message::Abort(_)) => {
                self.close(cause, out);
                Ok(None)
            }
            // The peer may have sent it before it read our GOODBYE.
            (State::Leaving(_), _) | (State::Joined(_) | State::Closed, _) => Ok(None),
            // Only if the driver has not held it back.
            (State::Asked, _) => Ok(None),
        };
        outcome.unwrap_or_else(|violation| {
            self.handle_violation(violation, out);
            None
        })
    }

    /// Handles bytes that are not a valid message: sends ABORT and closes the connection.
    pub fn handle_violation(&mut self, violation: Violation, out: &mut Outputs) {
        // Nothing may follow GOODBYE.
        if !matches!(self.state, State::Leaving(_) | State::Closed) {
            self.abort(Uri::PROTOCOL_VIOLATION, violation.message, out);
        }
        self.close(CloseCause::Violation, out);
    }

    /// Handles a message that is well-formed and cannot be used.
    pub fn handle_unusable(&mut self, unusable: &Unusable, out: &mut Outputs) {
        // The peer may have sent it before it read our GOODBYE.
        if !matches!(self.state, State::Leaving(_)) {
            self.handle_violation(unusable.violation(), out);
        }
    }

    /// Handles a message that cannot be carried to the peer.
    pub fn handle_undeliverable(
        &mut self,
        message: &Message,
        error: &ApplicationError,
        out: &mut Outputs,
    ) {
        if Undeliverable::of(message, error) == Undeliverable::Close {
            self.close(CloseCause::Undeliverable, out);
        }
    }

    /// Handles the deadline if it has passed. May be called at any time.
    pub fn handle_timeout(&mut self, gate: &Gate, now: Duration, out: &mut Outputs) {
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return;
        }
        match self.state {
            State::Idle | State::Challenged | State::Asked => {
                self.give_up_waiting(gate, out);
            }
            State::Leaving(cause) => self.close(cause, out),
            State::Joined(_) | State::Closed => self.deadline = None,
        }
    }

    /// Time at which [`handle_timeout`](Door::handle_timeout) must be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.deadline
    }

    /// Closes the connection because the router, or its listener, shuts down. A connection that has a
    /// session, or waits for GOODBYE, ends by that.
    pub fn dismiss(&mut self, out: &mut Outputs) {
        if let State::Idle | State::Challenged | State::Asked = self.state {
            self.close(CloseCause::Shutdown, out);
        }
    }

    /// Closes the connection because its realm has shut down before it could enter.
    pub fn refused(&mut self, out: &mut Outputs) {
        self.close(CloseCause::Shutdown, out);
    }

    /// Notes the end of the session. With a cause, GOODBYE was sent, and the connection is closed
    /// when the peer has answered. Otherwise the peer has left, and may join again.
    pub fn returned(&mut self, gate: &Gate, now: Duration, cause: Option<CloseCause>) {
        let State::Joined(_) = self.state else { return };
        let time = match cause {
            Some(cause) => {
                self.state = State::Leaving(cause);
                gate.config.goodbye_timeout
            }
            None => {
                self.state = State::Idle;
                self.left = true;
                gate.config.handshake_timeout
            }
        };
        self.deadline = Some(now.saturating_add(time));
    }

    /// Notes that the connection was closed.
    pub fn closed(&mut self) {
        self.state = State::Closed;
        self.deadline = None;
        self.attempt = None;
    }

    pub(super) fn joined(&mut self, realm: usize) {
        self.state = State::Joined(realm);
        self.deadline = None;
    }

    pub(super) fn abort(&self, reason: &str, message: String, out: &mut Outputs) {
        abort(self.id, reason, message, out);
    }

    pub(super) fn close(&mut self, cause: CloseCause, out: &mut Outputs) {
        if !self.is_closed() {
            self.closed();
            out.close(self.id, cause);
        }
    }
}

/// Sends ABORT.
pub(super) fn abort(to: ConnectionId, reason: &str, message: String, out: &mut Outputs) {
    let mut details = ClosingDetails::default();
    details.message = Some(message);
    out.send(to, Abort { details, reason: reason.into(), payload: Payload::empty() });
}
