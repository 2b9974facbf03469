//! A client core against a router that says anything at all, at any time: nothing panics, every
//! ticket has one reply, nothing outlives the session, and a violation ends it with ABORT.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{ClientEvent, JoinRequest, RequestTicket};
use wampwerk::message::*;
use wampwerk::{ApplicationError, Payload};

use crate::common::client_core::{
    NOW, Session, error, event, goodbye, invocation, number, result, welcome,
};

#[derive(Clone, Debug)]
enum Step {
    /// What the router says.
    Receive(Box<Message>),
    Call(bool),
    More(u64, bool),
    Cancel(u64, u8),
    Abandon(u64, u8),
    Publish(bool),
    Subscribe,
    Unsubscribe(u64, u64),
    Register,
    Unregister(u64),
    Answer(u64, bool),
    Progress(u64),
    /// The transport takes nothing, or the next few messages.
    Send(usize),
    Unsendable,
    Leave,
    Timeout,
    /// Joins again, in a session that is over: with or without methods on offer, with or without
    /// waiting for WELCOME.
    Rejoin(bool, bool),
    /// Our answer to a challenge, or that there is none.
    Authenticate(bool),
    Answering,
}

/// Few of each, so that they meet.
fn id() -> std::ops::Range<u64> {
    1..8
}

fn message() -> impl Strategy<Value = Message> {
    let types = prop::sample::select(vec![
        RequestType::Publish,
        RequestType::Subscribe,
        RequestType::Unsubscribe,
        RequestType::Call,
        RequestType::Register,
        RequestType::Unregister,
        RequestType::Invocation,
    ]);
    let uris = prop::sample::select(vec![
        "com.example.error.any",
        "wamp.error.no_such_subscription",
        "wamp.error.no_such_registration",
    ]);
    let flag = || prop::option::of(any::<bool>());
    let legal = prop_oneof![
        4 => (id(), flag()).prop_map(|(request, progress)| {
            let mut result = result(request);
            result.details.progress = progress;
            result.into()
        }),
        3 => (id(), id()).prop_map(|(request, subscription)| {
            Subscribed { request, subscription }.into()
        }),
        3 => (id(), id()).prop_map(|(request, registration)| {
            Registered { request, registration }.into()
        }),
        2 => (id(), id()).prop_map(|(request, publication)| {
            Published { request, publication }.into()
        }),
        2 => (0..8u64, id()).prop_map(|(request, id)| {
            let mut details = RevocationDetails::default();
            details.subscription = Some(id);
            Unsubscribed { request, details: (request == 0).then_some(details) }.into()
        }),
        2 => (0..8u64, id()).prop_map(|(request, id)| {
            let mut details = RevocationDetails::default();
            details.registration = Some(id);
            Unregistered { request, details: (request == 0).then_some(details) }.into()
        }),
        4 => (types, id(), uris).prop_map(|(kind, request, uri)| error(kind, request, uri).into()),
        3 => id().prop_map(|subscription| event(subscription).into()),
        5 => (id(), id(), flag(), flag()).prop_map(|(request, registration, wants, more)| {
            let mut invocation = invocation(request, registration);
            invocation.details.receive_progress = wants;
            invocation.details.progress = more;
            invocation.into()
        }),
        2 => id().prop_map(|request| {
            Interrupt { request, options: CancelOptions::default() }.into()
        }),
    ];
    let roles = || Roles::new().with("dealer", &["call_canceling"]);
    prop_oneof![
        60 => legal,
        2 => Just(welcome(roles()).into()),
        1 => challenge(),
        1 => Just(welcome(Roles::new()).into()),
        1 => Just(goodbye("wamp.close.system_shutdown").into()),
        1 => Just(Abort {
            details: ClosingDetails::default(),
            reason: "wamp.error.any".into(),
            payload: Payload::empty(),
        }.into()),
        1 => id().prop_map(|request| Yield {
            request,
            options: YieldOptions::default(),
            payload: Payload::empty(),
        }.into()),
    ]
}

fn challenge() -> impl Strategy<Value = Message> {
    prop::sample::select(vec!["ticket", "ticket", "wampcra", "cryptosign"]).prop_map(|method| {
        Challenge { method: method.to_owned(), extra: wampwerk::Dict::new() }.into()
    })
}

/// Little but joining, so that its steps meet.
fn step_of_joining() -> impl Strategy<Value = Step> {
    let said = prop_oneof![
        6 => challenge(),
        2 => Just(welcome(Roles::new().with("dealer", &["call_canceling"])).into()),
        1 => message(),
    ];
    prop_oneof![
        8 => said.prop_map(|message| Step::Receive(Box::new(message))),
        6 => (any::<bool>(), Just(false)).prop_map(|(offer, wait)| Step::Rejoin(offer, wait)),
        5 => prop::bool::weighted(0.8).prop_map(Step::Authenticate),
        1 => Just(Step::Answering),
        4 => (0..3usize).prop_map(Step::Send),
        1 => Just(Step::Unsendable),
        1 => Just(Step::Leave),
        1 => Just(Step::Timeout),
        1 => any::<bool>().prop_map(Step::Call),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        14 => message().prop_map(|message| Step::Receive(Box::new(message))),
        4 => any::<bool>().prop_map(Step::Call),
        3 => (id(), any::<bool>()).prop_map(|(id, last)| Step::More(id, last)),
        2 => (id(), 0..3u8).prop_map(|(id, mode)| Step::Cancel(id, mode)),
        1 => (id(), 0..3u8).prop_map(|(id, mode)| Step::Abandon(id, mode)),
        2 => any::<bool>().prop_map(Step::Publish),
        3 => Just(Step::Subscribe),
        2 => (id(), id()).prop_map(|(id, listener)| Step::Unsubscribe(id, listener)),
        3 => Just(Step::Register),
        2 => id().prop_map(Step::Unregister),
        3 => (id(), any::<bool>()).prop_map(|(id, ok)| Step::Answer(id, ok)),
        2 => id().prop_map(Step::Progress),
        6 => (0..4usize).prop_map(Step::Send),
        2 => Just(Step::Unsendable),
        1 => Just(Step::Leave),
        1 => Just(Step::Timeout),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(offer, wait)| Step::Rejoin(offer, wait)),
        3 => any::<bool>().prop_map(Step::Authenticate),
        1 => Just(Step::Answering),
    ]
}

fn mode(mode: u8) -> CancelMode {
    [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait][usize::from(mode)]
}

/// The request id of what the router has to count.
fn counted(message: &Message) -> Option<u64> {
    match message {
        Message::Call(message) => Some(message.request),
        Message::Publish(message) => Some(message.request),
        Message::Subscribe(message) => Some(message.request),
        Message::Unsubscribe(message) => Some(message.request),
        Message::Register(message) => Some(message.request),
        Message::Unregister(message) => Some(message.request),
        _ => None,
    }
}

/// What the test knows.
struct World {
    session: Session,
    tickets: u64,
    /// Tickets by request, of those that were not given up.
    requests: BTreeMap<u64, u64>,
    waiting: BTreeSet<u64>,
    /// The last request id on the wire, and the calls that may have more arguments.
    wire: u64,
    streams: BTreeSet<u64>,
    running: BTreeSet<u64>,
    joining: Joining,
    /// An answer to a challenge is to be sent.
    answered: bool,
    over: bool,
    said_goodbye: bool,
}

/// Where joining is, as the test saw it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Joining {
    /// With methods on offer, or without.
    Hello(bool),
    Challenged,
    Answered,
    Joined,
}

impl World {
    fn new() -> Self {
        World {
            session: {
                let mut session = Session::with_all();
                session.messages();
                session
            },
            tickets: 0,
            requests: BTreeMap::new(),
            waiting: BTreeSet::new(),
            wire: 0,
            streams: BTreeSet::new(),
            running: BTreeSet::new(),
            joining: Joining::Joined,
            answered: false,
            over: false,
            said_goodbye: false,
        }
    }

    fn ticket(&mut self) -> RequestTicket {
        self.tickets += 1;
        self.waiting.insert(self.tickets);
        RequestTicket(self.tickets)
    }

    fn asked(&mut self, request: u64) {
        self.requests.insert(request, self.tickets);
    }

    fn run(&mut self, step: &Step) {
        let client = &mut self.session.client;
        match step {
            Step::Receive(message) => client.handle_message((**message).clone()),
            Step::More(id, last) => client.call_more(*id, number(1), *last),
            Step::Cancel(id, how) => client.cancel(*id, mode(*how)),
            Step::Abandon(id, how) => {
                client.abandon(*id, mode(*how));
                if let Some(ticket) = self.requests.remove(id) {
                    self.waiting.remove(&ticket);
                }
            }
            Step::Answer(id, ok) => {
                let no = || ApplicationError::new("com.example.no");
                client.answer(*id, ok.then(Payload::empty).ok_or_else(no));
                self.running.remove(id);
            }
            Step::Progress(id) => drop(client.progress(*id, number(1))),
            Step::Leave => client.leave(NOW, "wamp.close.close_realm".into(), None),
            Step::Timeout => {
                if let Some(deadline) = client.poll_timeout() {
                    client.handle_timeout(deadline);
                }
            }
            Step::Call(streaming) => {
                let ticket = self.ticket();
                let mut options = CallOptions::default();
                options.progress = streaming.then_some(true);
                options.receive_progress = Some(true);
                let client = &mut self.session.client;
                let id = client.call(ticket, "com.example.p".into(), options, Payload::empty());
                self.asked(id);
            }
            Step::Publish(acknowledge) => {
                let ticket = if *acknowledge { self.ticket() } else { RequestTicket(0) };
                let mut options = PublishOptions::default();
                options.acknowledge = acknowledge.then_some(true);
                let (client, topic) = (&mut self.session.client, "com.example.t".into());
                let id = client.publish(ticket, topic, options, Payload::empty());
                if *acknowledge {
                    self.asked(id);
                }
            }
            Step::Subscribe => {
                let ticket = self.ticket().0;
                let id = self.session.subscribe(ticket);
                self.asked(id);
            }
            Step::Unsubscribe(subscription, listener) => {
                let ticket = self.ticket();
                let client = &mut self.session.client;
                let id = client.unsubscribe(ticket, *subscription, RequestTicket(*listener));
                self.asked(id);
            }
            Step::Register => {
                let ticket = self.ticket().0;
                let id = self.session.register(ticket);
                self.asked(id);
            }
            Step::Unregister(registration) => {
                let ticket = self.ticket();
                let id = self.session.client.unregister(ticket, *registration);
                self.asked(id);
            }
            Step::Send(count) => {
                for _ in 0..*count {
                    if let Some(message) = self.session.client.poll_transmit() {
                        self.sent(&message);
                    }
                }
            }
            Step::Unsendable => {
                if let Some(message) = self.session.client.poll_transmit() {
                    let error = ApplicationError::new("wamp.error.payload_size_exceeded");
                    self.session.client.handle_unsendable(&message, error);
                }
            }
            Step::Rejoin(offer, wait) => {
                if self.over {
                    self.rejoin(*offer, *wait);
                }
            }
            Step::Authenticate(true) => {
                client.authenticate(NOW, "signature".to_owned(), wampwerk::Dict::new());
                if self.joining == Joining::Challenged && !self.over {
                    (self.joining, self.answered) = (Joining::Answered, true);
                }
            }
            Step::Authenticate(false) => client.refuse_challenge("no"),
            Step::Answering => client.answering(NOW),
        }
        self.take_events();
    }

    /// The router reads a message: ids are in sequence, and nothing follows the end.
    fn sent(&mut self, message: &Message) {
        assert!(!self.said_goodbye, "{} behind the end", message.name());
        match message {
            Message::Goodbye(_) | Message::Abort(_) => self.said_goodbye = true,
            Message::Authenticate(_) => {
                assert!(std::mem::take(&mut self.answered), "an answer to nothing");
            }
            Message::Call(call) if self.streams.contains(&call.request) => {
                if call.options.progress != Some(true) {
                    self.streams.remove(&call.request);
                }
            }
            message => {
                let Some(request) = counted(message) else { return };
                let expected = self.wire + 1;
                assert_eq!(request, expected, "{}", message.name());
                self.wire = request;
                if let Message::Call(call) = message
                    && call.options.progress == Some(true)
                {
                    self.streams.insert(request);
                }
            }
        }
    }

    fn take_events(&mut self) {
        for event in self.session.events() {
            assert!(
                !self.over || matches!(event, ClientEvent::Reply { .. }),
                "{event:?} behind the end"
            );
            match event {
                ClientEvent::Reply { ticket: RequestTicket::UNUSED, .. } => {}
                ClientEvent::Reply { ticket, .. } => {
                    assert!(self.waiting.remove(&ticket.0), "{ticket:?} has its reply already");
                    self.requests.retain(|_, other| *other != ticket.0);
                }
                ClientEvent::Challenge(challenge) => {
                    assert_eq!(self.joining, Joining::Hello(true), "{challenge:?}");
                    assert_ne!(challenge.method, "cryptosign", "it was not offered");
                    self.joining = Joining::Challenged;
                }
                ClientEvent::Joined(_) => {
                    assert_ne!(self.joining, Joining::Joined, "twice");
                    assert_ne!(self.joining, Joining::Challenged, "it has not been answered");
                    self.joining = Joining::Joined;
                }
                ClientEvent::Progress { ticket, .. } => assert!(self.waiting.contains(&ticket.0)),
                ClientEvent::Invocation { invocation, .. } => {
                    assert!(self.running.insert(invocation.request), "it runs already");
                }
                ClientEvent::Arguments { invocation, .. } => {
                    assert!(self.running.contains(&invocation))
                }
                // An answer that cannot be sent may be one that the test has given.
                ClientEvent::Interrupted { invocation, .. } => {
                    self.running.remove(&invocation);
                }
                ClientEvent::Closed(reason) => {
                    self.over = true;
                    assert!(self.waiting.is_empty(), "{:?} outlive the session", self.waiting);
                    assert_eq!(self.session.client.pending(), 0);
                    if reason.kind == CloseKind::Violation {
                        let last = self.session.messages().pop().unwrap();
                        assert!(matches!(last, Message::Abort(_)), "{last:?}");
                        self.said_goodbye = true;
                    }
                }
                _ => {}
            }
        }
    }

    fn rejoin(&mut self, offer: bool, wait: bool) {
        while let Some(message) = self.session.client.poll_transmit() {
            self.sent(&message);
        }
        let mut request = JoinRequest::new("realm1");
        if offer {
            request.authmethods = vec!["ticket".to_owned(), "wampcra".to_owned()];
        }
        self.session.client.join(NOW, request);
        assert_eq!(self.session.sent(), ["HELLO"]);
        (self.wire, self.over, self.said_goodbye, self.answered) = (0, false, false, false);
        self.joining = Joining::Hello(offer);
        self.streams.clear();
        self.running.clear();
        self.requests.clear();
        if wait {
            self.session.receive(welcome(Roles::new().with("dealer", &["call_canceling"])));
            self.take_events();
            assert!(self.session.client.is_established());
        }
    }
}

fn check(steps: &[Step]) {
    let mut world = World::new();
    for step in steps {
        world.run(step);
    }
    world.session.client.handle_transport_closed(None);
    world.take_events();
    assert!(world.over);
    assert!(world.waiting.is_empty());
    assert_eq!(world.session.client.pending(), 0);
    assert_eq!(world.session.client.poll_timeout(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_the_router_says(steps in prop::collection::vec(step(), 1..150)) {
        check(&steps);
    }

    #[test]
    fn however_the_router_challenges(steps in prop::collection::vec(step_of_joining(), 1..80)) {
        check(&steps);
    }
}
