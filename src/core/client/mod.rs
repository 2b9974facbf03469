//! A client's session as a pure state machine.
//!
//! Owns the whole session: its opening and closing, request ids, pending requests with their
//! deadlines, subscriptions, registrations and running invocations. It sees messages, not bytes,
//! and knows neither transport nor clock.
//!
//! # The invariant
//! After every input (any `&mut self` method but the polls) drain [`Client::poll_transmit`] and
//! [`Client::poll_event`] until both are empty, then wait no longer than [`Client::poll_timeout`].
//! When [`Event::Closed`] has come, every ticket has had its [`Event::Reply`].

mod event;
mod interest;
mod pending;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub use event::{Answer, Event, Failure, Joined};
use interest::Interest;
use pending::{Pending, PendingTable, Request};

use crate::core::ids::{IdSet, SequentialIds};
use crate::error::{ApplicationError, CloseKind, CloseReason, Violation};
use crate::message::{
    Abort, AbortDetails, Call, CallOptions, Cancel, CancelMode, CancelOptions, Goodbye,
    GoodbyeDetails, Hello, HelloDetails, Invocation, Message, Payload, Publish, PublishOptions,
    Register, RegisterOptions, RequestError, RequestErrorDetails, RequestType, Roles, Subscribe,
    SubscribeOptions, Unregister, Unsubscribe, Welcome, Yield, YieldOptions,
};
use crate::uri::{Match, Uri, uris};

/// The name that the user of the core gives to a request, subscription or registration. The core
/// only hands it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "it is a number")]
pub struct Ticket(pub u64);

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
    Closed,
    Joining { realm: Uri, deadline: Duration },
    Established,
    Leaving { deadline: Duration },
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
    invocations: IdSet,
    transmits: VecDeque<Message>,
    events: VecDeque<Event>,
}

impl Client {
    /// A session that is not joined yet.
    pub fn new(config: ClientConfig) -> Self {
        Client {
            config,
            state: State::Closed,
            router: Roles::new(),
            ids: SequentialIds::default(),
            pending: PendingTable::default(),
            interest: Interest::default(),
            invocations: IdSet::default(),
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

    /// How many requests wait for an answer.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    // Inputs from the transport and the clock

    /// A message has come.
    pub fn handle_message(&mut self, message: Message) {
        let result = match self.state {
            State::Closed => Ok(()),
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
            Message::Call(call) => call.request,
            Message::Publish(publish) => publish.request,
            Message::Subscribe(subscribe) => subscribe.request,
            Message::Register(register) => register.request,
            Message::Yield(answer) => {
                return self.transmits.push_back(invocation_error(answer.request, error).into());
            }
            // An error whose values cannot be sent goes without them.
            Message::Error(answer) if !answer.payload.is_empty() => {
                let error = ApplicationError::new(&answer.error);
                return self.transmits.push_back(invocation_error(answer.request, error).into());
            }
            _ => return self.abort(uris::INVALID_PAYLOAD, error.to_string()),
        };
        self.ids.take_back(request);
        if let Some(pending) = self.pending.remove(request) {
            if let Request::Subscribe { topic, pattern } = &pending.request {
                self.interest.subscribe_settled(topic, *pattern);
            }
            self.reply(pending.ticket, Err(Failure::Unsendable(error)));
        }
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
        while let Some((request, pending)) = self.pending.pop_expired(now) {
            self.cancel(request);
            let limit = pending.limit.unwrap_or_default();
            self.reply(pending.ticket, Err(Failure::Timeout(limit)));
        }
    }

    // Commands

    /// Asks to join a realm.
    pub fn join(&mut self, now: Duration, realm: Uri) {
        let details = HelloDetails {
            roles: Some(client_roles()),
            agent: Some(self.config.agent.clone()),
            ..HelloDetails::default()
        };
        self.state = State::Joining {
            realm: realm.clone(),
            deadline: now.saturating_add(self.config.join_timeout),
        };
        self.transmits.push_back(Hello { realm, details }.into());
    }

    /// Calls a procedure. With a `timeout`, the call fails locally after it, and is cancelled.
    pub fn call(
        &mut self,
        now: Duration,
        ticket: Ticket,
        procedure: Uri,
        options: CallOptions,
        payload: Payload,
        timeout: Option<Duration>,
    ) -> u64 {
        let Some(request) = self.begin(ticket, Request::Call, timeout.map(|t| (now, t))) else {
            return 0;
        };
        self.transmits.push_back(Call { request, options, procedure, payload }.into());
        request
    }

    /// Publishes an event. There is an [`Event::Reply`] only if `options.acknowledge` is true.
    pub fn publish(
        &mut self,
        ticket: Ticket,
        topic: Uri,
        options: PublishOptions,
        payload: Payload,
    ) -> u64 {
        let request = if options.acknowledge == Some(true) {
            self.begin(ticket, Request::Publish, None)
        } else {
            self.is_established().then(|| self.ids.next())
        };
        let Some(request) = request else { return 0 };
        self.transmits.push_back(Publish { request, options, topic, payload }.into());
        request
    }

    /// Subscribes. `ticket` becomes a listener of the subscription as soon as SUBSCRIBED is read,
    /// before the next message is looked at.
    pub fn subscribe(&mut self, ticket: Ticket, topic: Uri, options: SubscribeOptions) -> u64 {
        let pattern = options.r#match.unwrap_or_default();
        let kind = Request::Subscribe { topic: topic.clone(), pattern };
        let Some(request) = self.begin(ticket, kind, None) else { return 0 };
        self.interest.subscribing(&topic, pattern);
        self.transmits.push_back(Subscribe { request, options, topic }.into());
        request
    }

    /// Takes a listener off a subscription; the last one ends it at the router.
    pub fn unsubscribe(&mut self, ticket: Ticket, subscription: u64, listener: Ticket) -> u64 {
        if !self.interest.remove_listener(subscription, listener) {
            self.reply(ticket, Ok(Answer::Unsubscribed));
            return 0;
        }
        let Some(request) = self.begin(ticket, Request::Unsubscribe { subscription }, None) else {
            return 0;
        };
        self.transmits.push_back(Unsubscribe { request, subscription, options: None }.into());
        request
    }

    /// Registers a procedure. `ticket` becomes the listener of its invocations.
    pub fn register(&mut self, ticket: Ticket, procedure: Uri, options: RegisterOptions) -> u64 {
        let Some(request) = self.begin(ticket, Request::Register, None) else { return 0 };
        self.transmits.push_back(Register { request, options, procedure }.into());
        request
    }

    /// Withdraws a procedure. Invocations that come before the answer are still handed out.
    pub fn unregister(&mut self, ticket: Ticket, registration: u64) -> u64 {
        if !self.interest.is_registered(registration) {
            self.reply(ticket, Ok(Answer::Unregistered));
            return 0;
        }
        let Some(request) = self.begin(ticket, Request::Unregister { registration }, None) else {
            return 0;
        };
        self.transmits.push_back(Unregister { request, registration, options: None }.into());
        request
    }

    /// Answers an invocation. Nothing happens if it is not running (any more).
    pub fn answer(&mut self, invocation: u64, result: Result<Payload, ApplicationError>) {
        if !self.is_established() || !self.invocations.remove(&invocation) {
            return;
        }
        self.transmits.push_back(match result {
            Ok(payload) => {
                Yield { request: invocation, options: YieldOptions::default(), payload }.into()
            }
            Err(error) => invocation_error(invocation, error).into(),
        });
    }

    /// Nobody waits for a request any more. Of a call the router is told, if it understands that;
    /// what a late SUBSCRIBED or REGISTERED brings is undone.
    pub fn abandon(&mut self, request: u64) {
        match self.pending.get_mut(request) {
            Some(Pending { request: Request::Call, .. }) => {
                self.pending.remove(request);
                self.cancel(request);
            }
            Some(pending) => pending.abandoned = true,
            None => {}
        }
    }

    /// Leaves the realm: GOODBYE, and [`Event::Closed`] when it is answered.
    pub fn leave(&mut self, now: Duration, reason: Uri, message: Option<String>) {
        match self.state {
            State::Established => {
                let details = GoodbyeDetails { message, ..GoodbyeDetails::default() };
                self.transmits.push_back(Goodbye { details, reason }.into());
                let deadline = now.saturating_add(self.config.leave_timeout);
                self.state = State::Leaving { deadline };
            }
            // No GOODBYE before WELCOME (spec: "Session lifecycle").
            State::Joining { .. } => {
                self.send_abort(&reason, message.clone().unwrap_or_default());
                self.close(CloseReason::new(CloseKind::Left, reason, message));
            }
            State::Leaving { .. } | State::Closed => {}
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
        let state = match self.state {
            State::Joining { deadline, .. } | State::Leaving { deadline } => Some(deadline),
            State::Closed | State::Established => None,
        };
        [state, self.pending.next_deadline()].into_iter().flatten().min()
    }

    // Messages

    fn message_while_joining(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Welcome(welcome) => self.welcomed(welcome),
            Message::Abort(abort) => {
                self.aborted(abort);
                Ok(())
            }
            Message::Challenge(challenge) => {
                let text = format!("cannot answer a challenge by {:?}", challenge.method);
                self.abort(uris::CANNOT_AUTHENTICATE, text);
                Ok(())
            }
            other => Err(Violation::new(format!("{} before WELCOME", other.name()))),
        }
    }

    fn welcomed(&mut self, welcome: Welcome) -> Result<(), Violation> {
        let roles = welcome.details.roles.clone().unwrap_or_default();
        roles.check("WELCOME.Details.roles", &["broker", "dealer"])?;
        if let State::Joining { realm, .. } = std::mem::replace(&mut self.state, State::Established)
        {
            let realm = welcome.details.realm.clone().unwrap_or(realm);
            self.router = roles;
            self.events.push_back(Event::Joined(Box::new(Joined { realm, welcome })));
        }
        Ok(())
    }

    fn message_while_established(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Result(result) => {
                // A progressive result was not asked for; the final one still counts.
                if result.details.progress == Some(true) {
                    return Ok(());
                }
                let (details, payload) = (result.details, result.payload);
                self.answered("RESULT", result.request, Request::is_call, |_, _| Answer::Result {
                    details,
                    payload,
                })
            }
            Message::Published(published) => {
                self.answered("PUBLISHED", published.request, Request::is_publish, |_, _| {
                    Answer::Published { publication: published.publication }
                })
            }
            Message::Subscribed(subscribed) => self.subscribed(subscribed),
            Message::Unsubscribed(message) if message.request == 0 => {
                let details = message.details.unwrap_or_default();
                let subscription = details.subscription.unwrap_or_default();
                if let Some(listeners) = self.interest.revoke_subscription(subscription) {
                    let reason = details.reason.map(Uri::from);
                    self.events.extend(
                        listeners
                            .into_iter()
                            .map(|listener| Event::Revoked { listener, reason: reason.clone() }),
                    );
                }
                Ok(())
            }
            Message::Unsubscribed(unsubscribed) => {
                let is_unsubscribe =
                    |request: &Request| matches!(request, Request::Unsubscribe { .. });
                self.answered(
                    "UNSUBSCRIBED",
                    unsubscribed.request,
                    is_unsubscribe,
                    |client, request| {
                        if let Request::Unsubscribe { subscription } = request {
                            client.interest.unsubscribed(*subscription);
                        }
                        Answer::Unsubscribed
                    },
                )
            }
            Message::Registered(message) => self.registered(message),
            Message::Unregistered(message) if message.request == 0 => {
                let details = message.details.unwrap_or_default();
                let registration = details.registration.unwrap_or_default();
                if let Some(listener) = self.interest.remove_registration(registration) {
                    let reason = details.reason.map(Uri::from);
                    self.events.push_back(Event::Revoked { listener, reason });
                }
                Ok(())
            }
            Message::Unregistered(unregistered) => {
                let is_unregister =
                    |request: &Request| matches!(request, Request::Unregister { .. });
                self.answered(
                    "UNREGISTERED",
                    unregistered.request,
                    is_unregister,
                    |client, request| {
                        if let Request::Unregister { registration } = request {
                            client.interest.remove_registration(*registration);
                        }
                        Answer::Unregistered
                    },
                )
            }
            Message::Error(error) => self.failed(error),
            Message::Event(event) => {
                let Some(listeners) = self.interest.listeners(event.subscription)? else {
                    return Ok(());
                };
                match listeners {
                    [listener] => {
                        self.events.push_back(Event::Event { listener: *listener, event })
                    }
                    several => self.events.extend(
                        several
                            .iter()
                            .map(|&listener| Event::Event { listener, event: event.clone() }),
                    ),
                }
                Ok(())
            }
            Message::Invocation(invocation) => self.invoked(invocation),
            // We announce no call canceling; an unknown invocation would be ignored anyway.
            Message::Interrupt(_) => Ok(()),
            Message::Goodbye(goodbye) => {
                let details = GoodbyeDetails::default();
                let reason = Uri::from(uris::GOODBYE_AND_OUT);
                self.transmits.push_back(Goodbye { details, reason }.into());
                let message = goodbye.details.message;
                self.close(CloseReason::new(CloseKind::Goodbye, goodbye.reason, message));
                Ok(())
            }
            Message::Abort(abort) => {
                self.aborted(abort);
                Ok(())
            }
            other => Err(Violation::new(format!("{} from a router in a session", other.name()))),
        }
    }

    fn message_while_leaving(&mut self, message: Message) {
        match message {
            Message::Goodbye(goodbye) => {
                let message = goodbye.details.message;
                self.close(CloseReason::new(CloseKind::Left, goodbye.reason, message));
            }
            Message::Abort(abort) => self.aborted(abort),
            // Others may still be under way (spec: "Session lifecycle", closing).
            _ => {}
        }
    }

    fn subscribed(&mut self, message: crate::message::Subscribed) -> Result<(), Violation> {
        let pending = self.take("SUBSCRIBED", message.request, |request| {
            matches!(request, Request::Subscribe { .. })
        })?;
        let Some(Pending {
            ticket, request: Request::Subscribe { topic, pattern }, abandoned, ..
        }) = pending
        else {
            return Ok(());
        };
        self.interest.subscribed(message.subscription, &topic, pattern, ticket);
        self.interest.subscribe_settled(&topic, pattern);
        if abandoned {
            self.unsubscribe(ticket, message.subscription, ticket);
            if let Some(pending) = self.pending.get_mut(self.ids.last()) {
                pending.abandoned = true;
            }
        } else {
            self.reply(ticket, Ok(Answer::Subscribed { subscription: message.subscription }));
        }
        self.end_idle_subscriptions(&topic, pattern);
        Ok(())
    }

    fn registered(&mut self, message: crate::message::Registered) -> Result<(), Violation> {
        let is_register = |request: &Request| matches!(request, Request::Register);
        let Some(pending) = self.take("REGISTERED", message.request, is_register)? else {
            return Ok(());
        };
        let registration = message.registration;
        self.interest.registered(registration, pending.ticket)?;
        if pending.abandoned {
            let request = self.unregister(pending.ticket, registration);
            if let Some(pending) = self.pending.get_mut(request) {
                pending.abandoned = true;
            }
        } else {
            self.reply(pending.ticket, Ok(Answer::Registered { registration }));
        }
        Ok(())
    }

    fn invoked(&mut self, invocation: Invocation) -> Result<(), Violation> {
        let Some(listener) = self.interest.callee(invocation.registration) else {
            return Err(Violation::new(format!(
                "INVOCATION for registration {}, which is not ours",
                invocation.registration
            )));
        };
        if !self.invocations.insert(invocation.request) {
            return Err(Violation::new(format!(
                "INVOCATION {} while it is running",
                invocation.request
            )));
        }
        self.events.push_back(Event::Invocation { listener, invocation });
        Ok(())
    }

    fn failed(&mut self, error: RequestError) -> Result<(), Violation> {
        let wanted = error.request_type;
        if wanted == RequestType::Invocation {
            return Err(Violation::new("ERROR for an INVOCATION sent to a callee"));
        }
        let fits = move |request: &Request| request.request_type() == wanted;
        let Some(pending) = self.take("ERROR", error.request, fits)? else { return Ok(()) };
        match &pending.request {
            Request::Subscribe { topic, pattern } => {
                self.interest.subscribe_settled(topic, *pattern);
                self.end_idle_subscriptions(topic, *pattern);
            }
            // Whatever the reason: the router does not have it any more.
            Request::Unsubscribe { subscription } => self.interest.unsubscribed(*subscription),
            Request::Unregister { registration } => {
                self.interest.remove_registration(*registration);
            }
            Request::Call | Request::Publish | Request::Register => {}
        }
        if !pending.abandoned {
            self.reply(pending.ticket, Err(Failure::Error(error)));
        }
        Ok(())
    }

    /// A plain answer to a request.
    fn answered(
        &mut self,
        name: &str,
        request: u64,
        fits: impl Fn(&Request) -> bool,
        answer: impl FnOnce(&mut Self, &Request) -> Answer,
    ) -> Result<(), Violation> {
        if let Some(pending) = self.take(name, request, fits)? {
            let answer = answer(self, &pending.request);
            if !pending.abandoned {
                self.reply(pending.ticket, Ok(answer));
            }
        }
        Ok(())
    }

    /// Takes the request that `name` answers out of the table. A late answer to a call that we gave
    /// up is nothing; an answer to what we never asked is a violation.
    fn take(
        &mut self,
        name: &str,
        request: u64,
        fits: impl Fn(&Request) -> bool,
    ) -> Result<Option<Pending>, Violation> {
        match self.pending.get_mut(request) {
            Some(pending) if fits(&pending.request) => Ok(self.pending.remove(request)),
            Some(pending) => Err(Violation::new(format!(
                "{name} for request {request}, which is a {:?}",
                pending.request.request_type()
            ))),
            None if (1..=self.ids.last()).contains(&request) => Ok(None),
            None => Err(Violation::new(format!("{name} for request {request}, which never was"))),
        }
    }

    fn end_idle_subscriptions(&mut self, topic: &Uri, pattern: Match) {
        for subscription in self.interest.take_idle(topic, pattern) {
            let request = Request::Unsubscribe { subscription };
            if let Some(request) = self.begin(Ticket(0), request, None) {
                if let Some(pending) = self.pending.get_mut(request) {
                    pending.abandoned = true;
                }
                let options = None;
                self.transmits.push_back(Unsubscribe { request, subscription, options }.into());
            }
        }
    }

    // Helpers

    /// Enters a request, or fails it at once if there is no session.
    fn begin(
        &mut self,
        ticket: Ticket,
        request: Request,
        timeout: Option<(Duration, Duration)>,
    ) -> Option<u64> {
        if !self.is_established() {
            let reason = CloseReason::new(CloseKind::Left, uris::CLOSE_REALM, None);
            self.reply(ticket, Err(Failure::Closed(Arc::new(reason))));
            return None;
        }
        let id = self.ids.next();
        self.pending.insert(id, ticket, request, timeout);
        Some(id)
    }

    fn reply(&mut self, ticket: Ticket, result: Result<Answer, Failure>) {
        self.events.push_back(Event::Reply { ticket, result });
    }

    /// Tells the router that nobody waits for a call. Without the feature it could not be told; its
    /// late answer is thrown away. `killnowait`, because nobody is there for the callee's answer.
    fn cancel(&mut self, request: u64) {
        if self.is_established() && self.router.supports("dealer", "call_canceling") {
            let options =
                CancelOptions { mode: Some(CancelMode::KillNoWait), ..CancelOptions::default() };
            self.transmits.push_back(Cancel { request, options }.into());
        }
    }

    fn aborted(&mut self, abort: Abort) {
        let message = abort.details.message;
        self.close(CloseReason::new(CloseKind::Aborted, abort.reason, message));
    }

    fn abort(&mut self, reason: &str, message: String) {
        if matches!(self.state, State::Closed) {
            return;
        }
        self.send_abort(reason, message.clone());
        self.close(CloseReason::new(CloseKind::Violation, reason, Some(message)));
    }

    fn send_abort(&mut self, reason: &str, message: String) {
        // Nothing of what waits may follow, and nothing need precede: the session is gone.
        self.transmits.clear();
        let details = AbortDetails { message: Some(message), ..AbortDetails::default() };
        let (reason, payload) = (Uri::from(reason), Payload::empty());
        self.transmits.push_back(Abort { details, reason, payload }.into());
    }

    /// The end: everybody who waits is told the one reason.
    fn close(&mut self, reason: CloseReason) {
        if matches!(self.state, State::Closed) {
            return;
        }
        self.state = State::Closed;
        let reason = Arc::new(reason);
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

/// The roles of every client; only features that are there.
fn client_roles() -> Roles {
    Roles::new()
        .with("publisher", &[])
        .with("subscriber", &["subscription_revocation"])
        .with("caller", &[])
        .with("callee", &["registration_revocation"])
}
