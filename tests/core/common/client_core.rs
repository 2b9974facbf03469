//! A client core with its test in the place of the router: messages in, messages and events out, in
//! virtual time.

use std::time::Duration;

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{
    Client, ClientConfig, ClientEvent, Failure, RequestTicket,
};
use wampwerk::message::*;
use wampwerk::{ApplicationError, Payload, Value};

pub const NOW: Duration = Duration::from_secs(100);

pub struct Session {
    pub client: Client,
}

impl Session {
    pub fn joining() -> Self {
        let mut client = Client::new(ClientConfig::default());
        client.join(NOW, "realm1".into());
        Session { client }
    }

    pub fn joined_with(roles: Roles) -> Self {
        let mut session = Session::joining();
        assert_eq!(session.sent(), ["HELLO"]);
        session.receive(welcome(roles));
        assert!(matches!(session.events()[..], [ClientEvent::Joined(_)]));
        session
    }

    pub fn joined() -> Self {
        Session::joined_with(Roles::new().with("broker", &[]).with("dealer", &[]))
    }

    /// A session with a dealer that has all there is for calls.
    pub fn with_all() -> Self {
        let features =
            ["call_canceling", "progressive_call_results", "progressive_call_invocations"];
        Session::joined_with(Roles::new().with("broker", &[]).with("dealer", &features))
    }

    /// A session with the registration 9.
    pub fn registered() -> Self {
        let mut session = Session::with_all();
        let request = session.register(1);
        session.receive(Registered { request, registration: 9 });
        session.events();
        session.messages();
        session
    }

    pub fn receive(&mut self, message: impl Into<Message>) {
        self.client.handle_message(message.into());
    }

    pub fn messages(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.client.poll_transmit()).collect()
    }

    pub fn sent(&mut self) -> Vec<&'static str> {
        self.messages().iter().map(Message::name).collect()
    }

    pub fn events(&mut self) -> Vec<ClientEvent> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    pub fn close_kind(&mut self) -> CloseKind {
        match self.events().pop() {
            Some(ClientEvent::Closed(reason)) => reason.kind,
            other => panic!("no end, but {other:?}"),
        }
    }

    pub fn call(&mut self, ticket: u64) -> u64 {
        let (options, payload) = (CallOptions::default(), Payload::empty());
        self.client.call(RequestTicket(ticket), "com.example.p".into(), options, payload)
    }

    pub fn subscribe(&mut self, ticket: u64) -> u64 {
        let options = SubscribeOptions::default();
        self.client.subscribe(RequestTicket(ticket), "com.example.t".into(), options)
    }

    pub fn register(&mut self, ticket: u64) -> u64 {
        let options = RegisterOptions::default();
        self.client.register(RequestTicket(ticket), "com.example.p".into(), options)
    }

    /// A call whose arguments come in parts, with the first of them.
    pub fn stream(&mut self, ticket: u64) -> u64 {
        let mut options = CallOptions::default();
        options.progress = Some(true);
        self.client.call(RequestTicket(ticket), "com.example.p".into(), options, number(0))
    }

    /// The one reply that there is, and nothing else.
    pub fn reply(&mut self) -> (u64, Result<wampwerk::internals::core::client::Answer, Failure>) {
        let mut events = self.events();
        match (events.pop(), events.is_empty()) {
            (Some(ClientEvent::Reply { ticket, result }), true) => (ticket.0, result),
            (other, _) => panic!("{events:?} {other:?}"),
        }
    }

    /// Has the message that comes next refused by the transport.
    pub fn refuse_next(&mut self, name: &str) {
        let message = self.client.poll_transmit().unwrap();
        assert_eq!(message.name(), name);
        let error = ApplicationError::new("wamp.error.payload_size_exceeded");
        self.client.handle_unsendable(&message, error);
    }

    /// The listeners that an event of the subscription reaches.
    pub fn reached(&mut self, subscription: u64) -> Vec<u64> {
        self.receive(event(subscription));
        let events = self.events();
        let reached = events.iter().map(|event| match event {
            ClientEvent::Event { listener, .. } => listener.0,
            other => panic!("{other:?}"),
        });
        reached.collect()
    }
}

pub fn welcome(roles: Roles) -> Welcome {
    let mut details = WelcomeDetails::default();
    details.roles = Some(roles);
    Welcome { session: 77, details }
}

pub fn event(subscription: u64) -> wampwerk::message::Event {
    let (details, payload) = (EventDetails::default(), Payload::empty());
    wampwerk::message::Event { subscription, publication: 5, details, payload }
}

pub fn result(request: u64) -> CallResult {
    CallResult { request, details: Default::default(), payload: Payload::empty() }
}

pub fn error(request_type: RequestType, request: u64, uri: &str) -> RequestError {
    let (details, payload) = (Default::default(), Payload::empty());
    RequestError { request_type, request, details, error: uri.into(), payload }
}

pub fn invocation(request: u64, registration: u64) -> Invocation {
    let (details, payload) = (InvocationDetails::default(), Payload::empty());
    Invocation { request, registration, details, payload }
}

pub fn goodbye(reason: &str) -> Goodbye {
    Goodbye { details: ClosingDetails::default(), reason: reason.into() }
}

/// An invocation of the registration 9.
pub fn invoked(request: u64, receive_progress: bool, progress: Option<bool>) -> Invocation {
    let mut invocation = invocation(request, 9);
    invocation.details.receive_progress = receive_progress.then_some(true);
    invocation.details.progress = progress;
    invocation
}

pub fn progress(request: u64, payload: Payload) -> CallResult {
    let mut result = result(request);
    result.details.progress = Some(true);
    result.payload = payload;
    result
}

/// A payload that can be told from others.
pub fn number(number: u8) -> Payload {
    Payload::from_values(vec![number.into()], wampwerk::Dict::new())
}

pub fn numbered(payload: &Payload) -> u8 {
    let (args, _) = payload.to_values().unwrap();
    args.first().and_then(Value::as_u64).unwrap().try_into().unwrap()
}

/// The URI of an error that is known without the router.
pub fn local_error(result: &Result<wampwerk::internals::core::client::Answer, Failure>) -> &str {
    match result {
        Err(Failure::Unsendable(error)) => &error.uri,
        other => panic!("{other:?}"),
    }
}
