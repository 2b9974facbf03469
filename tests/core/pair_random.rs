//! Client cores against the router core under random commands, with messages that cross at random
//! and lines that break: nothing is a violation, every ticket has one reply, nothing is left over.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{Answer, ClientEvent, RequestTicket};
use wampwerk::message::{
    CallOptions, CancelMode, InvocationPolicy, PublishOptions, RegisterOptions, SubscribeOptions,
};
use wampwerk::{ApplicationError, Payload, Uri};

use crate::common::pair::World;

const PEERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    ToRouter(usize),
    ToClient(usize),
    Register(usize, u8),
    Unregister(usize),
    Subscribe(usize, u8),
    Unsubscribe(usize),
    Call(usize, u8),
    Abandon(usize),
    Cancel(usize, u8),
    Stream(usize, u8),
    More(usize, bool),
    Progress(usize),
    Answer(usize, bool),
    Publish(usize, u8, bool),
    Advance,
    Leave(usize),
    Break(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let peer = 0..PEERS;
    let name = 0..2u8;
    prop_oneof![
        12 => peer.clone().prop_map(Step::ToRouter),
        12 => peer.clone().prop_map(Step::ToClient),
        3 => (peer.clone(), name.clone()).prop_map(|(p, n)| Step::Register(p, n)),
        1 => peer.clone().prop_map(Step::Unregister),
        4 => (peer.clone(), name.clone()).prop_map(|(p, n)| Step::Subscribe(p, n)),
        3 => peer.clone().prop_map(Step::Unsubscribe),
        6 => (peer.clone(), name.clone()).prop_map(|(p, n)| Step::Call(p, n)),
        1 => peer.clone().prop_map(Step::Abandon),
        2 => (peer.clone(), 0..3u8).prop_map(|(p, mode)| Step::Cancel(p, mode)),
        3 => (peer.clone(), name.clone()).prop_map(|(p, n)| Step::Stream(p, n)),
        4 => (peer.clone(), any::<bool>()).prop_map(|(p, last)| Step::More(p, last)),
        3 => peer.clone().prop_map(Step::Progress),
        6 => (peer.clone(), any::<bool>()).prop_map(|(p, ok)| Step::Answer(p, ok)),
        5 => (peer.clone(), name, any::<bool>()).prop_map(|(p, n, a)| Step::Publish(p, n, a)),
        1 => Just(Step::Advance),
        1 => peer.clone().prop_map(Step::Leave),
        1 => peer.prop_map(Step::Break),
    ]
}

/// What the test knows of a client.
#[derive(Default)]
struct Known {
    /// Requests by ticket: their id on the wire, and whether they were given up.
    asked: BTreeMap<RequestTicket, (u64, bool)>,
    replies: BTreeMap<RequestTicket, usize>,
    subscriptions: Vec<(u64, RequestTicket)>,
    registrations: Vec<u64>,
    invocations: Vec<u64>,
    /// Calls whose last arguments have not been sent.
    streams: Vec<u64>,
}

fn name(kind: &str, number: u8) -> Uri {
    Uri::from(format!("com.example.{kind}{number}"))
}

fn take(world: &mut World, known: &mut [Known]) {
    world.drain();
    for (peer, known) in world.peers.iter_mut().zip(known) {
        for event in peer.events.drain(..) {
            match event {
                ClientEvent::Reply { ticket, result } => {
                    *known.replies.entry(ticket).or_default() += 1;
                    match result {
                        Ok(Answer::Subscribed { subscription }) => {
                            known.subscriptions.push((subscription, ticket));
                        }
                        Ok(Answer::Registered { registration }) => {
                            known.registrations.push(registration);
                        }
                        _ => {}
                    }
                }
                ClientEvent::Invocation { invocation, .. } => {
                    known.invocations.push(invocation.request)
                }
                ClientEvent::Progress { ticket, .. } => {
                    let replies = known.replies.get(&ticket);
                    assert_eq!(replies, None, "a result behind the last of {ticket:?}");
                }
                ClientEvent::Arguments { invocation, .. } => {
                    assert!(known.invocations.contains(&invocation), "{invocation} is not running");
                }
                ClientEvent::Interrupted { invocation, .. } => {
                    known.invocations.retain(|other| *other != invocation);
                }
                ClientEvent::Closed(reason) => {
                    assert_ne!(reason.kind, CloseKind::Violation, "{reason}");
                    assert_ne!(reason.kind, CloseKind::Aborted, "{reason}");
                }
                _ => {}
            }
        }
    }
}

fn run(world: &mut World, known: &mut [Known], step: &Step) {
    let now = world.now;
    match *step {
        Step::ToRouter(peer) => world.step_to_router(peer),
        Step::ToClient(peer) => world.step_to_client(peer),
        Step::Advance => world.advance(Duration::from_secs(1)),
        Step::Break(peer) => world.break_line(peer),
        Step::Leave(peer) => {
            world.peers[peer].client.leave(now, "wamp.close.close_realm".into(), None);
        }
        Step::Answer(peer, ok) => {
            if let Some(request) = known[peer].invocations.pop() {
                let no = || ApplicationError::new("com.example.no");
                let result = ok.then(Payload::empty).ok_or_else(no);
                world.peers[peer].client.answer(request, result);
            }
        }
        Step::Abandon(peer) => {
            let known = &mut known[peer];
            let waits = known
                .asked
                .iter_mut()
                .find(|(ticket, (_, given_up))| !known.replies.contains_key(ticket) && !given_up);
            if let Some((_, (request, given_up))) = waits {
                *given_up = true;
                world.peers[peer].client.abandon(*request, CancelMode::KillNoWait);
            }
        }
        Step::Register(peer, n) => {
            let ticket = world.ticket(peer);
            let mut options = RegisterOptions::default();
            options.invoke = (n == 1).then_some(InvocationPolicy::RoundRobin);
            let id = world.peers[peer].client.register(ticket, name("p", n), options);
            known[peer].asked.insert(ticket, (id, false));
        }
        Step::Cancel(peer, mode) => {
            let mode =
                [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait][usize::from(mode)];
            let known = &known[peer];
            let waits = known.asked.iter().find(|(ticket, _)| !known.replies.contains_key(ticket));
            if let Some((_, (request, _))) = waits {
                world.peers[peer].client.cancel(*request, mode);
            }
        }
        Step::Stream(peer, n) => {
            let ticket = world.ticket(peer);
            let mut options = CallOptions::default();
            (options.progress, options.receive_progress) = (Some(true), Some(true));
            let client = &mut world.peers[peer].client;
            let id = client.call(ticket, name("p", n), options, Payload::empty());
            known[peer].asked.insert(ticket, (id, false));
            known[peer].streams.push(id);
        }
        Step::More(peer, last) => {
            if let Some(request) = known[peer].streams.last() {
                world.peers[peer].client.call_more(*request, Payload::empty(), last);
                if last {
                    known[peer].streams.pop();
                }
            }
        }
        Step::Progress(peer) => {
            if let Some(request) = known[peer].invocations.last() {
                world.peers[peer].client.progress(*request, Payload::empty());
            }
        }
        Step::Unregister(peer) => {
            if let Some(registration) = known[peer].registrations.pop() {
                let ticket = world.ticket(peer);
                let id = world.peers[peer].client.unregister(ticket, registration);
                known[peer].asked.insert(ticket, (id, false));
            }
        }
        Step::Subscribe(peer, n) => {
            let (ticket, options) = (world.ticket(peer), SubscribeOptions::default());
            let id = world.peers[peer].client.subscribe(ticket, name("t", n), options);
            known[peer].asked.insert(ticket, (id, false));
        }
        Step::Unsubscribe(peer) => {
            if let Some((subscription, listener)) = known[peer].subscriptions.pop() {
                let ticket = world.ticket(peer);
                let id = world.peers[peer].client.unsubscribe(ticket, subscription, listener);
                known[peer].asked.insert(ticket, (id, false));
            }
        }
        Step::Call(peer, n) => {
            let ticket = world.ticket(peer);
            let (options, payload) = (CallOptions::default(), Payload::empty());
            let client = &mut world.peers[peer].client;
            let id = client.call(ticket, name("p", n), options, payload);
            known[peer].asked.insert(ticket, (id, false));
        }
        Step::Publish(peer, n, acknowledge) => {
            let ticket = world.ticket(peer);
            let mut options = PublishOptions::default();
            options.acknowledge = acknowledge.then_some(true);
            let client = &mut world.peers[peer].client;
            let id = client.publish(ticket, name("t", n), options, Payload::empty());
            if acknowledge {
                known[peer].asked.insert(ticket, (id, false));
            }
        }
    }
    take(world, known);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_left_over(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::joined(PEERS);
        let mut known: Vec<Known> = (0..PEERS).map(|_| Known::default()).collect();
        for step in &steps {
            run(&mut world, &mut known, step);
        }
        // What is under way arrives; what no handler answered is answered; the rest times out.
        loop {
            world.settle();
            take(&mut world, &mut known);
            let mut answered = false;
            for (peer, known) in known.iter_mut().enumerate() {
                for request in known.invocations.drain(..) {
                    world.peers[peer].client.answer(request, Ok(Payload::empty()));
                    answered = true;
                }
            }
            if !answered {
                break;
            }
        }
        for (peer, known) in known.iter().enumerate() {
            prop_assert_eq!(world.peers[peer].client.pending(), 0);
            for (ticket, (_, given_up)) in &known.asked {
                let replies = known.replies.get(ticket).copied().unwrap_or_default();
                prop_assert!(replies == 1 || *given_up && replies == 0, "{ticket:?}: {replies}");
            }
        }
        prop_assert_eq!(world.router.statistics().calls, 0);
        // All go: the router holds nothing.
        for peer in 0..PEERS {
            world.break_line(peer);
        }
        let left = world.router.statistics();
        prop_assert_eq!((left.sessions, left.subscriptions, left.registrations), (0, 0, 0));
        prop_assert_eq!(left.connections, 0);
    }
}
