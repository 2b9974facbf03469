//! A client's session as a pure state machine.
//!
//! Owns the whole session: its opening and closing with their deadlines, request ids, pending
//! requests, subscriptions, registrations and running invocations. It sees messages, not bytes, and
//! knows neither transport nor clock.
//!
//! # The invariant
//! After every input (any `&mut self` method but the polls) drain [`Client::poll_transmit`] and
//! [`Client::poll_event`] until both are empty, then wait no longer than [`Client::poll_timeout`].
//! When [`Event::Closed`] has come, every ticket has had its [`Event::Reply`].

mod commands;
mod event;
mod interest;
mod pending;
mod receive;
mod roles;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub use event::{Answer, Event, Failure, Joined};
use interest::Interest;
use pending::{Pending, PendingTable, Request};

use crate::core::ids::{IdMap, SequentialIds};
use crate::error::{ApplicationError, CloseKind, CloseReason, Violation};
use crate::message::{
    Abort, AbortDetails, Cancel, CancelMode, CancelOptions, Message, Payload, RequestError,
    RequestErrorDetails, RequestType, Roles,
};
use crate::uri::{Uri, uris};

/// The name that the user of the core gives to a request, subscription or registration. The core
/// only hands it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "it is a number")]
pub struct Ticket(pub u64);

impl Ticket {
    /// For requests whose answer nobody waits for.
    pub const NOBODY: Ticket = Ticket(u64::MAX);
}

/// How long a session waits for the router.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// For the answer to HELLO. Default: 10 s.
    pub join_timeout: Duration,
    /// For the answer to GOODBYE. Default: 3 s.
    pub leave_timeout: Duration,
    /// What goes as HELLO.Details.agent. Default: name and version of this crate.
    pub agent: String,
}

impl Default for ClientConfig {
    fn default() -> Self {
        ClientConfig {
            join_timeout: Duration::from_secs(10),
            leave_timeout: Duration::from_secs(3),
            agent: concat!("wampwerk/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Where the session is (spec: "Session lifecycle", client).
#[derive(Debug)]
enum State {
    Closed(Arc<CloseReason>),
    Joining { realm: Uri, deadline: Duration },
    Established,
    Leaving { deadline: Duration },
}

/// How many invocations are remembered that were answered before their last arguments.
const CUT_SHORT: usize = 256;

/// An invocation that has not been answered.
#[derive(Clone, Copy, Debug)]
struct Running {
    /// Its caller takes results that are not the last.
    progress: bool,
    /// More arguments will follow.
    streaming: bool,
}

/// A client's session. See the [module](self).
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    state: State,
    router: Roles,
    ids: SequentialIds,
    pending: PendingTable,
    interest: Interest,
    /// Invocations that have not been answered.
    invocations: IdMap<Running>,
    /// The last invocations that were answered before all their arguments had come: what still
    /// comes of them has crossed the answer.
    cut_short: VecDeque<u64>,
    transmits: VecDeque<Message>,
    events: VecDeque<Event>,
}

impl Client {
    /// A session that is not joined yet.
    pub fn new(config: ClientConfig) -> Self {
        Client {
            config,
            state: State::Closed(Arc::new(CloseReason::new(
                CloseKind::Left,
                uris::CLOSE_REALM,
                Some("not joined yet".to_owned()),
            ))),
            router: Roles::new(),
            ids: SequentialIds::default(),
            pending: PendingTable::default(),
            interest: Interest::default(),
            invocations: IdMap::default(),
            cut_short: VecDeque::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    // Getters

    /// Whether the session is joined, and not about to end.
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Established)
    }

    /// What the router said that it can do.
    pub fn router_roles(&self) -> &Roles {
        &self.router
    }

    /// How many messages wait to be sent.
    pub fn unsent(&self) -> usize {
        self.transmits.len()
    }

    /// How many requests wait for an answer.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    // Inputs from the transport and the clock

    /// A message has come.
    pub fn handle_message(&mut self, message: Message) {
        let result = match self.state {
            State::Closed(_) => Ok(()),
            State::Joining { .. } => self.message_while_joining(message),
            State::Established => self.message_while_established(message),
            State::Leaving { .. } => {
                self.message_while_leaving(message);
                Ok(())
            }
        };
        if let Err(violation) = result {
            self.handle_violation(violation);
        }
    }

    /// The peer sent what cannot be read, or not now: ABORT, and the end (spec: "Protocol
    /// violations").
    pub fn handle_violation(&mut self, violation: Violation) {
        self.abort(uris::PROTOCOL_VIOLATION, violation.message);
    }

    /// The transport has ended; `message` says how.
    pub fn handle_transport_closed(&mut self, message: Option<String>) {
        self.close(CloseReason::new(CloseKind::TransportLost, uris::TRANSPORT_LOST, message));
    }

    /// A message that came out of [`poll_transmit`](Self::poll_transmit) last could not be sent: it
    /// cannot be written, or is too long. Its request fails, and its id is used again, so that ids
    /// stay in sequence on the wire.
    pub fn handle_unsendable(&mut self, message: &Message, error: ApplicationError) {
        let request = match message {
            Message::Call(call) => {
                if let Some(Pending {
                    request: Request::Call { begun: true, .. }, ticket, ..
                }) = self.pending.get_mut(call.request)
                {
                    // The router has the first arguments and waits for more.
                    let ticket = *ticket;
                    self.pending.remove(call.request);
                    self.send_cancel(call.request, CancelMode::KillNoWait);
                    return self.reply(ticket, Err(Failure::Unsendable(error)));
                }
                call.request
            }
            Message::Publish(publish) => publish.request,
            Message::Subscribe(subscribe) => subscribe.request,
            Message::Register(register) => register.request,
            Message::Yield(answer) => {
                // What is not the last result ends the invocation, too: its caller would miss it.
                if self.end_invocation(answer.request) {
                    let invocation = answer.request;
                    self.events.push_back(Event::Interrupted { invocation, mode: None });
                }
                return self.transmits.push_back(invocation_error(answer.request, error).into());
            }
            // An error whose values cannot be sent goes without them, and one whose URI cannot be
            // sent goes under a plain one.
            Message::Error(answer)
                if !answer.payload.is_empty() || answer.error != uris::RUNTIME_ERROR =>
            {
                let no_values = answer.payload.is_empty();
                let uri = if no_values { uris::RUNTIME_ERROR } else { &*answer.error };
                let error = ApplicationError::new(uri);
                return self.transmits.push_back(invocation_error(answer.request, error).into());
            }
            _ => return self.abort(uris::INVALID_PAYLOAD, error.to_string()),
        };
        self.ids.take_back(request);
        if let Some(pending) = self.pending.remove(request) {
            if let Request::Subscribe { topic, pattern } = &pending.request {
                self.interest.subscribe_settled(topic, *pattern);
                self.end_idle_subscriptions(topic, *pattern);
            }
            self.reply(pending.ticket, Err(Failure::Unsendable(error)));
        }
    }

    /// The router takes nothing any more: the end without a word.
    pub fn give_up(&mut self, message: String) {
        self.close(CloseReason::new(CloseKind::TimedOut, uris::TIMEOUT, Some(message)));
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Duration) {
        match self.state {
            State::Joining { deadline, .. } if deadline <= now => {
                let message = format!("no answer to HELLO within {:?}", self.config.join_timeout);
                self.send_abort(uris::TIMEOUT, message.clone());
                self.close(CloseReason::new(CloseKind::TimedOut, uris::TIMEOUT, Some(message)));
            }
            State::Leaving { deadline } if deadline <= now => {
                let message =
                    format!("no answer to GOODBYE within {:?}", self.config.leave_timeout);
                self.close(CloseReason::new(CloseKind::TimedOut, uris::TIMEOUT, Some(message)));
            }
            _ => {}
        }
    }

    // Outputs

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Message> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Joining { deadline, .. } | State::Leaving { deadline } => Some(deadline),
            State::Closed(_) | State::Established => None,
        }
    }

    // Helpers

    /// Enters a request, or fails it at once if there is no session.
    fn begin(&mut self, ticket: Ticket, request: Request) -> Option<u64> {
        if !self.is_established() {
            let reason = match &self.state {
                State::Closed(reason) => reason.clone(),
                _ => Arc::new(CloseReason::new(CloseKind::Left, uris::CLOSE_REALM, None)),
            };
            self.reply(ticket, Err(Failure::Closed(reason)));
            return None;
        }
        let id = self.ids.next();
        self.pending.insert(id, ticket, request);
        Some(id)
    }

    /// Takes out an invocation that is being answered. False if it was not running.
    fn end_invocation(&mut self, invocation: u64) -> bool {
        let Some(running) = self.invocations.remove(&invocation) else { return false };
        if running.streaming {
            self.cut_short.truncate(CUT_SHORT - 1);
            self.cut_short.push_front(invocation);
        }
        true
    }

    fn reply(&mut self, ticket: Ticket, result: Result<Answer, Failure>) {
        self.events.push_back(Event::Reply { ticket, result });
    }

    /// Tells the router that a call is not wanted any more; false if it cannot be told. There is no
    /// default mode that all routers agree on, so it is always said.
    fn send_cancel(&mut self, request: u64, mode: CancelMode) -> bool {
        let can = self.is_established() && self.router.supports("dealer", "call_canceling");
        if can {
            let mut options = CancelOptions::default();
            options.mode = Some(mode);
            self.transmits.push_back(Cancel { request, options }.into());
        }
        can
    }

    fn aborted(&mut self, abort: Abort) {
        let message = abort.details.into_fields().message;
        self.close(CloseReason::new(CloseKind::Aborted, abort.reason, message));
    }

    fn abort(&mut self, reason: &str, message: String) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        self.send_abort(reason, message.clone());
        self.close(CloseReason::new(CloseKind::Violation, reason, Some(message)));
    }

    fn send_abort(&mut self, reason: &str, message: String) {
        // Nothing of what waits may follow, and nothing need precede: the session is gone.
        self.transmits.clear();
        let mut details = AbortDetails::default();
        details.message = Some(message);
        let (reason, payload) = (Uri::from(reason), Payload::empty());
        self.transmits.push_back(Abort { details, reason, payload }.into());
    }

    /// The end: everybody who waits is told the one reason.
    fn close(&mut self, reason: CloseReason) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        let reason = Arc::new(reason);
        self.state = State::Closed(reason.clone());
        for pending in self.pending.drain() {
            if !pending.abandoned {
                self.events.push_back(Event::Reply {
                    ticket: pending.ticket,
                    result: Err(Failure::Closed(reason.clone())),
                });
            }
        }
        self.interest = Interest::default();
        self.invocations.clear();
        self.events.push_back(Event::Closed(reason));
    }
}

fn invocation_error(request: u64, error: ApplicationError) -> RequestError {
    RequestError {
        request_type: RequestType::Invocation,
        request,
        details: RequestErrorDetails::default(),
        error: error.uri,
        payload: Payload::from_values(error.args, error.kwargs),
    }
}
