//! Subscriptions by prefix and by wildcard through the router core.

use wampwerk::Match;
use wampwerk::internals::core::router::{MetaApi, Output, RouterConfig};
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_pubsub::*;

#[test]
fn every_matching_subscription_gets_the_event() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    let exact = subscribed(&mut net, b.id, subscribe_as(1, TOPIC, Match::Exact));
    let prefix = subscribed(&mut net, b.id, subscribe_as(2, "com.exa", Match::Prefix));
    let wildcard = subscribed(&mut net, b.id, subscribe_as(3, "com..topic", Match::Wildcard));
    let all = subscribed(&mut net, b.id, subscribe_as(4, "", Match::Prefix));
    subscribed(&mut net, b.id, subscribe_as(5, "com.", Match::Wildcard));
    subscribed(&mut net, b.id, subscribe_as(6, "com.example.topics", Match::Prefix));
    let sent = publish(1, TOPIC, "hi");
    net.send(a.id, sent.clone());
    let events = events(&mut net, b.id);
    assert_eq!(
        events.iter().map(|event| event.subscription).collect::<Vec<_>>(),
        [exact, all, prefix, wildcard]
    );
    for event in &events {
        assert_eq!(event.publication, events[0].publication);
        assert!(same(&event.payload, &sent.payload));
        // Who knows the topic anyhow is not told.
        let topic = event.details.topic.as_deref();
        assert_eq!(topic, (event.subscription != exact).then_some(TOPIC));
    }
}

#[test]
fn patterns_match_as_the_spec_says() {
    use Match::{Prefix, Wildcard};
    let emergency = "com.myapp.topic.emergency";
    for (policy, pattern, matching, others) in [
        (
            Prefix,
            emergency,
            &[
                emergency,
                "com.myapp.topic.emergency.11",
                "com.myapp.topic.emergency-low",
                "com.myapp.topic.emergency.category.severe",
            ][..],
            &["com.myapp.topic.emerge", "com.myapp", "xcom.myapp.topic.emergency"][..],
        ),
        (Prefix, "com.", &["com.a", "com.a.b"], &["com", "comma"]),
        (Prefix, "", &["x", "com.myapp"], &[]),
        (
            Wildcard,
            "com.myapp..userevent",
            &["com.myapp.foo.userevent", "com.myapp.bar.userevent", "com.myapp.a12.userevent"],
            &[
                "com.myapp.foo.userevent.bar",
                "com.myapp.foo.user",
                "com.myapp2.foo.userevent",
                "com.myapp.userevent",
            ],
        ),
        (Wildcard, ".", &["a.b"], &["a", "a.b.c"]),
        (Wildcard, "com.myapp.", &["com.myapp.x"], &["com.myapp", "com.myapp.x.y"]),
        (Wildcard, "", &["x"], &["x.y"]),
        (Wildcard, "com.myapp", &["com.myapp"], &["com.myapp2", "com.myapp.x"]),
    ] {
        let mut net = Net::without_meta_api();
        let [a, b] = [join(&mut net), join(&mut net)];
        subscribed(&mut net, b.id, subscribe_as(1, pattern, policy));
        let topics = matching.iter().map(|topic| (topic, 1)).chain(others.iter().zip([0; 9]));
        for (request, (topic, expected)) in (1..).zip(topics) {
            net.send(a.id, publish(request, topic, 1));
            let got = events(&mut net, b.id).len();
            assert_eq!(got, expected, "{policy:?} {pattern:?} and {topic:?}");
        }
    }
}

#[test]
fn one_topic_by_three_policies_is_three_subscriptions() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    let ids = [(1, Match::Exact), (2, Match::Prefix), (3, Match::Wildcard)]
        .map(|(request, policy)| subscribed(&mut net, b.id, subscribe_as(request, TOPIC, policy)));
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(subscribed(&mut net, b.id, subscribe_as(4, TOPIC, Match::Prefix)), ids[1]);
    net.send(b.id, unsubscribe(5, ids[1]));
    assert_eq!(net.take(b.id), ["UNSUBSCRIBED 5"]);
    net.send(a.id, publish(1, TOPIC, 1));
    assert_eq!(net.take(b.id), ["EVENT 1", "EVENT 3"]);
    assert_eq!(net.statistics().subscriptions, 2);
}

#[test]
fn the_publisher_is_excluded_from_patterns_too() {
    let mut net = Net::without_meta_api();
    let a = join(&mut net);
    subscribed(&mut net, a.id, subscribe_as(1, "com.", Match::Prefix));
    net.send(a.id, publish(2, TOPIC, 1));
    assert_eq!(net.take(a.id), [""; 0]);
    net.send(a.id, publish_as(3, TOPIC, 1, |options| options.exclude_me = Some(false)));
    assert_eq!(net.take(a.id), ["EVENT 1"]);
}

#[test]
fn published_comes_first_and_the_order_of_one_publisher_is_kept() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    subscribed(&mut net, a.id, subscribe_as(1, "com.", Match::Prefix));
    subscribed(&mut net, b.id, subscribe_as(1, "com.", Match::Prefix));
    subscribed(&mut net, b.id, subscribe_as(2, "com..b", Match::Wildcard));
    subscribed(&mut net, b.id, subscribe_as(3, "com.x.b", Match::Exact));
    let topics = ["com.x.b", "com.a", "com.y.b", "com.x.b"];
    for (request, topic) in (2..).zip(topics) {
        let message = publish_as(request, topic, request, |options| {
            options.acknowledge = Some(true);
            options.exclude_me = Some(false);
        });
        net.send(a.id, message);
        assert_eq!(net.take(a.id), [format!("PUBLISHED {request}"), "EVENT 1".to_owned()]);
    }
    let events = events(&mut net, b.id);
    let order: Vec<_> = events.iter().map(|event| format!("{:?}", event.payload)).collect();
    assert!(order.is_sorted() && order.len() == 9, "{order:?}");
}

#[test]
fn patterns_with_too_many_components_are_no_uri() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    net.send(b.id, subscribe_as(1, &".".repeat(127), Match::Wildcard));
    net.send(b.id, subscribe_as(2, &".".repeat(128), Match::Wildcard));
    // It is the wildcard that costs.
    let long = format!("a{}", ".a".repeat(300));
    net.send(b.id, subscribe_as(3, &long, Match::Prefix));
    assert_eq!(
        net.take(b.id),
        ["SUBSCRIBED 1 1", "ERROR 32 2 wamp.error.invalid_uri", "SUBSCRIBED 3 2"]
    );
    net.send(a.id, publish(1, &format!("a{}", ".b".repeat(127)), 1));
    net.send(a.id, publish(2, &format!("a{}", ".b".repeat(128)), 1));
    net.send(a.id, publish(3, &format!("{long}.b"), 1));
    assert_eq!(net.take(b.id), ["EVENT 1", "EVENT 2"]);
}

#[test]
fn what_is_no_pattern_is_refused() {
    let mut net = Net::without_meta_api();
    let a = join(&mut net);
    for (request, pattern, policy) in [
        (1, "com..topic", Match::Prefix),
        (2, "com. .topic", Match::Wildcard),
        (3, "com.#", Match::Prefix),
        (4, "com.", Match::Exact),
    ] {
        net.send(a.id, subscribe_as(request, pattern, policy));
        assert_eq!(net.take(a.id), [format!("ERROR 32 {request} wamp.error.invalid_uri")]);
    }
    // What the router publishes itself can be listened to.
    net.send(a.id, subscribe_as(5, "wamp.session.", Match::Prefix));
    net.send(a.id, subscribe_as(6, "wamp..on_join", Match::Wildcard));
    assert_eq!(net.take(a.id), ["SUBSCRIBED 5 1", "SUBSCRIBED 6 2"]);
}

#[test]
fn many_receivers_are_one_multicast_for_each_subscription() {
    let mut net = Net::without_meta_api();
    let peers: Vec<_> = (0..5).map(|_| join(&mut net)).collect();
    for peer in &peers {
        subscribed(&mut net, peer.id, subscribe_as(1, TOPIC, Match::Exact));
        subscribed(&mut net, peer.id, subscribe_as(2, "com.", Match::Prefix));
    }
    let message = publish_as(3, TOPIC, 1, |options| options.exclude = Some(vec![peers[1].session]));
    net.router.handle_message(net.now, peers[0].id, message.into());
    for subscription in [1, 2] {
        match net.router.poll_output() {
            Some(Output::Multicast { to, message: Message::Event(event) }) => {
                assert_eq!(to, [peers[2].id, peers[3].id, peers[4].id]);
                assert_eq!(event.subscription, subscription);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(net.router.poll_output().is_none());
}

#[test]
fn patterns_go_with_their_subscribers() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.limits.subscriptions = 3;
    config.meta_api = MetaApi::Off;
    let mut net = Net::with(config);
    let [a, b] = [join(&mut net), join(&mut net)];
    for id in [a.id, b.id] {
        subscribed(&mut net, id, subscribe_as(1, "com.", Match::Prefix));
        subscribed(&mut net, id, subscribe_as(2, "com..", Match::Wildcard));
        subscribed(&mut net, id, subscribe_as(3, "com.a", Match::Exact));
        net.send(id, subscribe_as(4, "com.b", Match::Prefix));
        assert_eq!(net.take(id), ["ERROR 32 4 wamp.error.unavailable"]);
    }
    net.disconnect(a.id);
    let c = join(&mut net);
    net.send(c.id, publish(1, "com.a.b", 1));
    assert_eq!(net.take(b.id), ["EVENT 1", "EVENT 2"]);
    net.disconnect(b.id);
    assert_eq!(net.statistics().subscriptions, 0);
    net.send(c.id, publish(2, "com.a.b", 1));
}

#[test]
fn the_broker_announces_what_it_does() {
    let mut net = Net::without_meta_api();
    let roles = Roles::new().with("subscriber", &[]);
    let (_, welcome) = join_as(&mut net, roles.clone());
    let announced = welcome.into_fields().roles.unwrap();
    for feature in [
        "event_retention",
        "pattern_based_subscription",
        "payload_passthru_mode",
        "payload_transparency",
        "publisher_exclusion",
        "publisher_identification",
        "subscriber_blackwhite_listing",
    ] {
        assert!(announced.supports("broker", feature), "{feature}");
    }
    assert!(!announced.supports("broker", "event_history"));
    assert!(!announced.supports("broker", "subscription_revocation"));
    assert!(!announced.supports("broker", "shareded_subscriptions"));

    let mut config = RouterConfig::new(7).realm("realm1").history("com.", Match::Prefix, 10);
    config.retained_topics = 0;
    let announced = join_as(&mut Net::with(config), roles).1.into_fields().roles.unwrap();
    assert!(announced.supports("broker", "event_history"));
    assert!(!announced.supports("broker", "event_retention"));
}

#[test]
fn a_pattern_for_all_takes_the_events_of_the_router_too() {
    let mut net = Net::new();
    let [a, b] = [join(&mut net), join(&mut net)];
    subscribed(&mut net, b.id, subscribe_as(1, "wamp.subscription.", Match::Prefix));
    let all = subscribed_among_events(&mut net, a.id, subscribe_as(1, "", Match::Prefix));
    net.take(a.id);
    net.take(b.id);
    net.subscribe(b.id, 2, "wamp.session.on_join");
    assert_eq!(net.take(a.id), [""; 0], "nobody is told of who watches");
    net.send(b.id, subscribe(3, TOPIC));
    let topics = |net: &mut Net, id| -> Vec<_> {
        let events = net.take_messages(id).into_iter().filter_map(|message| match message {
            Message::Event(event) => Some(event),
            _ => None,
        });
        events.map(|event| (event.subscription, event.details.topic.clone().unwrap())).collect()
    };
    let told = ["wamp.subscription.on_create", "wamp.subscription.on_subscribe"];
    assert_eq!(topics(&mut net, a.id), told.map(|topic| (all, topic.into())));
    assert_eq!(topics(&mut net, b.id), told.map(|topic| (1, topic.into())));
}

/// As `subscribed`, for a pattern that takes in what the router tells of it.
fn subscribed_among_events(
    net: &mut Net,
    id: wampwerk::internals::core::router::ConnectionId,
    message: Subscribe,
) -> u64 {
    net.send(id, message);
    match net.take_messages(id).first() {
        Some(Message::Subscribed(subscribed)) => subscribed.subscription,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_has_only_so_many_wildcards() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.limits.wildcards = 2;
    let mut net = Net::with(config);
    let a = join(&mut net);
    for (request, (pattern, policy)) in (1..).zip([
        ("a.", Match::Wildcard),
        ("b.", Match::Wildcard),
        ("c.", Match::Wildcard),
        ("c.", Match::Prefix),
        ("a.", Match::Wildcard),
    ]) {
        net.send(a.id, subscribe_as(request, pattern, policy));
    }
    let refused = "ERROR 32 3 wamp.error.unavailable";
    let stands = ["SUBSCRIBED 1 1", "SUBSCRIBED 2 2", refused, "SUBSCRIBED 4 3", "SUBSCRIBED 5 1"];
    assert_eq!(net.take(a.id), stands);
    net.send(a.id, unsubscribe(6, 2));
    net.send(a.id, subscribe_as(7, "c.", Match::Wildcard));
    assert_eq!(net.take(a.id), ["UNSUBSCRIBED 6", "SUBSCRIBED 7 4"]);
    // Registrations count for themselves.
    let mut message = register(8, "a.");
    message.options.r#match = Some(Match::Wildcard);
    net.send(a.id, message);
    assert!(matches!(net.take_one(a.id), Message::Registered(_)));
}
