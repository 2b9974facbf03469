//! A client's session as a pure state machine.
//!
//! Implements the whole session: opening and closing with their deadlines, request ids, pending
//! requests, subscriptions, registrations and running invocations. It handles messages, not bytes,
//! and knows neither transport nor clock.
//!
//! # The invariant
//! After every input (any `&mut self` method but the polls) drain [`Client::poll_transmit`] and
//! [`Client::poll_event`] until both are empty, then wait no longer than [`Client::poll_timeout`].
//! Before [`ClientEvent::Closed`], every ticket has got its [`ClientEvent::Reply`].

mod commands;
mod config;
mod event;
mod heartbeat;
mod interest;
mod joining;
mod pending;
mod receive;
mod recent;
mod roles;
mod unsendable;
mod unusable;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub use config::ClientConfig;
pub use event::{Answer, ClientEvent, Failure, Joined};
use heartbeat::Heartbeat;
use interest::Interest;
pub use joining::JoinRequest;
use joining::Joining;
pub use pending::RequestTicket;
use pending::{PendingTable, Request};
use recent::Recent;

use crate::core::ids::{IdMap, SequentialIds};
use crate::error::{ApplicationError, Cause, CloseKind, CloseReason, Violation};
use crate::message::{
    Abort, Cancel, CancelMode, CancelOptions, ClosingDetails, Message, Payload, RequestError,
    RequestErrorDetails, RequestType, Roles,
};
use crate::uri::Uri;

/// State of the session (spec: "Session lifecycle", client).
#[derive(Debug)]
enum State {
    Closed(Arc<CloseReason>),
    Joining(Joining),
    Established,
    Leaving { deadline: Duration },
}

/// An unanswered invocation.
#[derive(Clone, Copy, Debug)]
struct Running {
    /// Its caller accepts progressive results.
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
    /// Unanswered invocations.
    invocations: IdMap<Running>,
    /// The last invocations that were answered before all their arguments had come: late arguments
    /// have crossed the answer.
    cut_short: Recent,
    /// Highest id of a call with arguments in parts that was handed out for sending.
    streamed: u64,
    /// True if the part that was handed out last was not the first of its call.
    follow_up: bool,
    heartbeat: Heartbeat,
    transmits: VecDeque<Message>,
    events: VecDeque<ClientEvent>,
}

impl Client {
    /// Creates a session that has not joined yet.
    pub fn new(config: ClientConfig) -> Self {
        Client {
            config,
            state: State::Closed(Arc::new(CloseReason::new(
                CloseKind::Left,
                Uri::CLOSE_REALM,
                Some("not joined yet".to_owned()),
            ))),
            router: Roles::new(),
            ids: SequentialIds::default(),
            pending: PendingTable::default(),
            interest: Interest::default(),
            invocations: IdMap::default(),
            cut_short: Recent::default(),
            streamed: 0,
            follow_up: false,
            heartbeat: Heartbeat::default(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    // Getters

    /// Returns whether the session is joined, and not about to end.
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Established)
    }

    /// The announced roles and features of the router.
    pub fn router_roles(&self) -> &Roles {
        &self.router
    }

    /// Number of messages that wait to be sent.
    pub fn unsent(&self) -> usize {
        self.transmits.len()
    }

    /// Number of pending requests.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// A listener of a subscription.
    pub fn subscriber(&self, subscription: u64) -> Option<RequestTicket> {
        self.interest.listeners(subscription).ok()??.first().copied()
    }

    /// The listener of a registration.
    pub fn callee(&self, registration: u64) -> Option<RequestTicket> {
        self.interest.callee(registration)
    }

    /// Returns whether an invocation has not been answered.
    pub fn is_running(&self, invocation: u64) -> bool {
        self.invocations.contains_key(&invocation)
    }

    /// The ticket of a pending request.
    pub fn requester(&self, request: u64) -> Option<RequestTicket> {
        self.pending.get(request).filter(|pending| !pending.abandoned).map(|found| found.ticket)
    }

    // Inputs from the transport and the clock

    /// Handles a message from the router.
    pub fn handle_message(&mut self, message: Message) {
        self.heartbeat.hear();
        let result = match self.state {
            State::Closed(_) => Ok(()),
            State::Joining(_) => self.message_while_joining(message),
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

    /// Handles an unreadable or unexpected message: ABORT, and the end of the session (spec:
    /// "Protocol violations").
    pub fn handle_violation(&mut self, violation: Violation) {
        self.abort(Uri::PROTOCOL_VIOLATION, violation.message);
    }

    /// Handles the end of the transport; `message` describes it.
    pub fn handle_transport_closed(&mut self, cause: Option<Cause>) {
        let message = cause.as_ref().map(Cause::to_string);
        let reason = CloseReason::new(CloseKind::TransportLost, Uri::TRANSPORT_LOST, message);
        self.close(match cause {
            Some(cause) => reason.caused_by(cause),
            None => reason,
        });
    }

    /// Refuses an INVOCATION with an unreadable payload, in place of
    /// [`handle_message`](Self::handle_message). If it brought more arguments, the running
    /// procedure is stopped; if more are to follow (`streaming`), they are ignored.
    pub fn refuse(&mut self, invocation: u64, streaming: bool, error: ApplicationError) {
        if !self.is_established() {
            return;
        }
        self.heartbeat.hear();
        if self.cut_short.contains(invocation) {
            if !streaming {
                self.cut_short.remove(invocation);
            }
            return;
        }
        if self.end_invocation(invocation) {
            self.events.push_back(ClientEvent::Interrupted { invocation, mode: None });
        } else if streaming {
            self.cut_short.add(invocation);
        }
        self.transmits.push_back(invocation_error(invocation, error).into());
    }

    /// Ends the session without a message, because the router reads nothing any more.
    pub fn give_up(&mut self, message: String) {
        self.close(CloseReason::new(CloseKind::TimedOut, Uri::TIMEOUT, Some(message)));
    }

    /// Handles deadlines that have passed.
    pub fn handle_timeout(&mut self, now: Duration) {
        match self.state {
            State::Joining(Joining { deadline, .. }) if deadline <= now => self.join_timed_out(),
            State::Leaving { deadline } if deadline <= now => {
                let message =
                    format!("no answer to GOODBYE within {:?}", self.config.leave_timeout);
                self.close(CloseReason::new(CloseKind::TimedOut, Uri::TIMEOUT, Some(message)));
            }
            State::Established => self.beat(now),
            _ => {}
        }
    }

    // Outputs

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Message> {
        let message = self.transmits.pop_front()?;
        self.heartbeat.left(&message);
        if let Message::Call(call) = &message
            && call.options.progress.is_some()
        {
            // First parts go out in the order of their ids.
            self.follow_up = call.request <= self.streamed;
            self.streamed = self.streamed.max(call.request);
        }
        Some(message)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Time at which [`handle_timeout`](Self::handle_timeout) must be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Joining(Joining { deadline, .. }) | State::Leaving { deadline } => {
                Some(deadline)
            }
            State::Established => self.heartbeat.deadline(),
            State::Closed(_) => None,
        }
    }

    // Helpers

    /// Adds a request, or fails it at once if there is no session.
    fn begin(&mut self, ticket: RequestTicket, request: Request) -> Option<u64> {
        if !self.is_established() {
            let reason = match &self.state {
                State::Closed(reason) => reason.clone(),
                _ => Arc::new(CloseReason::new(CloseKind::Left, Uri::CLOSE_REALM, None)),
            };
            self.reply(ticket, Err(Failure::Closed(reason)));
            return None;
        }
        let id = self.ids.next();
        self.pending.insert(id, ticket, request);
        Some(id)
    }

    /// Takes out an invocation to answer it. Returns false if it was not running.
    fn end_invocation(&mut self, invocation: u64) -> bool {
        let Some(running) = self.invocations.remove(&invocation) else { return false };
        if running.streaming {
            self.cut_short.add(invocation);
        }
        true
    }

    fn reply(&mut self, ticket: RequestTicket, result: Result<Answer, Failure>) {
        self.events.push_back(ClientEvent::Reply { ticket, result });
    }

    /// Sends CANCEL; returns false if the router does not support it. Routers disagree on the
    /// default mode, so it is always set.
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
        // The session is over: nothing may follow, and nothing has to precede.
        self.transmits.clear();
        let mut details = ClosingDetails::default();
        details.message = Some(message);
        let (reason, payload) = (Uri::from(reason), Payload::empty());
        self.transmits.push_back(Abort { details, reason, payload }.into());
    }

    /// Ends the session, and tells the same reason to everything that waits.
    fn close(&mut self, reason: CloseReason) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        let reason = Arc::new(reason);
        self.state = State::Closed(reason.clone());
        for pending in self.pending.drain() {
            if !pending.abandoned {
                self.events.push_back(ClientEvent::Reply {
                    ticket: pending.ticket,
                    result: Err(Failure::Closed(reason.clone())),
                });
            }
        }
        self.interest = Interest::default();
        self.invocations.clear();
        self.events.push_back(ClientEvent::Closed(reason));
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
