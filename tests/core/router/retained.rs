//! Events that are kept for later subscribers (spec: "Event Retention").

use wampwerk::internals::core::router::{ConnectionId, MetaApi, RouterConfig};
use wampwerk::message::*;
use wampwerk::{Match, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_pubsub::*;

fn retain(request: u64, topic: &str, value: impl Into<Value>) -> Publish {
    publish_as(request, topic, value, |options| options.retain = Some(true))
}

fn retain_for(
    request: u64,
    topic: &str,
    value: impl Into<Value>,
    set: impl FnOnce(&mut PublishOptions),
) -> Publish {
    let mut message = retain(request, topic, value);
    set(&mut message.options);
    message
}

/// Subscribes with `get_retained`; what came behind SUBSCRIBED.
fn retained(
    net: &mut Net,
    id: ConnectionId,
    request: u64,
    topic: &str,
    policy: Match,
) -> Vec<Event> {
    let mut message = subscribe_as(request, topic, policy);
    message.options.get_retained = Some(true);
    net.send(id, message);
    let mut all = net.take_messages(id).into_iter();
    let Some(Message::Subscribed(subscribed)) = all.next() else { panic!("not SUBSCRIBED first") };
    let event = |message| match message {
        Message::Event(event) if event.subscription == subscribed.subscription => event,
        other => panic!("{}", show(&other)),
    };
    all.map(event).collect()
}

/// The one argument of each event.
fn values(events: &[Event]) -> Vec<Value> {
    let value = |event: &Event| event.payload.to_values().unwrap().0.remove(0);
    events.iter().map(value).collect()
}

/// What a newcomer gets.
fn newcomer(net: &mut Net, topic: &str, policy: Match) -> Vec<Value> {
    let peer = join(net);
    let events = retained(net, peer.id, 1, topic, policy);
    net.disconnect(peer.id);
    values(&events)
}

#[test]
fn the_newest_event_is_there_for_who_comes_later_and_asks() {
    let mut net = Net::without_meta_api();
    let [a, b, c] = [(); 3].map(|()| join(&mut net));
    net.subscribe(b.id, 1, TOPIC);
    for (request, value) in [(1, "old"), (2, "new")] {
        net.send(
            a.id,
            retain_for(request, TOPIC, value, |options| options.disclose_me = Some(true)),
        );
    }
    let live = events(&mut net, b.id);
    assert!(live.iter().all(|event| event.details.retained.is_none()));
    let got = retained(&mut net, c.id, 1, TOPIC, Match::Exact);
    assert_eq!(values(&got), ["new".into()]);
    // The same event, only later.
    assert_eq!(got[0].publication, live[1].publication);
    assert_eq!(got[0].details.publisher, Some(a.session));
    assert_eq!((got[0].details.retained, &got[0].details.topic), (Some(true), &None));
    // Who does not ask gets none, who asks again gets it again.
    let d = join(&mut net);
    net.subscribe(d.id, 1, TOPIC);
    assert_eq!(values(&retained(&mut net, d.id, 2, TOPIC, Match::Exact)), ["new".into()]);
    // What is not retained changes nothing.
    net.send(a.id, publish(3, TOPIC, "passing"));
    assert_eq!(newcomer(&mut net, TOPIC, Match::Exact), ["new".into()]);
    assert_eq!(newcomer(&mut net, "com.example.other", Match::Exact), []);
}

#[test]
fn it_outlives_its_publisher_and_all_subscribers() {
    let mut net = Net::without_meta_api();
    let a = join(&mut net);
    net.send(a.id, retain(1, TOPIC, "kept"));
    net.disconnect(a.id);
    assert_eq!(net.statistics(), Default::default());
    assert_eq!(newcomer(&mut net, TOPIC, Match::Exact), ["kept".into()]);
}

#[test]
fn patterns_get_one_event_of_each_matching_topic() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    let topics = ["com.a.x", "com.a.y", "com.ab.x", "com.a", "org.a.x"];
    for (request, topic) in (1..).zip(topics) {
        net.send(a.id, retain(request, topic, topic));
    }
    for (request, pattern, policy, expected) in [
        (1, "com.a", Match::Prefix, &["com.a", "com.a.x", "com.a.y", "com.ab.x"][..]),
        (2, "com.a.", Match::Prefix, &["com.a.x", "com.a.y"]),
        (3, "", Match::Prefix, &["com.a", "com.a.x", "com.a.y", "com.ab.x", "org.a.x"]),
        (4, "com.b", Match::Prefix, &[]),
        (5, "com..x", Match::Wildcard, &["com.a.x", "com.ab.x"]),
        (6, ".a.x", Match::Wildcard, &["com.a.x", "org.a.x"]),
        (7, "com.a.", Match::Wildcard, &["com.a.x", "com.a.y"]),
        (8, "com.a.x", Match::Wildcard, &["com.a.x"]),
    ] {
        let got = retained(&mut net, b.id, request, pattern, policy);
        let named: Vec<_> = got.iter().map(|event| event.details.topic.as_deref()).collect();
        let expected: Vec<_> = expected.iter().copied().map(Some).collect();
        assert_eq!(named, expected, "{policy:?} {pattern:?}");
        for (value, topic) in values(&got).iter().zip(named) {
            assert_eq!(value.as_str(), topic);
        }
    }
}

#[test]
fn only_those_who_could_have_got_it_get_it_later() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.meta_api = MetaApi::Off;
    let mut net = Net::with(config);
    let [a, b, c] = [(); 3].map(|()| join(&mut net));
    let get = |net: &mut Net, request| {
        [&a, &b, &c].map(|peer| values(&retained(net, peer.id, request, TOPIC, Match::Exact)).pop())
    };
    net.send(a.id, retain(1, TOPIC, "all"));
    // The publisher was excluded.
    assert_eq!(get(&mut net, 2), [None, Some("all".into()), Some("all".into())]);
    net.send(a.id, retain_for(3, TOPIC, "b", |o| o.eligible = Some(vec![b.session])));
    net.send(
        b.id,
        retain_for(3, TOPIC, "not b", |o| o.exclude_authid = Some(vec![b.authid.clone()])),
    );
    net.send(
        b.id,
        retain_for(4, TOPIC, "admins", |o| o.eligible_authrole = Some(vec!["admin".into()])),
    );
    for peer in [&a, &b, &c] {
        net.take(peer.id);
    }
    // Each one gets the newest that was for it.
    assert_eq!(get(&mut net, 5), [Some("not b".into()), Some("b".into()), Some("not b".into())]);
    net.send(c.id, retain_for(6, TOPIC, "all again", |o| o.exclude_me = Some(false)));
    for peer in [&a, &b, &c] {
        net.take(peer.id);
    }
    assert_eq!(get(&mut net, 7), [(); 3].map(|()| Some("all again".into())));
}

#[test]
fn what_is_retained_for_nobody_clears_the_topic() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    net.send(a.id, retain(1, TOPIC, "kept"));
    net.send(a.id, retain_for(2, TOPIC, "some", |o| o.eligible = Some(vec![b.session])));
    assert_eq!(net.take(b.id), ["EVENT 1", "EVENT 1"]);
    net.send(a.id, retain_for(3, TOPIC, "gone", |o| o.eligible = Some(vec![])));
    assert_eq!(net.take(b.id), [""; 0]);
    assert_eq!(newcomer(&mut net, TOPIC, Match::Exact), []);
    assert_eq!(newcomer(&mut net, "", Match::Prefix), []);
    // An event without arguments is an event as any other.
    let mut empty = retain(4, TOPIC, 1);
    empty.payload = Payload::empty();
    net.send(a.id, empty);
    let c = join(&mut net);
    assert_eq!(retained(&mut net, c.id, 1, TOPIC, Match::Exact).len(), 1);
}

#[test]
fn what_is_refused_is_not_kept() {
    let mut net = Net::without_meta_api();
    let a = join(&mut net);
    net.send(a.id, retain(1, "wamp.session.on_join", 1));
    net.send(a.id, retain(2, "com..x", 1));
    assert_eq!(newcomer(&mut net, "", Match::Prefix), []);
    assert_eq!(net.closed(a.id), None);
}

#[test]
fn there_is_room_for_so_many_topics() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.retained_topics = 2;
    config.meta_api = MetaApi::Off;
    let mut net = Net::with(config);
    let [a, b] = [join(&mut net), join(&mut net)];
    subscribed(&mut net, b.id, subscribe_as(1, "", Match::Prefix));
    for (request, topic) in [(1, "a"), (2, "b"), (3, "c"), (4, "b")] {
        net.send(a.id, retain(request, topic, request));
    }
    assert_eq!(events(&mut net, b.id).len(), 4);
    // The oldest has gone for the newest.
    assert_eq!(newcomer(&mut net, "", Match::Prefix), [4.into(), 3.into()]);
    // It is the oldest by its last event.
    net.send(a.id, retain(5, "a", 5));
    assert_eq!(newcomer(&mut net, "", Match::Prefix), [5.into(), 4.into()]);
    // What is cleared makes room.
    net.send(a.id, retain_for(6, "a", 1, |o| o.eligible = Some(vec![])));
    net.send(a.id, retain(7, "c", 7));
    assert_eq!(newcomer(&mut net, "", Match::Prefix), [4.into(), 7.into()]);
}

#[test]
fn there_is_room_for_so_many_bytes() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.retained_bytes = 10_000;
    config.meta_api = MetaApi::Off;
    let mut net = Net::with(config);
    let a = join(&mut net);
    let text = |length: usize| "x".repeat(length);
    net.send(a.id, retain(1, "a", text(4000)));
    net.send(a.id, retain(2, "b", text(4000)));
    net.send(a.id, retain(3, "c", text(4000)));
    let kept = |net: &mut Net| {
        let peer = join(net);
        let events = retained(net, peer.id, 1, "", Match::Prefix);
        net.disconnect(peer.id);
        events
            .into_iter()
            .map(|event| event.details.topic.clone().unwrap().to_string())
            .collect::<String>()
    };
    assert_eq!(kept(&mut net), "bc");
    // One that is too big alone pushes no others out, but nothing is better than what is out of
    // date.
    net.send(a.id, retain(4, "b", text(20_000)));
    assert_eq!(kept(&mut net), "c");
    net.send(a.id, retain(5, "d", 1));
    assert_eq!(kept(&mut net), "cd");
    // What belongs to the event counts, too.
    net.send(a.id, retain_for(6, "e", 1, |o| o.exclude = Some((1..1000).collect())));
    assert_eq!(kept(&mut net), "de");
    net.send(a.id, retain_for(7, "f", 1, |o| o.enc_key = Some(text(8000))));
    assert_eq!(kept(&mut net), "f");
    net.send(
        a.id,
        retain_for(8, "g", 1, |o| o.extra.insert("x_own", text(8000)).map_or((), |_| ())),
    );
    assert_eq!(kept(&mut net), "g");
}

#[test]
fn a_topic_whose_events_are_for_some_has_no_more_room_than_others() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.retained_bytes = 10_000;
    config.meta_api = MetaApi::Off;
    let mut net = Net::with(config);
    let [a, b] = [join(&mut net), join(&mut net)];
    net.send(a.id, retain(1, TOPIC, "x".repeat(4000)));
    for request in 2..5 {
        let text = "x".repeat(4000);
        net.send(a.id, retain_for(request, TOPIC, text, |o| o.eligible = Some(vec![request])));
    }
    // Its own oldest events go as well.
    assert_eq!(newcomer(&mut net, TOPIC, Match::Exact), []);
    net.send(a.id, retain_for(5, TOPIC, "b", |o| o.eligible = Some(vec![b.session])));
    let got = retained(&mut net, b.id, 1, TOPIC, Match::Exact);
    assert_eq!(values(&got), ["b".into()]);
}

#[test]
fn one_subscribe_brings_so_many_events_at_most() {
    let mut net = Net::without_meta_api();
    let a = join(&mut net);
    // The names are in no order of time.
    for request in 1..=1500_u64 {
        net.send(a.id, retain(request, &format!("com.{}", request * 7919 % 1500), request));
    }
    let mut got: Vec<_> = newcomer(&mut net, "com.", Match::Prefix);
    got.sort_by_key(Value::as_u64);
    assert_eq!(got, (501..=1500).map(Value::from).collect::<Vec<_>>());
}

#[test]
fn one_topic_keeps_so_many_for_some_and_the_one_for_all() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    net.send(a.id, retain(1, TOPIC, "all"));
    for request in 2..100 {
        net.send(a.id, retain_for(request, TOPIC, request, |o| o.eligible = Some(vec![request])));
    }
    net.send(a.id, retain_for(100, TOPIC, "b", |o| o.eligible = Some(vec![b.session])));
    assert_eq!(newcomer(&mut net, TOPIC, Match::Exact), ["all".into()]);
    let got = retained(&mut net, b.id, 1, TOPIC, Match::Exact);
    assert_eq!(values(&got), ["b".into()]);
}

#[test]
fn a_router_may_keep_nothing() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.retained_topics = 0;
    config.meta_api = MetaApi::Off;
    let mut net = Net::with(config);
    let a = join(&mut net);
    net.send(a.id, retain_for(1, TOPIC, 1, |o| o.acknowledge = Some(true)));
    assert_eq!(net.take(a.id), ["PUBLISHED 1"]);
    assert_eq!(newcomer(&mut net, TOPIC, Match::Exact), []);
}
