//! A router core with its peers, in virtual time: messages go in, what each peer gets is kept.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use wampwerk::internals::core::router::{
    AuthRequest, AuthorizationRequest, CloseCause, ConnectionId, Denied, MetaApi, Output,
    Principal, RouterConfig, RouterCore, Statistics,
};
use wampwerk::message::*;
use wampwerk::{ApplicationError, Dict, Value};

pub struct Net {
    pub router: RouterCore,
    pub now: Duration,
    inboxes: BTreeMap<ConnectionId, VecDeque<Message>>,
    closed: BTreeMap<ConnectionId, CloseCause>,
    /// What the authenticator is asked of whom.
    asked: BTreeMap<ConnectionId, AuthRequest>,
    /// What the authorizer was asked, with the questions' tickets.
    pub questions: Vec<(ConnectionId, u64, AuthorizationRequest)>,
    /// Publications without a receiver.
    pub dropped: Vec<(ConnectionId, ApplicationError)>,
    /// Answers of the application that cannot be used.
    pub unusable_answers: Vec<String>,
    /// Connections that may be read from again.
    pub resumed: Vec<ConnectionId>,
}

impl Net {
    /// One realm, `realm1`, and request ids that must be in sequence.
    pub fn new() -> Self {
        let mut config = RouterConfig::new(7).realm("realm1");
        config.strict_request_ids = true;
        Net::with(config)
    }

    /// The same without the meta API, whose events would come by patterns that match everything.
    pub fn without_meta_api() -> Self {
        let mut config = RouterConfig::new(7).realm("realm1");
        config.strict_request_ids = true;
        config.meta_api = MetaApi::Off;
        Net::with(config)
    }

    pub fn with(config: RouterConfig) -> Self {
        Net {
            router: RouterCore::new(config),
            now: Duration::ZERO,
            inboxes: BTreeMap::new(),
            closed: BTreeMap::new(),
            asked: BTreeMap::new(),
            questions: Vec::new(),
            dropped: Vec::new(),
            unusable_answers: Vec::new(),
            resumed: Vec::new(),
        }
    }

    pub fn connect(&mut self) -> ConnectionId {
        let id = self.router.connect(self.now);
        self.drain();
        id
    }

    /// A connection with a session on `realm1`.
    pub fn join(&mut self) -> ConnectionId {
        let id = self.connect();
        self.send(id, hello("realm1"));
        assert!(matches!(self.take_one(id), Message::Welcome(_)));
        id
    }

    /// The same, of a client that announces these roles.
    pub fn join_as(&mut self, roles: &Roles) -> ConnectionId {
        let id = self.connect();
        let mut message = hello("realm1");
        message.details.roles = Some(roles.clone());
        self.send(id, message);
        assert!(matches!(self.take_one(id), Message::Welcome(_)));
        id
    }

    pub fn send(&mut self, from: ConnectionId, message: impl Into<Message>) {
        self.router.handle_message(self.now, from, message.into());
        self.drain();
    }

    pub fn disconnect(&mut self, id: ConnectionId) {
        self.router.handle_disconnect(self.now, id);
        self.drain();
    }

    pub fn advance(&mut self, by: Duration) {
        self.now += by;
        self.router.handle_timeout(self.now);
        self.drain();
    }

    /// Takes all outputs, also those of the steps that follow at once.
    pub fn drain(&mut self) {
        self.drain_step();
        while self.router.poll_timeout() == Some(Duration::ZERO) {
            self.router.handle_timeout(self.now);
            self.drain_step();
        }
    }

    /// Takes the outputs of the last step.
    pub fn drain_step(&mut self) {
        while let Some(output) = self.router.poll_output() {
            match output {
                Output::Send { to, message } => self.deliver(to, message),
                Output::Multicast { to, message } => {
                    assert!(to.len() > 1, "one receiver is no multicast");
                    to.into_iter().for_each(|to| self.deliver(to, message.clone()));
                }
                Output::Close { connection, cause } => {
                    let before = self.closed.insert(connection, cause);
                    assert!(before.is_none(), "closed twice");
                    self.asked.remove(&connection);
                }
                Output::Authenticate { connection, request } => {
                    assert!(!self.closed.contains_key(&connection), "asked after the end");
                    let before = self.asked.insert(connection, *request);
                    assert!(before.is_none(), "asked twice at the same time");
                }
                Output::Authorize { connection, ticket, request } => {
                    self.questions.push((connection, ticket, *request));
                }
                Output::Dropped { connection, error } => self.dropped.push((connection, error)),
                Output::UnusableAnswer { error, .. } => self.unusable_answers.push(error.message),
                Output::Resume { connection } => {
                    assert!(!self.closed.contains_key(&connection), "resumed after the end");
                    self.resumed.push(connection);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// What the application is asked about a peer.
    pub fn take_question(&mut self, id: ConnectionId) -> AuthRequest {
        self.resumed.retain(|resumed| *resumed != id);
        self.asked.remove(&id).unwrap()
    }

    /// Whether the application has not answered yet.
    pub fn is_asked(&self, id: ConnectionId) -> bool {
        self.asked.contains_key(&id)
    }

    /// The application's answer.
    pub fn authenticated(&mut self, id: ConnectionId, answer: Result<Principal, Denied>) {
        self.router.handle_authenticated(self.now, id, answer);
        self.drain();
    }

    /// Whether a peer's messages are taken again since the last question.
    pub fn is_resumed(&self, id: ConnectionId) -> bool {
        self.resumed.contains(&id)
    }

    fn deliver(&mut self, to: ConnectionId, message: Message) {
        assert!(!self.closed.contains_key(&to), "{} after the end", show(&message));
        self.inboxes.entry(to).or_default().push_back(message);
    }

    /// What a peer got since the last time.
    pub fn take_messages(&mut self, id: ConnectionId) -> Vec<Message> {
        self.inboxes.remove(&id).unwrap_or_default().into()
    }

    /// The same in short: see [`show`].
    pub fn take(&mut self, id: ConnectionId) -> Vec<String> {
        self.take_messages(id).iter().map(show).collect()
    }

    pub fn take_one(&mut self, id: ConnectionId) -> Message {
        let mut all = self.take_messages(id);
        assert_eq!(all.len(), 1, "{:?}", all.iter().map(show).collect::<Vec<_>>());
        all.remove(0)
    }

    pub fn closed(&self, id: ConnectionId) -> Option<CloseCause> {
        self.closed.get(&id).copied()
    }

    pub fn statistics(&self) -> Statistics {
        self.router.statistics()
    }

    /// Registers as the given request and forgets the answer.
    pub fn register(&mut self, id: ConnectionId, request: u64, procedure: &str) -> u64 {
        self.send(id, register(request, procedure));
        match self.take_one(id) {
            Message::Registered(registered) => registered.registration,
            other => panic!("{}", show(&other)),
        }
    }

    pub fn subscribe(&mut self, id: ConnectionId, request: u64, topic: &str) -> u64 {
        self.send(id, subscribe(request, topic));
        match self.take_one(id) {
            Message::Subscribed(subscribed) => subscribed.subscription,
            other => panic!("{}", show(&other)),
        }
    }

    /// That the peer was told of its violation, in words that hold `cause`, and thrown out.
    pub fn assert_violation(&mut self, id: ConnectionId, cause: &str) {
        let Message::Abort(abort) = self.take_messages(id).pop().unwrap() else {
            panic!("no ABORT");
        };
        assert_eq!(abort.reason, "wamp.error.protocol_violation");
        let message = abort.details.into_fields().message.unwrap();
        assert!(message.contains(cause), "{message:?} does not tell {cause:?}");
        assert_eq!(self.closed(id), Some(CloseCause::Violation));
    }
}

/// A message as its name, its ids and its URI.
pub fn show(message: &Message) -> String {
    let name = message.name();
    match message {
        Message::Welcome(_) => name.to_owned(),
        Message::Abort(m) => format!("{name} {}", m.reason),
        Message::Goodbye(m) => format!("{name} {}", m.reason),
        Message::Error(m) => {
            format!("{name} {} {} {}", m.request_type.code(), m.request, m.error)
        }
        Message::Published(m) => format!("{name} {}", m.request),
        Message::Subscribed(m) => format!("{name} {} {}", m.request, m.subscription),
        Message::Unsubscribed(m) => format!("{name} {}", m.request),
        Message::Event(m) => format!("{name} {}", m.subscription),
        Message::Result(m) => format!("{name} {}", m.request),
        Message::Registered(m) => format!("{name} {} {}", m.request, m.registration),
        Message::Unregistered(m) => format!("{name} {}", m.request),
        Message::Invocation(m) => format!("{name} {} {}", m.request, m.registration),
        Message::Interrupt(m) => format!("{name} {}", m.request),
        other => format!("{name} is nothing that a router sends: {other:?}"),
    }
}

pub fn hello(realm: &str) -> Hello {
    let mut details = HelloDetails::default();
    details.roles = Some(Roles::new().with("caller", &[]));
    Hello { realm: realm.into(), details }
}

pub fn goodbye(reason: &str) -> Goodbye {
    Goodbye { details: ClosingDetails::default(), reason: reason.into() }
}

pub fn subscribe(request: u64, topic: &str) -> Subscribe {
    Subscribe { request, options: SubscribeOptions::default(), topic: topic.into() }
}

pub fn unsubscribe(request: u64, subscription: u64) -> Unsubscribe {
    Unsubscribe { request, subscription, options: None }
}

pub fn publish(request: u64, topic: &str, value: impl Into<Value>) -> Publish {
    let (options, topic) = (PublishOptions::default(), topic.into());
    Publish { request, options, topic, payload: payload(value) }
}

pub fn acknowledged(request: u64, topic: &str, value: impl Into<Value>) -> Publish {
    let mut message = publish(request, topic, value);
    message.options.acknowledge = Some(true);
    message
}

pub fn register(request: u64, procedure: &str) -> Register {
    Register { request, options: RegisterOptions::default(), procedure: procedure.into() }
}

pub fn unregister(request: u64, registration: u64) -> Unregister {
    Unregister { request, registration, options: None }
}

pub fn call(request: u64, procedure: &str, value: impl Into<Value>) -> Call {
    let (options, procedure) = (CallOptions::default(), procedure.into());
    Call { request, options, procedure, payload: payload(value) }
}

pub fn cancel(request: u64, mode: CancelMode) -> Cancel {
    let mut options = CancelOptions::default();
    options.mode = Some(mode);
    Cancel { request, options }
}

pub fn yields(request: u64, value: impl Into<Value>) -> Yield {
    Yield { request, options: YieldOptions::default(), payload: payload(value) }
}

pub fn fails(request: u64, uri: &str, value: impl Into<Value>) -> RequestError {
    RequestError {
        request_type: RequestType::Invocation,
        request,
        details: RequestErrorDetails::default(),
        error: uri.into(),
        payload: payload(value),
    }
}

pub fn payload(value: impl Into<Value>) -> Payload {
    Payload::from_values(vec![value.into()], Dict::new())
}

/// Payloads cannot be compared, but shown.
pub fn same(a: &Payload, b: &Payload) -> bool {
    format!("{a:?}") == format!("{b:?}")
}
