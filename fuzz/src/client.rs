//! The client's core: whatever the router sends and the program asks for, in whatever order, it does not
//! panic, each request has one answer, and nothing is pending once the session has ended.
//!
//! Each step is one octet, and as many more as that takes; octets that are not there are 0. Messages of the
//! router are built as JSON and decoded, or are what the input itself holds.

use std::collections::BTreeSet;
use std::time::Duration;

use wampwerk::error::Violation;
use wampwerk::internals::codec;
use wampwerk::internals::core::client::{
    Client, ClientConfig, ClientEvent, JoinRequest, RequestTicket,
};
use wampwerk::message::{
    CallOptions, CancelMode, Message, Payload, PublishOptions, RegisterOptions, Serializer,
    SubscribeOptions,
};
use wampwerk::{ApplicationError, Dict, Value};

const STEPS: usize = 400;

/// `ID` stands for the id of a request of the client's, or of what the router has named.
const MESSAGES: &[&str] = &[
    r#"[2,7,{"realm":"realm1","roles":{"broker":{},"dealer":{}}}]"#,
    r#"[2,7,{"roles":{"broker":{"features":{"subscription_revocation":true}},"dealer":{"features":{"call_canceling":true,"progressive_call_results":true,"progressive_call_invocations":true,"registration_revocation":true,"payload_passthru_mode":true}}}}]"#,
    r#"[3,{"message":"no"},"wamp.error.no_such_realm"]"#,
    r#"[4,"ticket",{}]"#,
    r#"[6,{},"wamp.close.system_shutdown"]"#,
    r#"[6,{},"wamp.close.goodbye_and_out"]"#,
    r#"[8,48,ID,{},"wamp.error.no_such_procedure"]"#,
    r#"[8,32,ID,{},"wamp.error.invalid_uri",[1]]"#,
    r#"[8,34,ID,{},"wamp.error.no_such_subscription"]"#,
    r#"[8,64,ID,{},"wamp.error.procedure_already_exists"]"#,
    r#"[8,66,ID,{},"wamp.error.no_such_registration"]"#,
    r#"[8,16,ID,{},"wamp.error.not_authorized"]"#,
    "[17,ID,9]",
    "[33,ID,ID]",
    "[35,ID]",
    r#"[35,0,{"subscription":ID,"reason":"com.x"}]"#,
    r#"[36,ID,5,{},[1]]"#,
    r#"[36,ID,5,{"topic":"com.a"},"\u0000AAAA"]"#,
    "[50,ID,{},[1]]",
    r#"[50,ID,{"progress":true},[1]]"#,
    "[65,ID,ID]",
    "[67,ID]",
    r#"[67,0,{"registration":ID}]"#,
    "[68,ID,ID,{},[1]]",
    r#"[68,ID,ID,{"progress":true,"receive_progress":true},[1]]"#,
    r#"[68,ID,ID,{"timeout":5}]"#,
    "[69,ID,{}]",
    r#"[69,ID,{"mode":"kill"}]"#,
];

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn octet(&mut self) -> u8 {
        let Some((octet, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *octet
    }
}

struct World {
    client: Client,
    now: Duration,
    tickets: u64,
    /// Requests without an answer.
    open: BTreeSet<u64>,
    /// Ids of requests.
    requests: Vec<u64>,
    invocations: Vec<u64>,
    closed: bool,
}

pub fn drive(input: &[u8]) {
    let mut input = Input(input);
    let mut world = World {
        client: Client::new(ClientConfig::default()),
        now: Duration::ZERO,
        tickets: 0,
        open: BTreeSet::new(),
        requests: Vec::new(),
        invocations: Vec::new(),
        closed: true,
    };
    for _ in 0..STEPS {
        if input.0.is_empty() {
            break;
        }
        world.step(&mut input);
        world.drain();
    }
    world.client.handle_transport_closed(None);
    world.drain();
    assert!(world.closed && world.open.is_empty(), "without an answer: {:?}", world.open);
    assert_eq!((world.client.pending(), world.client.poll_timeout()), (0, None));
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) {
        let what = input.octet() % 24;
        let id = |from: &[u64], octet: u8| {
            from.get(usize::from(octet) % from.len().max(1)).copied().unwrap_or(octet.into())
        };
        let payload = || Payload::from_values(vec![Value::from(1)], Dict::new());
        match what {
            0 => {
                if self.closed {
                    self.closed = false;
                    self.client.join(self.now, JoinRequest::new("realm1"));
                }
            }
            1 => {
                self.now += Duration::from_millis(u64::from(input.octet()) * 100);
                self.client.handle_timeout(self.now);
            }
            2 => self.client.handle_violation(Violation::new("no message")),
            3 => self.client.leave(self.now, "wamp.close.close_realm".into(), None),
            4 => {
                let (ticket, options) = (self.ticket(), call_options(input.octet()));
                let request = self.client.call(ticket, "com.a".into(), options, payload());
                self.requests.push(request);
            }
            5 => {
                let mut options = PublishOptions::default();
                let acknowledged = input.octet() & 1 > 0;
                options.acknowledge = acknowledged.then_some(true);
                let ticket = self.ticket();
                if !acknowledged {
                    self.open.remove(&ticket.0);
                }
                let request = self.client.publish(ticket, "com.a".into(), options, payload());
                self.requests.push(request);
            }
            6 => {
                let ticket = self.ticket();
                let options = SubscribeOptions::default();
                self.requests.push(self.client.subscribe(ticket, "com.a".into(), options));
            }
            7 => {
                let ticket = self.ticket();
                let options = RegisterOptions::default();
                self.requests.push(self.client.register(ticket, "com.a".into(), options));
            }
            8 => {
                let ticket = self.ticket();
                let registration = id(&self.requests, input.octet());
                self.requests.push(self.client.unregister(ticket, registration));
            }
            9 => {
                let request = id(&self.requests, input.octet());
                self.client.call_more(request, payload(), input.octet() & 1 > 0);
            }
            10 => {
                let request = id(&self.requests, input.octet());
                self.client.cancel(request, mode(input.octet()));
            }
            11 => {
                let invocation = id(&self.invocations, input.octet());
                let result = match input.octet() & 1 {
                    0 => Ok(payload()),
                    _ => Err(ApplicationError::new("com.error")),
                };
                self.client.answer(invocation, result);
            }
            12 => {
                let invocation = id(&self.invocations, input.octet());
                self.client.progress(invocation, payload());
            }
            13 => self.client.authenticate(self.now, "ticket".to_owned(), Dict::new()),
            14 => self.client.refuse_challenge("no"),
            15 => {
                let length = usize::from(input.octet()).min(input.0.len());
                let (octets, rest) = input.0.split_at(length);
                let octets = bytes::Bytes::copy_from_slice(octets);
                input.0 = rest;
                let serializer =
                    Serializer::ALL[usize::from(input.octet()) % Serializer::ALL.len()];
                match codec::decode(serializer, &octets) {
                    Ok(message) => self.client.handle_message(message),
                    Err(violation) => self.client.handle_violation(violation),
                }
            }
            _ => {
                let template = MESSAGES[usize::from(input.octet()) % MESSAGES.len()];
                let mut text = String::new();
                for (number, part) in template.split("ID").enumerate() {
                    if number > 0 {
                        text.push_str(&id(&self.requests, input.octet()).to_string());
                    }
                    text.push_str(part);
                }
                if let Ok(message) = codec::decode(Serializer::Json, &text.into()) {
                    self.client.handle_message(message);
                }
            }
        }
    }

    fn ticket(&mut self) -> RequestTicket {
        self.tickets += 1;
        self.open.insert(self.tickets);
        RequestTicket(self.tickets)
    }

    fn drain(&mut self) {
        while let Some(message) = self.client.poll_transmit() {
            for serializer in Serializer::ALL {
                codec::encode(serializer, &message).unwrap();
            }
            if let Message::Call(call) = &message {
                assert!(call.request > 0);
            }
        }
        while let Some(event) = self.client.poll_event() {
            match event {
                ClientEvent::Reply { ticket, .. } => {
                    assert!(self.open.remove(&ticket.0), "{ticket:?} is answered twice");
                }
                ClientEvent::Invocation { invocation, .. } => {
                    self.invocations.push(invocation.request)
                }
                ClientEvent::Closed(_) => {
                    assert!(!std::mem::replace(&mut self.closed, true), "closed twice");
                    assert!(self.open.is_empty(), "behind the end: {:?}", self.open);
                }
                _ => assert!(!self.closed, "an event behind the end"),
            }
        }
    }
}

fn call_options(choice: u8) -> CallOptions {
    let mut options = CallOptions::default();
    options.receive_progress = (choice & 1 > 0).then_some(true);
    options.progress = (choice & 2 > 0).then_some(true);
    options
}

fn mode(choice: u8) -> CancelMode {
    match choice % 3 {
        0 => CancelMode::Skip,
        1 => CancelMode::Kill,
        _ => CancelMode::KillNoWait,
    }
}
