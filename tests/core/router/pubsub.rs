//! Subscriptions and events through the router core.

// In the browser the same tests run under its own runner.
use wampwerk::internals::core::router::RouterConfig;
use wampwerk::message::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

#[test]
fn events_reach_all_subscribers_but_the_publisher() {
    let mut net = Net::new();
    let [a, b, c] = [net.join(), net.join(), net.join()];
    for id in [a, b, c] {
        assert_eq!(net.subscribe(id, 1, "com.example.topic"), 1);
    }
    let sent = publish(2, "com.example.topic", "hi");
    net.send(a, sent.clone());
    assert_eq!(net.take(a), [""; 0]);
    let [Message::Event(at_b), Message::Event(at_c)] = [net.take_one(b), net.take_one(c)] else {
        panic!()
    };
    assert_eq!(at_b.publication, at_c.publication);
    assert_eq!(at_b.details, EventDetails::default());
    assert!(same(&at_b.payload, &sent.payload) && same(&at_c.payload, &sent.payload));
}

#[test]
fn the_publisher_gets_its_event_when_it_wants_it_and_after_published() {
    let mut net = Net::new();
    let a = net.join();
    net.subscribe(a, 1, "com.example.topic");
    let mut message = acknowledged(2, "com.example.topic", 1);
    message.options.exclude_me = Some(false);
    net.send(a, message);
    let [Message::Published(published), Message::Event(event)] = &net.take_messages(a)[..] else {
        panic!()
    };
    assert_eq!(published.publication, event.publication);
}

#[test]
fn subscribing_twice_is_one_subscription() {
    let mut net = Net::new();
    let [a, b] = [net.join(), net.join()];
    net.send(a, subscribe(1, "com.example.topic"));
    net.send(a, subscribe(2, "com.example.topic"));
    assert_eq!(net.take(a), ["SUBSCRIBED 1 1", "SUBSCRIBED 2 1"]);
    net.send(b, publish(1, "com.example.topic", 1));
    assert_eq!(net.take(a), ["EVENT 1"]);
    net.send(a, unsubscribe(3, 1));
    net.send(b, publish(2, "com.example.topic", 1));
    assert_eq!(net.take(a), ["UNSUBSCRIBED 3"]);
    assert_eq!(net.statistics().subscriptions, 0);
}

#[test]
fn unknown_and_foreign_subscriptions_cannot_be_ended() {
    let mut net = Net::new();
    let [a, b] = [net.join(), net.join()];
    net.subscribe(a, 1, "com.example.topic");
    net.send(b, unsubscribe(1, 1));
    net.send(b, unsubscribe(2, 99));
    assert_eq!(
        net.take(b),
        [
            "ERROR 34 1 wamp.error.no_such_subscription",
            "ERROR 34 2 wamp.error.no_such_subscription"
        ]
    );
    net.send(b, publish(3, "com.example.topic", 1));
    assert_eq!(net.take(a), ["EVENT 1"]);
}

#[test]
fn bad_topics_are_answered_only_if_an_answer_was_asked_for() {
    let mut net = Net::new();
    let a = net.join();
    for (request, topic) in [(1, "com..topic"), (4, "com example"), (7, "com.#"), (10, "wamp.x")] {
        net.send(a, publish(request, topic, 1));
        assert_eq!(net.take(a), [""; 0]);
        net.send(a, acknowledged(request + 1, topic, 1));
        let refused = format!("ERROR 16 {} wamp.error.invalid_uri", request + 1);
        assert_eq!(net.take(a), [refused]);
        net.send(a, subscribe(request + 2, topic));
        // The protocol's own topics can be listened to.
        let answer = net.take(a);
        let expected = match topic {
            "wamp.x" => "SUBSCRIBED 12 1".to_owned(),
            _ => format!("ERROR 32 {} wamp.error.invalid_uri", request + 2),
        };
        assert_eq!(answer, [expected]);
    }
    net.send(a, publish(13, "wampum.price", 1));
    assert_eq!(net.closed(a), None);
}

#[test]
fn order_of_one_publisher_is_kept_over_all_topics() {
    let mut net = Net::new();
    let [a, b] = [net.join(), net.join()];
    for (request, topic) in [(1, "a"), (2, "b"), (3, "c")] {
        net.subscribe(b, request, topic);
    }
    let topics = ["c", "a", "b", "b", "c", "a"];
    for (request, topic) in (1..).zip(topics) {
        net.send(a, publish(request, topic, request));
    }
    let got: Vec<_> = net.take_messages(b).into_iter().collect();
    for (request, message) in (1_u64..).zip(&got) {
        let Message::Event(event) = message else { panic!() };
        assert!(same(&event.payload, &payload(request)));
    }
    assert_eq!(got.len(), topics.len());
}

#[test]
fn a_session_has_only_so_many_subscriptions() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.limits.subscriptions = 2;
    let mut net = Net::with(config);
    let a = net.join();
    net.subscribe(a, 1, "a");
    net.subscribe(a, 2, "b");
    net.send(a, subscribe(3, "c"));
    net.send(a, subscribe(4, "b"));
    assert_eq!(net.take(a), ["ERROR 32 3 wamp.error.unavailable", "SUBSCRIBED 4 2"]);
    net.send(a, unsubscribe(5, 1));
    net.send(a, subscribe(6, "c"));
    assert_eq!(net.take(a), ["UNSUBSCRIBED 5", "SUBSCRIBED 6 3"]);
}

#[test]
fn a_subscriber_that_goes_is_forgotten() {
    let mut net = Net::new();
    let [a, b, c] = [net.join(), net.join(), net.join()];
    for id in [a, b, c] {
        net.subscribe(id, 1, "com.example.topic");
    }
    net.disconnect(a);
    net.send(b, goodbye("wamp.close.close_realm"));
    net.take(b);
    let d = net.join();
    net.send(d, publish(1, "com.example.topic", 1));
    assert_eq!([net.take(a).len(), net.take(b).len(), net.take(c).len()], [0, 0, 1]);
    net.disconnect(c);
    assert_eq!(net.statistics().subscriptions, 0);
}
