//! Which topics are subscribed to: `wamp.subscription.…`, and the events of subscribing.

use std::time::Duration;

use wampwerk::message::*;
use wampwerk::{Dict, Match, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::*;

#[test]
fn subscriptions_are_listed_looked_up_and_matched() {
    let mut net = full();
    let (a, session, _) = join(&mut net);
    let (b, other, _) = join(&mut net);
    let exact = subscribe_as(&mut net, a, "com.example.topic", Match::Exact);
    let prefix = subscribe_as(&mut net, b, "com.", Match::Prefix);
    let wildcard = subscribe_as(&mut net, a, "com..topic", Match::Wildcard);
    // No event tells of the protocol's own, nor does a list.
    let own = subscribe_as(&mut net, a, "wamp.session.on_join", Match::Exact);

    let list_of = |net: &mut Net, args| ask(net, a, "wamp.subscription.list", args).unwrap();
    assert_eq!(list_of(&mut net, vec![]), lists(&[exact], &[prefix], &[wildcard]));
    assert_eq!(list_of(&mut net, vec![session.into()]), lists(&[exact], &[], &[wildcard]));
    assert_eq!(list_of(&mut net, vec![other.into()]), lists(&[], &[prefix], &[]));

    for (topic, policy, expected) in [
        ("com.example.topic", "exact", Some(exact)),
        ("com.", "prefix", Some(prefix)),
        ("com..topic", "wildcard", Some(wildcard)),
        ("com..topic", "prefix", None),
        ("wamp.session.on_join", "exact", Some(own)),
    ] {
        let args = vec![topic.into()];
        let options = Dict::new().with("options", Dict::new().with("match", policy));
        if policy == "prefix" && topic == "com..topic" {
            let answer = ask_with(&mut net, a, "wamp.subscription.lookup", args, options);
            assert_refused(answer, "invalid_uri", "is not a valid URI pattern");
            continue;
        }
        let answer = ask_with(&mut net, a, "wamp.subscription.lookup", args, options);
        assert_eq!(answer, Ok(expected.into()), "{topic}");
    }
    let matching = |net: &mut Net, topic: &str| {
        ask(net, a, "wamp.subscription.match", vec![topic.into()]).unwrap()
    };
    assert_eq!(matching(&mut net, "com.example.topic"), list([exact, prefix, wildcard]));
    assert_eq!(matching(&mut net, "com.example"), list([prefix]));
    assert_eq!(matching(&mut net, "org.example"), Value::Null);
}

#[test]
fn details_and_subscribers() {
    let mut net = full();
    let (a, first, _) = join(&mut net);
    let (b, second, _) = join(&mut net);
    net.now = Duration::from_secs(86_400);
    let id = subscribe_as(&mut net, a, "com..topic", Match::Wildcard);
    net.now += Duration::from_secs(1);
    subscribe_as(&mut net, b, "com..topic", Match::Wildcard);
    let details = Dict::new()
        .with("id", id)
        .with("created", "1970-01-02T00:00:00.000Z")
        .with("uri", "com..topic")
        .with("match", "wildcard");
    assert_eq!(ask(&mut net, a, "wamp.subscription.get", vec![id.into()]), Ok(details.into()));
    let all = ask(&mut net, a, "wamp.subscription.list_subscribers", vec![id.into()]);
    assert_eq!(all, Ok(list([first, second])));
    let count = ask(&mut net, a, "wamp.subscription.count_subscribers", vec![id.into()]);
    assert_eq!(count, Ok(2.into()));
    for procedure in ["get", "list_subscribers", "count_subscribers", "get_events"] {
        let procedure = format!("wamp.subscription.{procedure}");
        let answer = ask(&mut net, a, &procedure, vec![4711.into()]);
        assert_refused(answer, "no_such_subscription", "4711");
    }
}

#[test]
fn a_subscriber_is_removed_and_told_if_it_understands() {
    for able_subscriber in [false, true] {
        let mut net = full();
        let (a, caller, _) = join(&mut net);
        let details = if able_subscriber { able() } else { hello("").details };
        let (b, subscriber, _) = join_with(&mut net, details);
        let id = net.subscribe(b, 1, "com.example.topic");
        let remove = |net: &mut Net, id: u64, who: u64| {
            ask(net, a, "wamp.subscription.remove_subscriber", vec![id.into(), who.into()])
        };
        assert_refused(remove(&mut net, 4711, subscriber), "no_such_subscription", "4711");
        assert_refused(remove(&mut net, id, 4711), "no_such_session", "4711");
        assert_refused(remove(&mut net, id, caller), "no_such_session", "is not a subscriber");
        assert_eq!(remove(&mut net, id, subscriber), Ok(Value::Null));
        match (able_subscriber, net.take_messages(b).pop()) {
            (true, Some(Message::Unsubscribed(message))) => {
                assert_eq!(message.request, 0);
                let details = message.details.unwrap();
                assert_eq!(details.subscription, Some(id));
                assert_eq!(details.reason.as_deref(), Some("wamp.close.killed"));
            }
            (false, None) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(net.statistics().subscriptions, 0);
        net.send(a, publish(5, "com.example.topic", 1));
        assert_eq!(net.take(b), [""; 0]);
    }
}

#[test]
fn subscribing_is_told_behind_the_answer_and_in_order() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    let [create, subscribe_, unsubscribe_, delete] = watch(
        &mut net,
        watcher,
        [
            "wamp.subscription.on_create",
            "wamp.subscription.on_subscribe",
            "wamp.subscription.on_unsubscribe",
            "wamp.subscription.on_delete",
        ],
    );
    assert_eq!(net.take(watcher), [""; 0]);
    let (a, first, _) = join(&mut net);
    let (b, second, _) = join(&mut net);
    let id = net.subscribe(a, 1, "com.example.topic");
    let details = ask(&mut net, a, "wamp.subscription.get", vec![id.into()]).unwrap();
    let changed = |event, session: u64| (event, vec![Value::from(session), id.into()]);
    let created = (create, vec![first.into(), details]);
    assert_eq!(take_events(&mut net, watcher), [created, changed(subscribe_, first)]);
    net.subscribe(b, 1, "com.example.topic");
    assert_eq!(take_events(&mut net, watcher), [changed(subscribe_, second)]);
    // It is in it already.
    net.subscribe(b, 2, "com.example.topic");
    assert_eq!(net.take(watcher), [""; 0]);
    net.send(b, unsubscribe(3, id));
    assert_eq!(take_events(&mut net, watcher), [changed(unsubscribe_, second)]);
    net.send(a, goodbye("wamp.close.close_realm"));
    let gone = [changed(unsubscribe_, first), changed(delete, first)];
    assert_eq!(take_events(&mut net, watcher), gone);

    // One that watches itself has its answer first.
    net.send(watcher, subscribe(4, "com.example.other"));
    let own: Vec<_> = net.take(watcher).iter().map(|line| line[..5].to_owned()).collect();
    assert_eq!(own, ["SUBSC", "EVENT", "EVENT"]);
}

#[test]
fn meta_events_come_by_pattern_too_and_name_their_topic() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    let id = subscribe_as(&mut net, watcher, "wamp.session.", Match::Prefix);
    let (_, session, _) = join(&mut net);
    let Message::Event(event) = net.take_one(watcher) else { panic!() };
    assert_eq!(event.subscription, id);
    assert_eq!(event.details.topic.as_ref().unwrap(), "wamp.session.on_join");
    let details = only_value(&event.payload);
    assert_eq!(details.as_dict().unwrap().get("session"), Some(&session.into()));
}
