//! Leaving in portions: whatever a session holds, each step of its leaving is short, and others go on
//! in between.

use std::time::Duration;

use proptest::prelude::*;
use wampwerk::internals::core::router::{ConnectionId, MetaApi, RouterConfig, Statistics};
use wampwerk::message::*;
use wampwerk::{Dict, List, Match};

use crate::common::router_core::*;

/// Number of things that one step takes away here.
const PORTION: usize = 10;

fn net() -> Net {
    net_with(PORTION, MetaApi::Full)
}

fn net_with(portion: usize, meta_api: MetaApi) -> Net {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.portion = portion;
    config.meta_api = meta_api;
    Net::with(config)
}

/// A session with so many subscriptions and registrations of its own.
fn holder(net: &mut Net, name: &str, each: u64) -> ConnectionId {
    let id = net.join_as(&able());
    for request in 0..each {
        net.subscribe(id, 2 * request + 1, &format!("com.example.{name}.topic{request}"));
        net.register(id, 2 * request + 2, &format!("com.example.{name}.procedure{request}"));
    }
    id
}

fn able() -> Roles {
    Roles::new()
        .with("caller", &["call_canceling"])
        .with("callee", &["call_canceling", "progressive_call_results"])
        .with("publisher", &[])
        .with("subscriber", &[])
}

fn held(net: &Net) -> usize {
    let Statistics { subscriptions, registrations, .. } = net.statistics();
    subscriptions + registrations
}

fn is_due(net: &Net) -> bool {
    net.router.poll_timeout() == Some(Duration::ZERO)
}

fn step(net: &mut Net) {
    net.router.handle_timeout(net.now);
    net.drain_step();
}

#[test]
fn row08_each_step_of_leaving_has_a_bound() {
    let mut net = net_with(512, MetaApi::Off);
    let pair = [net.join(), net.join()];
    net.register(pair[1], 1, "com.example.echo");
    let id = net.join_as(&able());
    for request in 0..10_000 {
        net.send(id, subscribe(request, &format!("com.example.t{request}")));
        net.send(id, register(request, &format!("com.example.p{request}")));
    }
    for request in 1..=20_000 {
        net.send(id, call(request, "com.example.echo", 1));
    }
    net.take(id);
    net.take(pair[1]);
    let mut calls = net.statistics().calls;
    assert_eq!((held(&net), calls), (20_001, 20_000));
    let mut before = held(&net);
    net.router.handle_disconnect(net.now, id);
    let (mut steps, mut answered) = (1, 20_000);
    loop {
        net.drain_step();
        assert!(before - held(&net) <= 512, "{} at once", before - held(&net));
        before = held(&net);
        if !is_due(&net) {
            break;
        }
        // The well-behaved pair goes on between two portions.
        answered += 1;
        net.router.handle_message(net.now, pair[0], call(steps, "com.example.echo", 1).into());
        net.router.handle_message(net.now, pair[1], yields(answered, 1).into());
        net.drain_step();
        assert_eq!(net.take(pair[0]), [format!("RESULT {steps}")]);
        assert_eq!(net.take(pair[1]).len(), 1);
        net.router.handle_timeout(net.now);
        steps += 1;
    }
    calls = net.statistics().calls;
    assert_eq!((held(&net), calls), (1, 0));
    assert!((78..=81).contains(&steps), "{steps}");
}

#[test]
fn row08_sessions_that_leave_take_turns() {
    let mut net = net();
    let watcher = net.join();
    net.subscribe(watcher, 1, "wamp.session.on_leave");
    let large = holder(&mut net, "large", 500);
    let small = holder(&mut net, "small", 20);
    net.router.handle_disconnect(net.now, large);
    net.router.handle_disconnect(net.now, small);
    net.drain_step();
    let mut steps = 0;
    while net.take(watcher).is_empty() {
        step(&mut net);
        steps += 1;
    }
    // 40 things of the small one in every second step.
    assert!(steps <= 10, "{steps}");
    assert!(held(&net) > 900);
    net.drain();
    assert_eq!((held(&net), net.take(watcher).len()), (1, 1));
}

#[test]
fn row08_testaments_are_published_in_portions() {
    let mut net = net_with(512, MetaApi::ReadOnly);
    let readers: Vec<_> = (0..500).map(|_| net.join()).collect();
    for &reader in &readers {
        net.subscribe(reader, 1, "com.example.t");
    }
    let id = net.join();
    for request in 1..=100 {
        let args = vec!["com.example.t".into(), List::new().into(), Dict::new().into()];
        let payload = Payload::from_values(args, Dict::new());
        net.send(id, Call { payload, ..call(request, "wamp.session.add_testament", 0) });
    }
    assert_eq!(net.take(id).len(), 100);
    net.router.handle_disconnect(net.now, id);
    let (mut steps, mut published) = (0, 0);
    loop {
        net.drain_step();
        let told: usize = readers.iter().map(|reader| net.take(*reader).len()).sum();
        assert!(told <= 17_000, "{told} at once");
        published += told;
        steps += 1;
        if !is_due(&net) {
            break;
        }
        net.router.handle_timeout(net.now);
    }
    assert_eq!((steps, published), (4, 50_000));
}

#[test]
fn row08_killing_many_takes_steps_with_a_bound() {
    let mut net = net();
    let admin = net.join();
    let victims: Vec<_> =
        (0..30).map(|one| holder(&mut net, &format!("victim{one}"), 10)).collect();
    let mut before = held(&net);
    net.router.handle_message(net.now, admin, call(1, "wamp.session.kill_all", 0).into());
    net.drain_step();
    // The argument is the reason, and 0 is none.
    assert_eq!(net.take(admin), ["ERROR 48 1 wamp.error.invalid_argument"]);
    let kill = Call { payload: Payload::empty(), ..call(2, "wamp.session.kill_all", 0) };
    net.router.handle_message(net.now, admin, kill.into());
    net.drain_step();
    // All are out of the realm at once.
    assert_eq!(net.take(admin), ["RESULT 2"]);
    for victim in victims {
        assert_eq!(net.take(victim), ["GOODBYE wamp.close.killed"]);
    }
    assert_eq!(net.statistics().sessions, 1);
    while is_due(&net) {
        assert!(before - held(&net) <= PORTION);
        before = held(&net);
        step(&mut net);
    }
    assert_eq!(held(&net), 0);
}

#[test]
fn goodbye_is_answered_when_nothing_is_left_and_nothing_comes_in_between() {
    let mut net = net();
    let other = net.join_as(&able());
    net.register(other, 1, "com.example.echo");
    let id = holder(&mut net, "large", 100);
    net.subscribe(id, 201, "com.example.last");
    net.send(id, call(202, "com.example.echo", 1));
    net.send(other, call(1, "com.example.large.procedure99", 1));
    assert_eq!(net.take(id).len(), 1);
    net.take(other);
    net.router.handle_message(net.now, id, goodbye("wamp.close.close_realm").into());
    // It joins again as soon as it can.
    net.router.handle_message(net.now, id, hello("realm1").into());
    net.drain_step();
    assert!(is_due(&net));
    // An event, a result, an invocation.
    net.router.handle_message(net.now, other, publish(2, "com.example.last", 1).into());
    net.router.handle_message(net.now, other, yields(1, 1).into());
    net.router.handle_message(net.now, other, call(3, "com.example.large.procedure98", 1).into());
    net.drain_step();
    assert_eq!(net.take(other), ["ERROR 48 3 wamp.error.no_such_procedure"]);
    while is_due(&net) {
        assert_eq!(net.take(id), [""; 0]);
        step(&mut net);
    }
    assert_eq!(net.take(id), ["GOODBYE wamp.close.goodbye_and_out", "WELCOME"]);
    assert_eq!(net.take(other), ["ERROR 48 1 wamp.error.canceled"]);
}

#[test]
fn what_a_session_leaves_stands_in_nobodys_way() {
    let mut net = net();
    let next = net.join();
    let id = holder(&mut net, "large", 100);
    let other = net.join();
    let shared = |request| {
        let mut message = register(request, "com.example.shared");
        message.options.invoke = Some(InvocationPolicy::First);
        message
    };
    net.send(id, shared(1000));
    net.send(other, shared(1));
    net.router.handle_disconnect(net.now, id);
    net.drain_step();
    net.take(other);
    net.router.handle_message(net.now, next, register(1, "com.example.large.procedure99").into());
    net.router.handle_message(net.now, next, call(2, "com.example.shared", 1).into());
    net.drain_step();
    assert!(is_due(&net));
    assert!(net.take(next)[0].starts_with("REGISTERED 1 "));
    assert!(net.take(other)[0].starts_with("INVOCATION 1 "));
    net.drain();
    // Its own, and the shared one.
    assert_eq!(net.statistics().registrations, 2);
}

#[test]
fn row08_changes_wait_while_too_many_meta_events_do() {
    let mut net = net_with(200, MetaApi::ReadOnly);
    for _ in 0..100 {
        let watcher = net.join();
        let mut message = subscribe(1, "wamp.subscription.");
        message.options.r#match = Some(Match::Prefix);
        net.send(watcher, message);
    }
    let [leaver, id, other] = [net.join(), net.join(), net.join()];
    for request in 0..200 {
        net.send(leaver, subscribe(request, &format!("com.example.left{request}")));
    }
    // More than one step may carry: the rest waits, then what is behind it, and then what would add
    // to that.
    net.router.handle_disconnect(net.now, leaver);
    assert!(is_due(&net));
    let before = net.statistics().subscriptions;
    for request in 1..=3000 {
        let topic = format!("com.example.{request}");
        net.router.handle_message(net.now, id, subscribe(request, &topic).into());
    }
    net.drain_step();
    let done = net.statistics().subscriptions - before;
    assert!((1000..2000).contains(&done), "{done}");
    // Requests that cause no meta events go on.
    net.router.handle_message(net.now, other, acknowledged(1, "com.example.t", 1).into());
    net.drain_step();
    assert_eq!(net.take(other), ["PUBLISHED 1"]);
    net.drain();
    assert_eq!(net.statistics().subscriptions, before + 3000);
}

#[derive(Clone, Debug)]
enum Do {
    Hello(usize),
    Subscribe(usize, u64),
    Register(usize, u64),
    Publish(usize, u64),
    Call(usize, u64),
    Yield(usize, u64),
    Cancel(usize, u64),
    Goodbye(usize),
    Abort(usize),
    Kill(usize),
    Lost(usize),
    Step,
}

fn steps() -> impl Strategy<Value = Vec<Do>> {
    let who = || 0..4_usize;
    let one = prop_oneof![
        6 => who().prop_map(Do::Hello),
        8 => (who(), 0..6_u64).prop_map(|(who, what)| Do::Subscribe(who, what)),
        8 => (who(), 0..6_u64).prop_map(|(who, what)| Do::Register(who, what)),
        4 => (who(), 0..6_u64).prop_map(|(who, what)| Do::Publish(who, what)),
        16 => (who(), 0..6_u64).prop_map(|(who, what)| Do::Call(who, what)),
        8 => (who(), 0..6_u64).prop_map(|(who, what)| Do::Yield(who, what)),
        2 => (who(), 0..6_u64).prop_map(|(who, what)| Do::Cancel(who, what)),
        4 => who().prop_map(Do::Goodbye),
        2 => who().prop_map(Do::Abort),
        1 => who().prop_map(Do::Kill),
        1 => who().prop_map(Do::Lost),
        6 => Just(Do::Step),
    ];
    prop::collection::vec(one, 20..300)
}

/// What one peer has sent and got in its session.
#[derive(Default)]
struct Peer {
    joined: bool,
    asked_to_leave: bool,
    request: u64,
    calls: std::collections::BTreeSet<u64>,
    invocations: Vec<u64>,
}

impl Peer {
    fn read(&mut self, message: &Message) {
        match message {
            Message::Welcome(_) => *self = Peer { joined: true, ..Peer::default() },
            Message::Goodbye(_) => *self = Peer::default(),
            other => {
                assert!(self.joined, "{other:?} without a session");
                assert!(!self.asked_to_leave, "{other:?} between two GOODBYEs");
            }
        }
        match message {
            Message::Result(it) => assert!(self.calls.remove(&it.request), "a second answer"),
            Message::Error(it) if it.request_type == RequestType::Call => {
                assert!(self.calls.remove(&it.request), "a second answer");
            }
            Message::Invocation(it) => self.invocations.push(it.request),
            _ => {}
        }
    }
}

proptest! {
    /// With steps that take one thing away, everything that can happen happens in between.
    #[test]
    fn whatever_comes_in_between_each_call_has_one_answer(all in steps()) {
        let mut net = net_with(1, MetaApi::Full);
        let mut ids: Vec<_> = (0..4).map(|_| net.connect()).collect();
        let mut peers: Vec<_> = (0..4).map(|_| Peer::default()).collect();
        for one in all {
            let (who, what) = match one {
                Do::Hello(who) | Do::Goodbye(who) | Do::Abort(who) => (who, 0),
                Do::Kill(who) | Do::Lost(who) => (who, 0),
                Do::Subscribe(who, what) | Do::Register(who, what) => (who, what),
                Do::Publish(who, what) | Do::Call(who, what) => (who, what),
                Do::Yield(who, what) | Do::Cancel(who, what) => (who, what),
                Do::Step => (0, 0),
            };
            let (id, peer) = (ids[who], &mut peers[who]);
            let may = peer.joined && !peer.asked_to_leave;
            let request = peer.request + 1;
            let name = format!("com.example.{what}");
            let message: Option<Message> = match one {
                Do::Step => {
                    net.router.handle_timeout(net.now);
                    None
                }
                Do::Hello(_) => {
                    (!peer.joined).then(|| {
                        let mut message = hello("realm1");
                        message.details.roles = Some(able());
                        message.into()
                    })
                }
                Do::Lost(_) => {
                    net.router.handle_disconnect(net.now, id);
                    ids[who] = net.router.connect(net.now);
                    peers[who] = Peer::default();
                    None
                }
                _ if !may => None,
                Do::Subscribe(..) => Some(subscribe(request, &name).into()),
                Do::Register(..) => {
                    let mut message = register(request, &name);
                    if what > 2 {
                        message.options.invoke = Some(InvocationPolicy::RoundRobin);
                        message.options.concurrency = Some(2);
                    }
                    Some(message.into())
                }
                Do::Publish(..) => {
                    let mut message = publish(request, &name, 1);
                    message.options.exclude_me = Some(false);
                    Some(message.into())
                }
                Do::Call(..) => {
                    peer.calls.insert(request);
                    let mut message = call(request, &name, 1);
                    if what == 1 {
                        message.options.timeout = Some(1);
                    }
                    Some(message.into())
                }
                Do::Yield(..) => peer.invocations.pop().map(|id| yields(id, 1).into()),
                Do::Cancel(..) => peer.calls.first().map(|id| cancel(*id, CancelMode::Kill).into()),
                Do::Kill(_) => {
                    peer.calls.insert(request);
                    let kill = call(request, "wamp.session.kill_all", 0);
                    Some(Call { payload: Payload::empty(), ..kill }.into())
                }
                Do::Goodbye(_) => {
                    peer.asked_to_leave = true;
                    Some(goodbye("wamp.close.close_realm").into())
                }
                Do::Abort(_) => {
                    *peer = Peer::default();
                    let details = ClosingDetails::default();
                    let (reason, payload) = ("com.example.tired".into(), Payload::empty());
                    Some(Abort { details, reason, payload }.into())
                }
            };
            if let Some(message) = message {
                peers[who].request = request;
                net.router.handle_message(net.now, ids[who], message);
            }
            net.now += Duration::from_millis(1);
            net.drain_step();
            for (id, peer) in ids.iter_mut().zip(&mut peers) {
                for message in net.take_messages(*id) {
                    peer.read(&message);
                }
                if net.closed(*id).is_some() {
                    *id = net.router.connect(net.now);
                    *peer = Peer::default();
                }
            }
        }
        // Whoever has been killed answers; then all calls have been answered, or run.
        net.now += Duration::from_secs(30);
        net.drain();
        net.router.handle_timeout(net.now);
        net.drain();
        for (id, peer) in ids.iter().zip(&mut peers).filter(|(_, peer)| peer.joined) {
            for message in net.take_messages(*id) {
                peer.read(&message);
            }
        }
        let running: usize = peers.iter().map(|peer| peer.calls.len()).sum();
        prop_assert_eq!(net.statistics().calls, running);
        for id in ids {
            net.disconnect(id);
        }
        prop_assert_eq!(net.statistics().sessions, 0);
        prop_assert_eq!((held(&net), net.router.held_bytes()), (0, 0));
        prop_assert_eq!(net.router.poll_timeout(), None);
    }
}

#[test]
fn row07_a_list_that_is_too_long_is_refused() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.limits.subscriptions = 100_000;
    let mut net = Net::with(config);
    let id = net.join();
    let list = || Call { payload: Payload::empty(), ..call(1, "wamp.subscription.list", 0) };
    for number in 0..=65_536 {
        if number == 65_536 {
            net.send(id, list());
            assert_eq!(net.take_messages(id).len(), 65_537);
        }
        let topic = format!("com.example.{number}");
        net.router.handle_message(net.now, id, subscribe(number + 1, &topic).into());
    }
    net.drain();
    net.take(id);
    net.send(id, list());
    let Message::Error(error) = net.take_one(id) else { panic!("a list") };
    assert_eq!(error.error, "wamp.error.payload_size_exceeded");
    let text = format!("{:?}", error.payload);
    assert!(text.contains("there are 65537 subscriptions: the limit of a list is 65536"), "{text}");
}

#[test]
fn row06_a_realm_has_few_shapes_of_wildcards() {
    let mut net = Net::new();
    let mut accepted = 0;
    for session in 0..10_u32 {
        let id = net.join();
        for request in 0..64_u32 {
            let number = session * 64 + request + 1;
            let component = |bit: u32| if number >> bit & 1 > 0 { "" } else { "x" };
            let topic: Vec<_> = (0..12).map(component).collect();
            let mut message = subscribe(u64::from(request) + 1, &topic.join("."));
            message.options.r#match = Some(Match::Wildcard);
            net.send(id, message);
            match net.take_one(id) {
                Message::Subscribed(_) => accepted += 1,
                Message::Error(error) => {
                    assert_eq!(error.error, "wamp.error.unavailable");
                    let text = format!("{:?}", error.payload);
                    assert!(text.contains("the limit is 512 for patterns"), "{text}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(accepted, 512);
}

#[test]
fn a_registration_of_many_is_taken_over() {
    let mut net = net();
    let forced = |request| {
        let mut message = register(request, "com.example.shared");
        message.options.force_reregister = Some(true);
        message
    };
    let first = net.join();
    net.send(first, forced(1));
    let second = net.join();
    net.send(second, forced(1));
    assert_eq!(net.take(second), ["REGISTERED 1 2"]);
    assert_eq!(net.statistics().registrations, 1);
}
