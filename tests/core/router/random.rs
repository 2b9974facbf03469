//! Random messages, legal and illegal, from several connections at once: whatever comes, the
//! promises of the router hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use wampwerk::ApplicationError;
use wampwerk::error::Violation;
use wampwerk::internals::core::router::{ConnectionId, RouterConfig};
use wampwerk::message::*;

use crate::common::router_core::*;

#[derive(Clone, Debug)]
enum Step {
    Connect,
    Hello(usize),
    Send(usize, Kind, u64),
    Answer(usize, bool),
    Undecodable(usize),
    Undeliverable(usize),
    Disconnect(usize),
    Wait(u64),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Subscribe,
    Unsubscribe,
    Publish,
    Acknowledged,
    Register,
    Unregister,
    Call,
    Cancel,
    Yield,
    Error,
    Goodbye,
    Abort,
    Welcome,
}

/// The first eight are sent most, the last one is never legal.
const KINDS: [Kind; 13] = [
    Kind::Subscribe,
    Kind::Unsubscribe,
    Kind::Publish,
    Kind::Acknowledged,
    Kind::Register,
    Kind::Unregister,
    Kind::Call,
    Kind::Cancel,
    Kind::Yield,
    Kind::Error,
    Kind::Goodbye,
    Kind::Abort,
    Kind::Welcome,
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..6_usize;
    let legal = 0..KINDS.len() - 1;
    let send = |(who, kind, number): (usize, usize, u64)| Step::Send(who, KINDS[kind], number);
    let step = prop_oneof![
        4 => Just(Step::Connect),
        8 => who.clone().prop_map(Step::Hello),
        60 => (who.clone(), 0..8_usize, 0..8_u64).prop_map(send),
        4 => (who.clone(), legal, 0..8_u64).prop_map(send),
        1 => (who.clone(), Just(KINDS.len() - 1), 0..8_u64).prop_map(send),
        30 => (who.clone(), any::<bool>()).prop_map(|(w, ok)| Step::Answer(w, ok)),
        1 => who.clone().prop_map(Step::Undecodable),
        2 => who.clone().prop_map(Step::Undeliverable),
        1 => who.prop_map(Step::Disconnect),
        1 => (0..12_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 50..400)
}

/// What a test knows of a peer.
#[derive(Default)]
struct Peer {
    joined: bool,
    requests: u64,
    invocations: u64,
    unanswered: Vec<Invocation>,
    calls: BTreeSet<u64>,
    subscriptions: BTreeSet<u64>,
}

#[derive(Default)]
struct Model {
    peers: BTreeMap<ConnectionId, Peer>,
    order: Vec<ConnectionId>,
}

impl Model {
    fn peer(&mut self, index: usize) -> Option<(ConnectionId, &mut Peer)> {
        let id = *self.order.get(index % self.order.len().max(1))?;
        self.peers.get_mut(&id).map(|peer| (id, peer))
    }

    /// Reads what all peers got and checks it.
    fn read(&mut self, net: &mut Net) {
        for (id, peer) in &mut self.peers {
            for message in net.take_messages(*id) {
                peer.read(&message);
            }
        }
        self.peers.retain(|id, _| net.closed(*id).is_none());
        self.order.retain(|id| net.closed(*id).is_none());
        let known = net.statistics();
        let sum = |count: fn(&Peer) -> usize| self.peers.values().map(count).sum::<usize>();
        assert_eq!(known.connections, self.peers.len());
        assert_eq!(known.sessions, sum(|peer| peer.joined.into()));
        assert_eq!(known.calls, sum(|peer| peer.calls.len()));
    }
}

impl Peer {
    fn read(&mut self, message: &Message) {
        match message {
            Message::Welcome(_) => *self = Peer { joined: true, ..Peer::default() },
            Message::Abort(_) | Message::Goodbye(_) => {
                assert!(self.joined || matches!(message, Message::Abort(_)));
                *self = Peer::default();
            }
            Message::Invocation(invocation) => {
                self.invocations += 1;
                assert_eq!(invocation.request, self.invocations, "not sequential");
                self.unanswered.push(invocation.clone());
            }
            Message::Result(result) => {
                assert!(self.calls.remove(&result.request), "no such call, or a second answer");
            }
            Message::Error(error) if error.request_type == RequestType::Call => {
                assert!(self.calls.remove(&error.request), "no such call, or a second answer");
            }
            Message::Subscribed(subscribed) => {
                self.subscriptions.insert(subscribed.subscription);
            }
            Message::Event(event) => {
                assert!(self.subscriptions.contains(&event.subscription), "not subscribed");
            }
            Message::Error(_)
            | Message::Published(_)
            | Message::Unsubscribed(_)
            | Message::Registered(_)
            | Message::Unregistered(_) => {}
            other => panic!("{other:?}"),
        }
        assert!(self.joined || matches!(message, Message::Abort(_) | Message::Goodbye(_)));
    }

    fn write(&mut self, kind: Kind, number: u64) -> Message {
        let uri = ["com.a", "com.b", "com.a", "com.b", "com.a", "com.c", "com..d", "wamp.e"]
            [number as usize % 8];
        let mut request = || {
            self.requests += 1;
            self.requests
        };
        match kind {
            Kind::Subscribe => subscribe(request(), uri).into(),
            Kind::Unsubscribe => {
                self.subscriptions.remove(&(number + 1));
                self.requests += 1;
                unsubscribe(self.requests, number + 1).into()
            }
            Kind::Publish => {
                let mut message = publish(request(), uri, number);
                message.options.exclude_me = Some(number > 3);
                message.into()
            }
            Kind::Acknowledged => acknowledged(request(), uri, number).into(),
            Kind::Register => register(request(), uri).into(),
            Kind::Unregister => unregister(request(), number + 1).into(),
            Kind::Call => {
                let request = request();
                if self.joined {
                    self.calls.insert(request);
                }
                call(request, uri, number).into()
            }
            Kind::Cancel => {
                let call = self.calls.first().map_or(number + 1, |call| *call);
                cancel(call, CancelMode::Kill).into()
            }
            Kind::Yield => yields(number + 1, 1).into(),
            Kind::Error => fails(number + 1, "com.example.error", 1).into(),
            Kind::Goodbye => goodbye("wamp.close.close_realm").into(),
            Kind::Abort => Abort {
                details: ClosingDetails::default(),
                reason: "com.example.tired".into(),
                payload: Payload::empty(),
            }
            .into(),
            Kind::Welcome => Welcome { session: 1, details: WelcomeDetails::default() }.into(),
        }
    }
}

fn take(net: &mut Net, model: &mut Model, step: Step) {
    let error = ApplicationError::new("wamp.error.invalid_payload");
    match step {
        Step::Connect if model.order.len() < 6 => {
            let id = net.connect();
            model.peers.insert(id, Peer::default());
            model.order.push(id);
        }
        Step::Connect => {}
        Step::Hello(who) => {
            if let Some((id, peer)) = model.peer(who)
                && !peer.joined
            {
                net.send(id, hello("realm1"));
            }
        }
        Step::Send(who, kind, number) => {
            let Some((id, peer)) = model.peer(who) else { return };
            // Now and then it is sent all the same.
            if !peer.joined && number > 0 {
                return take(net, model, Step::Hello(who));
            }
            let message = peer.write(kind, number);
            net.send(id, message);
            if let Kind::Abort = kind {
                *peer = Peer::default();
            }
        }
        Step::Answer(who, good) => {
            let Some((id, peer)) = model.peer(who) else { return };
            let Some(invocation) = peer.unanswered.pop() else { return };
            match good {
                true => net.send(id, yields(invocation.request, 1)),
                false => net.send(id, fails(invocation.request, "com.example.error", 1)),
            }
        }
        Step::Undecodable(who) => {
            let Some((id, _)) = model.peer(who) else { return };
            net.router.handle_violation(net.now, id, Violation::new("no message"));
        }
        Step::Undeliverable(who) => {
            let Some((id, peer)) = model.peer(who) else { return };
            let Some(invocation) = peer.unanswered.pop() else { return };
            net.router.handle_undeliverable(net.now, id, &invocation.into(), &error);
        }
        Step::Disconnect(who) => {
            let Some((id, _)) = model.peer(who) else { return };
            net.disconnect(id);
            model.peers.remove(&id);
            model.order.retain(|other| *other != id);
        }
        Step::Wait(seconds) => net.advance(Duration::from_secs(seconds)),
    }
    net.drain();
    model.read(net);
}

proptest! {
    #[test]
    fn promises_hold(steps in steps(), strict in any::<bool>()) {
        let mut config = RouterConfig::new(7).realm("realm1");
        config.strict_request_ids = strict;
        config.limits.calls = 5;
        config.limits.subscriptions = 2;
        config.limits.registrations = 2;
        let mut net = Net::with(config);
        let mut model = Model::default();
        for step in steps {
            take(&mut net, &mut model, step);
        }
        while let Some(id) = model.order.first().copied() {
            take(&mut net, &mut model, Step::Disconnect(0));
            prop_assert!(!model.peers.contains_key(&id));
        }
        prop_assert_eq!(net.statistics(), Default::default());
        prop_assert_eq!(net.router.poll_timeout(), None);
    }
}
