//! Subscribers that are put out of a subscription (spec: "Subscription Revocation").

use wampwerk::message::*;
use wampwerk::{Dict, Match, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::{ask, ask_with, assert_refused, full};
use crate::common::router_pubsub::*;

const REMOVE: &str = "wamp.subscription.remove_subscriber";

#[test]
fn who_understands_is_told_and_gets_nothing_more() {
    let mut net = full();
    let roles = Roles::new().with("subscriber", &["subscription_revocation"]);
    let [admin, silent] = [join(&mut net), join(&mut net)];
    let (told, welcome) = join_as(&mut net, roles);
    let announced = welcome.into_fields().roles.unwrap();
    assert!(announced.supports("broker", "subscription_revocation"));
    for peer in [&told, &silent] {
        subscribed(&mut net, peer.id, subscribe_as(1, "com.", Match::Prefix));
        subscribed(&mut net, peer.id, subscribe_as(2, TOPIC, Match::Exact));
    }
    for peer in [&told, &silent] {
        let reason = Dict::new().with("reason", "com.example.enough");
        let args = vec![1.into(), peer.session.into()];
        assert_eq!(ask_with(&mut net, admin.id, REMOVE, args, reason), Ok(Value::Null));
    }
    let Message::Unsubscribed(Unsubscribed { request: 0, details: Some(details) }) =
        net.take_one(told.id)
    else {
        panic!()
    };
    assert_eq!(details.subscription, Some(1));
    assert_eq!(details.reason.as_deref(), Some("com.example.enough"));
    assert_eq!(net.take(silent.id), [""; 0]);
    // Its other subscription stays.
    net.send(admin.id, publish(1, TOPIC, 1));
    assert_eq!(net.take(told.id), ["EVENT 2"]);
    assert_eq!(net.take(silent.id), ["EVENT 2"]);
    net.send(told.id, unsubscribe(3, 1));
    assert_eq!(net.take(told.id), ["ERROR 34 3 wamp.error.no_such_subscription"]);
    // It may come again; a subscription without a subscriber has gone, and so its id.
    assert_eq!(subscribed(&mut net, told.id, subscribe_as(4, "com.", Match::Prefix)), 3);
}

#[test]
fn only_subscribers_can_be_put_out() {
    let mut net = full();
    let [admin, b] = [join(&mut net), join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    let answer = ask(&mut net, admin.id, REMOVE, vec![1.into(), admin.session.into()]);
    assert_refused(answer, "no_such_session", "subscriber");
    let answer = ask(&mut net, admin.id, REMOVE, vec![7.into(), b.session.into()]);
    assert_refused(answer, "no_such_subscription", "7");
    net.send(admin.id, publish(1, TOPIC, 1));
    assert_eq!(net.take(b.id), ["EVENT 1"]);
}
