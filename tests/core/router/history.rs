//! Events that a router was told to remember, as sessions ask for them (spec: "Event History").

use std::time::Duration;

use wampwerk::internals::core::router::{MetaApi, RouterConfig};
use wampwerk::message::*;
use wampwerk::{Dict, List, Match, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::{Refusal, ask, ask_with, assert_refused};
use crate::common::router_pubsub::*;

const GET_EVENTS: &str = "wamp.subscription.get_events";

fn net(meta_api: MetaApi) -> Net {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.meta_api = meta_api;
    // 2001-09-09T01:46:40Z
    config.epoch = Duration::from_secs(1_000_000_000);
    Net::with(config.history(TOPIC, Match::Exact, 3).history("com.", Match::Prefix, 10))
}

fn publish_all(net: &mut Net, who: &Peer) {
    for (request, (topic, value)) in
        (1..).zip([(TOPIC, "0"), (TOPIC, "1"), ("com.other", "2"), (TOPIC, "3"), (TOPIC, "4")])
    {
        net.advance(Duration::from_secs(1));
        net.send(who.id, publish(request, topic, value));
    }
}

/// The values of the events that were given.
fn values(answer: Result<Value, Refusal>) -> String {
    let events = answer.unwrap();
    let value = |event: &Value| match event.as_dict().unwrap().get("args") {
        Some(Value::List(args)) => args[0].as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    events.as_list().unwrap().iter().map(value).collect()
}

fn get(net: &mut Net, who: &Peer, subscription: u64, filter: Dict) -> String {
    values(ask_with(net, who.id, GET_EVENTS, vec![subscription.into()], filter))
}

#[test]
fn the_last_events_are_there_for_who_was_not() {
    let mut net = net(MetaApi::ReadOnly);
    let a = join(&mut net);
    publish_all(&mut net, &a);
    net.disconnect(a.id);
    let b = join(&mut net);
    // The subscriptions are there before anybody subscribes, and can be looked up.
    let exact = ask(&mut net, b.id, "wamp.subscription.lookup", vec![TOPIC.into()]).unwrap();
    let exact = exact.as_u64().unwrap();
    assert_eq!(get(&mut net, &b, exact, Dict::new()), "134");
    let options = Dict::new().with("match", "prefix");
    let args: List = vec!["com.".into(), options.into()];
    let prefix = ask(&mut net, b.id, "wamp.subscription.lookup", args).unwrap().as_u64().unwrap();
    assert_eq!(get(&mut net, &b, prefix, Dict::new()), "01234");
    // An event as it was, and when.
    let filter = Dict::new().with("topic", "com.other");
    let events = ask_with(&mut net, b.id, GET_EVENTS, vec![prefix.into()], filter).unwrap();
    let [event] = events.as_list().unwrap() else { panic!("{events:?}") };
    let event = event.as_dict().unwrap();
    assert_eq!(event.get("timestamp").unwrap().as_str(), Some("2001-09-09T01:46:43.000Z"));
    assert_eq!(event.get("subscription").unwrap().as_u64(), Some(prefix));
    let details = event.get("details").unwrap().as_dict().unwrap();
    assert_eq!(details.get("topic").unwrap().as_str(), Some("com.other"));
    // A subscriber of the topic is in the very subscription that is remembered.
    assert_eq!(net.subscribe(b.id, 1, TOPIC), exact);
}

#[test]
fn filters_choose_among_them() {
    let mut net = net(MetaApi::ReadOnly);
    let a = join(&mut net);
    publish_all(&mut net, &a);
    let all = ask(&mut net, a.id, GET_EVENTS, vec![2.into()]).unwrap();
    let id = |index: usize| {
        let event = all.as_list().unwrap()[index].as_dict().unwrap();
        event.get("publication").unwrap().clone()
    };
    let second = |second: u64| format!("2001-09-09T01:46:{}Z", 40 + second);
    for (filter, expected) in [
        (Dict::new().with("limit", 2).with("reverse", true), "43"),
        (Dict::new().with("from_time", second(2)).with("before_time", second(4)), "12"),
        (Dict::new().with("after_time", second(2)).with("until_time", second(4)), "23"),
        (Dict::new().with("after_publication", id(1)).with("topic", TOPIC), "34"),
        (Dict::new().with("from_publication", id(1)).with("before_publication", id(3)), "12"),
        (Dict::new().with("until_publication", id(0)), "0"),
    ] {
        let shown = format!("{filter:?}");
        assert_eq!(get(&mut net, &a, 2, filter), expected, "{shown}");
    }
}

#[test]
fn nobody_sees_by_the_history_what_was_not_for_it() {
    let mut net = net(MetaApi::ReadOnly);
    let [a, b] = [join(&mut net), join(&mut net)];
    net.send(a.id, publish_as(1, TOPIC, "s", |o| o.eligible = Some(vec![b.session])));
    net.send(a.id, publish_as(2, TOPIC, "b", |o| o.eligible_authid = Some(vec![b.authid.clone()])));
    net.send(a.id, publish_as(3, TOPIC, "a", |o| o.exclude_authid = Some(vec![b.authid.clone()])));
    assert_eq!(get(&mut net, &a, 1, Dict::new()), "a");
    assert_eq!(get(&mut net, &b, 1, Dict::new()), "b");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let mut net = net(MetaApi::ReadOnly);
    let a = join(&mut net);
    net.subscribe(a.id, 1, "com.example.forgotten");
    let answer = ask(&mut net, a.id, GET_EVENTS, vec![3.into()]);
    assert_refused(answer, "history_unavailable", "subscription 3");
    let answer = ask(&mut net, a.id, GET_EVENTS, vec![99.into()]);
    assert_refused(answer, "no_such_subscription", "99");
    for (key, value) in [("limit", Value::from(0)), ("from_time", "yesterday".into())] {
        let filter = Dict::new().with(key, value);
        let answer = ask_with(&mut net, a.id, GET_EVENTS, vec![1.into()], filter);
        assert_refused(answer, "invalid_argument", key);
    }
}

#[test]
fn a_history_that_nobody_can_ask_for_is_not_announced() {
    for (meta_api, announced) in [(MetaApi::Off, false), (MetaApi::ReadOnly, true)] {
        let roles = Roles::new().with("subscriber", &[]);
        let welcome = join_as(&mut net(meta_api), roles).1.into_fields();
        for feature in ["event_history", "subscription_meta_api"] {
            let roles = welcome.roles.as_ref().unwrap();
            assert_eq!(roles.supports("broker", feature), announced, "{feature}");
        }
    }
}
