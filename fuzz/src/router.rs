//! The router's core: whatever its peers send, in whatever order, it does not panic, applies
//! all limits, and holds nothing when all sessions have gone.
//!
//! The first octet chooses settings. Each step is two octets, who and what, and as many more as
//! that takes; octets that are not there are 0. Messages are built as JSON and decoded, or are what
//! the input itself holds.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wampwerk::error::Violation;
use wampwerk::internals::codec;
use wampwerk::internals::core::router::{
    Action, Authorization, ConnectionId, Denied, Disclosure, MetaApi, Output, Principal, Role,
    RouterConfig, RouterCore, Rule, Statistics,
};
use wampwerk::message::{Message, RequestType};
use wampwerk::{ApplicationError, Match, Serializer};

const URIS: &[&str] = &[
    "com.a",
    "com.b",
    "com.a.b",
    "com",
    "",
    ".",
    "com.",
    "com..b",
    "..",
    "com.a.b.c",
    "realm1",
    "com.#",
    "com.history",
    "wamp.close.close_realm",
    "com.error",
    "wamp.session.on_join",
    "wamp.session.kill",
    "wamp.session.kill_all",
    "wamp.session.kill_by_authid",
    "wamp.session.list",
    "wamp.session.get",
    "wamp.session.count",
    "wamp.session.add_testament",
    "wamp.session.flush_testaments",
    "wamp.subscription.get_events",
    "wamp.subscription.list",
    "wamp.subscription.match",
    "wamp.subscription.remove_subscriber",
    "wamp.registration.list",
    "wamp.registration.get",
    "wamp.registration.match",
    "wamp.registration.remove_callee",
];

const OPTIONS: &[&str] = &[
    "{}",
    r#"{"match":"prefix"}"#,
    r#"{"match":"wildcard"}"#,
    r#"{"acknowledge":true}"#,
    r#"{"acknowledge":true,"exclude_me":false,"retain":true}"#,
    r#"{"get_retained":true}"#,
    r#"{"exclude":[1],"eligible":[2,3],"exclude_authrole":["a"],"eligible_authid":["b"]}"#,
    r#"{"disclose_me":true}"#,
    r#"{"disclose_caller":true,"match":"prefix"}"#,
    r#"{"invoke":"roundrobin"}"#,
    r#"{"invoke":"random"}"#,
    r#"{"invoke":"first"}"#,
    r#"{"invoke":"last"}"#,
    r#"{"invoke":"load"}"#,
    r#"{"concurrency":1,"invoke":"roundrobin"}"#,
    r#"{"force_reregister":true}"#,
    r#"{"receive_progress":true}"#,
    r#"{"progress":true,"receive_progress":true}"#,
    r#"{"progress":true}"#,
    r#"{"progress":false}"#,
    r#"{"timeout":1000}"#,
    r#"{"timeout":1000,"forward_timeout":true}"#,
    r#"{"mode":"skip"}"#,
    r#"{"mode":"kill"}"#,
    r#"{"mode":"killnowait"}"#,
    r#"{"mode":"odd"}"#,
    r#"{"ppt_scheme":"x_custom","ppt_serializer":"cbor"}"#,
    r#"{"enc_algo":"cryptobox"}"#,
    r#"{"authmethods":["ticket"],"authid":"peter"}"#,
    r#"{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}"#,
    r#"{"roles":{"caller":{"features":{"call_canceling":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_timeout":true,"caller_identification":true,"payload_passthru_mode":true}},"callee":{"features":{"call_canceling":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_timeout":true,"payload_passthru_mode":true,"registration_revocation":true}},"publisher":{"features":{"payload_passthru_mode":true}},"subscriber":{"features":{"subscription_revocation":true,"payload_passthru_mode":true}}}}"#,
    r#"{"x_unknown":[1,{"a":null}]}"#,
];

const ARGUMENTS: &[&str] = &[
    "",
    ",[]",
    ",[1]",
    ",[1],{\"a\":2}",
    ",[],{\"scope\":\"detached\"}",
    ",[\"com.a\",[1],{}]",
    ",[\"com.a\",[1],{}],{\"scope\":\"destroyed\"}",
    ",[\"anonymous\"],{\"reason\":\"com.error\"}",
    ",[\"com.a\",{\"match\":\"prefix\"}]",
    ",[\"com.a\"],{\"limit\":2,\"reverse\":true,\"after_publication\":1}",
    ",[ID]",
    ",[ID,OTHER]",
    ",[OTHER,ID],{\"reason\":\"com.error\"}",
    ",\"\\u0000AAAA\"",
    ",[\"\\u0000AAAA\"]",
    ",[[[[[1e3]]]]]",
];

const PEERS: usize = 6;
/// A run takes no more steps than this, so that it takes no more than a moment.
const STEPS: usize = 400;

pub fn drive(input: &[u8]) {
    let mut input = Input(input);
    let mut world = World::new(input.octet());
    for _ in 0..STEPS {
        if input.0.is_empty() {
            break;
        }
        world.step(&mut input);
        world.drain();
        world.check();
    }
    world.end();
}

/// Octets, as long as there are any.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn octet(&mut self) -> u8 {
        let Some((octet, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *octet
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[usize::from(self.octet()) % texts.len()]
    }

    fn bytes(&mut self) -> Bytes {
        let len = usize::from(self.octet()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        Bytes::copy_from_slice(bytes)
    }
}

/// What is known of a connection.
#[derive(Default)]
struct Peer {
    requests: u64,
    /// What came in, to be referred to.
    ids: Vec<u64>,
    invocations: Vec<Message>,
    calls: BTreeSet<u64>,
}

struct World {
    router: RouterCore,
    now: Duration,
    peers: BTreeMap<ConnectionId, Peer>,
    /// By number; some may have gone.
    numbers: Vec<ConnectionId>,
    questions: Vec<(ConnectionId, u64)>,
    asked: Vec<ConnectionId>,
}

impl World {
    fn new(choice: u8) -> Self {
        let mut config = RouterConfig::new(7).realm("realm1").realm("com.a");
        config.strict_request_ids = choice & 1 > 0;
        config.meta_api = match choice >> 1 & 3 {
            0 => MetaApi::Off,
            1 => MetaApi::ReadOnly,
            _ => MetaApi::Full,
        };
        config.disclosure = match choice >> 3 & 3 {
            0 => Disclosure::OnRequest,
            1 => Disclosure::Always,
            _ => Disclosure::Never,
        };
        config.limits.subscriptions = 20;
        config.limits.registrations = 20;
        config.limits.wildcards = 5;
        config.limits.calls = 20;
        config.limits.testaments = 3;
        config.retained_topics = 3;
        config.retained_bytes = 1000;
        config.portion = if choice & 4 > 0 { 2 } else { 512 };
        if choice & 0x20 > 0 {
            config =
                config.history("com.history", Match::Exact, 3).history("com", Match::Prefix, 2);
        }
        if choice & 0x40 > 0 {
            config = config.role(Role::new("anonymous").dynamic());
        } else if choice & 0x80 > 0 {
            let rule = Rule::prefix("com.").all().disclose();
            config = config.role(Role::new("anonymous").allow(rule));
        }
        World {
            router: RouterCore::new(config),
            now: Duration::ZERO,
            peers: BTreeMap::new(),
            numbers: Vec::new(),
            questions: Vec::new(),
            asked: Vec::new(),
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let who = usize::from(input.octet()) % PEERS;
        let what = input.octet() % 32;
        let Some(&id) = self.numbers.get(who) else {
            let id = self.router.connect(self.now);
            self.numbers.push(id);
            self.peers.insert(id, Peer::default());
            return;
        };
        let Some(peer) = self.peers.get_mut(&id) else {
            // It has gone: another one takes its place.
            let id = self.router.connect(self.now);
            self.numbers[who] = id;
            self.peers.insert(id, Peer::default());
            return;
        };
        let next = peer.requests + 1;
        let text = match what {
            0 => {
                self.peers.remove(&id);
                return self.router.handle_disconnect(self.now, id);
            }
            1 => {
                let wait = Duration::from_millis(u64::from(input.octet()) * 100);
                self.now += wait;
                return self.router.handle_timeout(self.now);
            }
            2 => {
                let violation = Violation::new("no message");
                return self.router.handle_violation(self.now, id, violation);
            }
            3 => {
                let Some(invocation) = peer.invocations.pop() else { return };
                let error = ApplicationError::new("wamp.error.invalid_payload");
                return self.router.handle_undeliverable(self.now, id, &invocation, &error);
            }
            4 => {
                let index = usize::from(input.octet());
                if self.questions.is_empty() {
                    return;
                }
                let (of, ticket) = self.questions.remove(index % self.questions.len());
                let answer = match input.octet() % 4 {
                    0 => None,
                    1 => Some(Authorization::denied()),
                    2 => Some(Authorization::allowed().disclose()),
                    _ => Some(Authorization::allowed().cached_for_session()),
                };
                return self.router.handle_authorized(self.now, of, ticket, answer);
            }
            5 => {
                let Some(of) = self.asked.pop() else { return };
                let answer = match input.octet() % 2 {
                    0 => Err(Denied::new()),
                    _ => Ok(Principal::new("peter", "anonymous")),
                };
                return self.router.handle_authenticated(self.now, of, answer);
            }
            6 if input.octet() == 0xff => return self.router.shutdown(self.now),
            7 => return self.received(id, Serializer::Json, &input.bytes()),
            8 => return self.received(id, Serializer::MsgPack, &input.bytes()),
            9 => return self.received(id, Serializer::Cbor, &input.bytes()),
            6 | 10 | 11 => format!(r#"[1,"{}",{}]"#, hello_realm(input), input.of(OPTIONS)),
            12 => format!(r#"[6,{},"{}"]"#, input.of(OPTIONS), input.of(URIS)),
            13 => format!(r#"[3,{},"{}"]"#, input.of(OPTIONS), input.of(URIS)),
            14 | 15 => format!(r#"[32,{next},{},"{}"]"#, input.of(OPTIONS), input.of(URIS)),
            16 => format!("[34,{next},{}]", peer.id(input)),
            17 | 18 => {
                let (options, topic) = (input.of(OPTIONS), input.of(URIS));
                format!(r#"[16,{next},{options},"{topic}"{}]"#, peer.arguments(input))
            }
            19 | 20 => format!(r#"[64,{next},{},"{}"]"#, input.of(OPTIONS), input.of(URIS)),
            21 => format!("[66,{next},{}]", peer.id(input)),
            22..=24 => {
                let (options, procedure) = (input.of(OPTIONS), input.of(URIS));
                format!(r#"[48,{next},{options},"{procedure}"{}]"#, peer.arguments(input))
            }
            // More of a call that is there.
            25 => {
                let request = peer.calls.last().copied().unwrap_or(next);
                let (options, procedure) = (input.of(OPTIONS), input.of(URIS));
                format!(r#"[48,{request},{options},"{procedure}"{}]"#, peer.arguments(input))
            }
            26 => {
                let request = peer.calls.first().copied().unwrap_or(next);
                format!("[49,{request},{}]", input.of(OPTIONS))
            }
            27 | 28 => {
                let (request, options) = (peer.invocation(input), input.of(OPTIONS));
                format!("[70,{request},{options}{}]", peer.arguments(input))
            }
            29 => {
                let (request, error) = (peer.invocation(input), input.of(URIS));
                format!(r#"[8,68,{request},{{}},"{error}"{}]"#, peer.arguments(input))
            }
            30 => format!("[{},{next},{}]", input.octet(), peer.id(input)),
            _ => format!("[{},{next},{},{}]", input.octet(), input.of(OPTIONS), peer.id(input)),
        };
        self.received(id, Serializer::Json, &text.into());
    }

    fn received(&mut self, from: ConnectionId, serializer: Serializer, frame: &Bytes) {
        let message = match codec::decode(serializer, frame) {
            Ok(message) => message,
            Err(violation) => return self.router.handle_violation(self.now, from, violation),
        };
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.sends(&message);
        }
        self.router.handle_message(self.now, from, message);
    }

    fn drain(&mut self) {
        let mut count = 0;
        while let Some(output) = self.router.poll_output() {
            count += 1;
            assert!(count < 5000, "one step has too many consequences");
            match output {
                Output::Send { to, message } => self.deliver(to, &message),
                Output::Multicast { to, message } => {
                    assert!(to.len() > 1, "one receiver is no multicast");
                    to.iter().for_each(|to| self.deliver(*to, &message));
                }
                Output::Close { connection, .. } => {
                    assert!(self.peers.remove(&connection).is_some(), "closed twice");
                }
                Output::Authorize { connection, ticket, request } => {
                    assert!(self.peers.contains_key(&connection), "asked about one that has gone");
                    assert!(matches!(
                        request.action,
                        Action::Call | Action::Register | Action::Publish | Action::Subscribe
                    ));
                    self.questions.push((connection, ticket));
                }
                Output::Authenticate { connection, .. } => self.asked.push(connection),
                Output::Resume { connection } => {
                    assert!(self.peers.contains_key(&connection), "one that has gone may go on");
                }
                _ => {}
            }
        }
    }

    fn deliver(&mut self, to: ConnectionId, message: &Message) {
        let peer = self.peers.get_mut(&to);
        let peer = peer.unwrap_or_else(|| panic!("{} after the end", message.name()));
        peer.takes(message);
        for &serializer in codec::available() {
            if let Ok(written) = codec::encode(serializer, message) {
                codec::decode(serializer, &written).unwrap();
            }
        }
    }

    fn check(&self) {
        let known = self.router.statistics();
        assert_eq!(known.connections, self.peers.len());
        assert!(known.sessions <= known.connections);
        assert!(known.calls <= 20 * known.sessions);
        assert!(known.subscriptions <= 20 * known.sessions);
        assert!(known.registrations <= 20 * known.sessions);
    }

    fn end(mut self) {
        while let Some((&id, _)) = self.peers.first_key_value() {
            self.peers.remove(&id);
            self.router.handle_disconnect(self.now, id);
            self.drain();
        }
        while self.router.poll_timeout() == Some(Duration::ZERO) {
            self.router.handle_timeout(self.now);
            self.drain();
        }
        assert_eq!(self.router.statistics(), Statistics::default());
        assert_eq!(self.router.held_bytes(), 0, "something is held though all have gone");
        assert_eq!(self.router.poll_timeout(), None, "something is due though all have gone");
    }
}

fn hello_realm(input: &mut Input<'_>) -> &'static str {
    input.of(&["realm1", "realm1", "com.a", "com.b"])
}

impl Peer {
    fn id(&self, input: &mut Input<'_>) -> u64 {
        let choice = usize::from(input.octet());
        match self.ids.len() {
            0 => choice as u64,
            len => self.ids[choice % len],
        }
    }

    fn arguments(&self, input: &mut Input<'_>) -> String {
        let text = input.of(ARGUMENTS);
        if !text.contains("ID") && !text.contains("OTHER") {
            return text.to_owned();
        }
        let (id, other) = (self.id(input).to_string(), self.id(input).to_string());
        text.replace("ID", &id).replace("OTHER", &other)
    }

    fn invocation(&self, input: &mut Input<'_>) -> u64 {
        let choice = usize::from(input.octet());
        match &self.invocations[..] {
            [] => choice as u64,
            some => match &some[choice % some.len()] {
                Message::Invocation(invocation) => invocation.request,
                _ => 0,
            },
        }
    }

    fn sends(&mut self, message: &Message) {
        match message {
            Message::Call(call) => {
                self.requests = self.requests.max(call.request);
                self.calls.insert(call.request);
            }
            Message::Subscribe(it) => self.requests = self.requests.max(it.request),
            Message::Unsubscribe(it) => self.requests = self.requests.max(it.request),
            Message::Publish(it) => self.requests = self.requests.max(it.request),
            Message::Register(it) => self.requests = self.requests.max(it.request),
            Message::Unregister(it) => self.requests = self.requests.max(it.request),
            _ => {}
        }
    }

    fn takes(&mut self, message: &Message) {
        match message {
            Message::Welcome(welcome) => {
                *self = Peer { ids: vec![welcome.session], ..Peer::default() };
            }
            Message::Subscribed(it) => self.ids.push(it.subscription),
            Message::Registered(it) => self.ids.push(it.registration),
            Message::Published(it) => self.ids.push(it.publication),
            Message::Event(it) => self.ids.push(it.publication),
            Message::Invocation(_) => self.invocations.push(message.clone()),
            Message::Result(result) => {
                let known = match result.details.progress {
                    Some(true) => self.calls.contains(&result.request),
                    _ => self.calls.remove(&result.request),
                };
                assert!(known, "RESULT of no call, or a second one");
            }
            Message::Error(error) if error.request_type == RequestType::Call => {
                assert!(self.calls.remove(&error.request), "ERROR of no call, or a second one");
            }
            Message::Error(_)
            | Message::Abort(_)
            | Message::Goodbye(_)
            | Message::Challenge(_)
            | Message::Unsubscribed(_)
            | Message::Unregistered(_)
            | Message::Interrupt(_) => {}
            other => panic!("no router sends {}", other.name()),
        }
    }
}
