//! `wamp.subscription.get_events`: what was published before one asked.

use std::collections::BTreeMap;
use std::time::Duration;

use wampwerk::internals::core::router::{ConnectionId, MetaApi, RouterConfig};
use wampwerk::message::*;
use wampwerk::{Dict, List, Match, Serializer, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::*;

/// Events 1 to 5 on two topics, one a second from 2001-09-09T01:46:41.0005Z on, and the
/// subscription that remembers them.
fn remembered() -> (Net, ConnectionId, u64, Vec<u64>) {
    let mut config = RouterConfig::new(7).realm("realm1").history("com.", Match::Prefix, 100);
    config.epoch = Duration::from_secs(1_000_000_000);
    let mut net = Net::with(config);
    let (a, ..) = join(&mut net);
    let mut publications = vec![];
    for value in 1..=5 {
        net.now = Duration::from_secs(value) + Duration::from_micros(500);
        let topic = if value % 2 == 1 { "com.odd" } else { "com.even" };
        net.send(a, acknowledged(value, topic, value));
        let Message::Published(published) = net.take_one(a) else { panic!() };
        publications.push(published.publication);
    }
    let id = lookup(&mut net, a);
    (net, a, id, publications)
}

fn get(net: &mut Net, who: ConnectionId, id: u64, filter: Dict) -> Vec<Value> {
    let events = ask_with(net, who, "wamp.subscription.get_events", vec![id.into()], filter);
    events.unwrap().as_list().unwrap().to_vec()
}

#[test]
fn an_event_is_told_with_all_that_belongs_to_it() {
    let (mut net, a, id, publications) = remembered();
    let events = get(&mut net, a, id, Dict::new());
    assert_eq!(events.len(), 5);
    let expected = Dict::new()
        .with("timestamp", "2001-09-09T01:46:41.000Z")
        .with("subscription", id)
        .with("publication", publications[0])
        .with("details", Dict::new().with("topic", "com.odd"))
        .with("args", list([1]));
    assert_eq!(events[0], expected.into());
}

#[test]
fn row12_an_event_that_is_nested_deep_is_told_as_well() {
    let (mut net, a, id, _) = remembered();
    let mut deep = Value::Null;
    for _ in 0..98 {
        deep = list([deep]);
    }
    let mut message = acknowledged(6, "com.odd", deep.clone());
    net.send(a, message.clone());
    message.request = 7;
    message.payload = Payload::empty();
    message.options.extra = Dict::new().with("x_a", deep);
    net.send(a, message);
    net.take(a);
    net.send(a, meta_call("wamp.subscription.get_events", vec![id.into()], Dict::new()));
    let answer = net.take_one(a);
    for &serializer in wampwerk::internals::codec::available() {
        wampwerk::internals::codec::encode(serializer, &answer).unwrap();
    }
    let Message::Result(result) = answer else { panic!() };
    let (args, _) = result.payload.to_values().unwrap();
    let events = args[0].as_list().unwrap();
    assert_eq!(events.len(), 7);
    for event in &events[..6] {
        assert!(event.as_dict().unwrap().get("args").is_some());
    }
}

#[test]
fn row12_an_answer_is_weighed_as_the_values_that_it_is_made_of() {
    let (mut net, a, id, _) = remembered();
    for request in 6..9 {
        let mut message = acknowledged(request, "com.odd", 0);
        // 240 kB, of which values take 3 MB.
        let dicts = vec![BTreeMap::from([(7, 7)]); 30_000];
        message.payload = Payload::encode(Serializer::Json, &(dicts,), &()).unwrap();
        net.send(a, message);
        net.take(a);
    }
    // The small ones and one of these; then one at a time.
    assert_eq!(get(&mut net, a, id, Dict::new()).len(), 6);
    for reverse in [1, 2, 3] {
        let filter = Dict::new().with("reverse", true).with("limit", reverse);
        assert_eq!(get(&mut net, a, id, filter).len(), 1);
    }
}

#[test]
fn filters() {
    let (mut net, a, id, publications) = remembered();
    let [_, second, third, fourth, _] = publications[..] else { panic!() };
    let at = |second: &str| format!("2001-09-09T01:46:4{second}Z");
    for (filter, expected) in [
        (Dict::new(), vec![1, 2, 3, 4, 5]),
        (Dict::new().with("reverse", true), vec![5, 4, 3, 2, 1]),
        (Dict::new().with("limit", 2), vec![1, 2]),
        (Dict::new().with("limit", 2).with("reverse", true), vec![5, 4]),
        (Dict::new().with("topic", "com.even"), vec![2, 4]),
        // Times go by what was told of an event's time, which is cut to milliseconds.
        (Dict::new().with("from_time", at("3.000")), vec![3, 4, 5]),
        (Dict::new().with("from_time", at("3.0001")), vec![4, 5]),
        (Dict::new().with("after_time", at("3.000")), vec![4, 5]),
        (Dict::new().with("after_time", at("2.9999")), vec![3, 4, 5]),
        (Dict::new().with("before_time", at("3.000")), vec![1, 2]),
        (Dict::new().with("before_time", at("3.0001")), vec![1, 2, 3]),
        (Dict::new().with("until_time", at("3.000")), vec![1, 2, 3]),
        (Dict::new().with("until_time", "2001-09-09T03:46:43+02:00"), vec![1, 2, 3]),
        (Dict::new().with("from_time", at("2")).with("after_time", at("3")), vec![4, 5]),
        (Dict::new().with("until_time", at("4")).with("before_time", at("4")), vec![1, 2, 3]),
        (Dict::new().with("from_publication", third), vec![3, 4, 5]),
        (Dict::new().with("after_publication", third), vec![4, 5]),
        (Dict::new().with("before_publication", third), vec![1, 2]),
        (Dict::new().with("until_publication", third), vec![1, 2, 3]),
        (
            Dict::new()
                .with("from_publication", second)
                .with("until_publication", fourth)
                .with("topic", "com.even")
                .with("reverse", true)
                .with("limit", 1),
            vec![4],
        ),
        (Dict::new().with("topic", "com.none"), vec![]),
    ] {
        let events = get(&mut net, a, id, filter.clone());
        let first = |event: &Value| event.as_dict()?.get("args")?.as_list()?[0].as_u64();
        let values: Vec<_> = events.iter().map(|event| first(event).unwrap()).collect();
        assert_eq!(values, expected, "{filter:?}");
    }
}

#[test]
fn what_cannot_be_asked() {
    let (mut net, a, id, _) = remembered();
    let mut refused = |args: List, filter: Dict, error: &str, cause: &str| {
        let answer = ask_with(&mut net, a, "wamp.subscription.get_events", args, filter);
        assert_refused(answer, error, cause);
    };
    refused(vec![], Dict::new(), "invalid_argument", "\"subscription\" is missing");
    refused(vec![4711.into()], Dict::new(), "no_such_subscription", "4711");
    let id = || vec![Value::from(id)];
    refused(id(), Dict::new().with("limit", 0), "invalid_argument", "\"limit\" must be at least 1");
    refused(id(), Dict::new().with("limit", -1), "invalid_argument", "\"limit\"");
    refused(id(), Dict::new().with("reverse", 1), "invalid_argument", "\"reverse\" must be a bool");
    refused(id(), Dict::new().with("from_time", "noon"), "invalid_argument", "\"from_time\"");
    refused(id(), Dict::new().with("until_time", 7), "invalid_argument", "\"until_time\"");
    refused(id(), Dict::new().with("since", 7), "invalid_argument", "unknown argument \"since\"");
    let none = net.subscribe(a, 1, "org.example");
    let answer = ask(&mut net, a, "wamp.subscription.get_events", vec![none.into()]);
    assert_refused(answer, "history_unavailable", "has no history");
}

#[test]
fn opaque_payloads_are_told_as_they_are() {
    let (mut net, a, id, _) = remembered();
    let mut message = publish(1, "com.sealed", 1);
    message.options.enc_algo = Some("cryptobox".to_owned());
    message.payload = Payload::from_opaque("sealed");
    net.send(a, message);
    let filter = || Dict::new().with("topic", "com.sealed");
    // As when it was published.
    assert_eq!(get(&mut net, a, id, filter()), []);
    let b = net.join_as(&Roles::new().with("subscriber", &["payload_transparency"]));
    let events = get(&mut net, b, id, filter());
    let event = events[0].as_dict().unwrap();
    assert_eq!(event.get("payload").unwrap().as_bytes().unwrap(), "sealed");
    assert_eq!(event.get("args"), None);
}

#[test]
fn one_answer_tells_so_many_events_at_most() {
    let mut config = RouterConfig::new(7).realm("realm1").history("com.", Match::Prefix, 5000);
    config.meta_api = MetaApi::ReadOnly;
    let mut net = Net::with(config);
    let (a, ..) = join(&mut net);
    for value in 0..2500 {
        net.send(a, publish(1, "com.a", value));
    }
    let id = lookup(&mut net, a);
    let numbers = |events: &[Value]| {
        let number = |it: &Value| it.as_dict()?.get("args")?.as_list()?.first()?.as_u64();
        events.iter().map(|it| number(it).unwrap()).collect::<Vec<_>>()
    };
    let mut filter = Dict::new();
    for expected in [0..1000, 1000..2000, 2000..2500] {
        let events = get(&mut net, a, id, filter);
        assert_eq!(numbers(&events), expected.collect::<Vec<u64>>());
        let last = events.last().unwrap().as_dict().unwrap().get("publication").unwrap().clone();
        filter = Dict::new().with("after_publication", last);
    }
    let events = get(&mut net, a, id, Dict::new().with("reverse", true).with("limit", 1500));
    assert_eq!(numbers(&events), (1500..2500).rev().collect::<Vec<u64>>());
}

#[test]
fn one_answer_tells_so_many_bytes_at_most() {
    let config = RouterConfig::new(7).realm("realm1").history("com.", Match::Prefix, 100);
    let mut net = Net::with(config);
    let (a, ..) = join(&mut net);
    for (request, length) in (1..).zip([300_000, 300_000, 300_000, 300_000, 1_000_000, 2_000_000]) {
        net.send(a, publish(request, "com.a", "x".repeat(length)));
    }
    let id = lookup(&mut net, a);
    let length = |it: &Value| {
        it.as_dict().unwrap().get("args").unwrap().as_list().unwrap()[0].as_str().unwrap().len()
    };
    let mut lengths =
        |filter: Dict| get(&mut net, a, id, filter).iter().map(length).collect::<Vec<_>>();
    assert_eq!(lengths(Dict::new()), [300_000; 3]);
    // What is more than an answer may hold is not remembered.
    assert_eq!(lengths(Dict::new().with("reverse", true)), [1_000_000]);
}

fn lookup(net: &mut Net, who: ConnectionId) -> u64 {
    let args = vec!["com.".into(), Dict::new().with("match", "prefix").into()];
    ask(net, who, "wamp.subscription.lookup", args).unwrap().as_u64().unwrap()
}
