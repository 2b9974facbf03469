//! Subscriptions, and the listeners that share one.

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{Answer, ClientEvent, RequestTicket};
use wampwerk::message::{CancelMode, RequestType, SubscribeOptions, Subscribed, Unsubscribed};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, error, event};

#[test]
fn several_listeners_share_a_subscription_and_the_last_one_ends_it() {
    let mut session = Session::joined();
    for ticket in [1, 2] {
        let request = session.subscribe(ticket);
        session.receive(Subscribed { request, subscription: 500 });
    }
    session.events();
    session.messages();
    assert_eq!(session.reached(500), [1, 2]);

    session.client.unsubscribe(RequestTicket(3), 500, RequestTicket(1));
    assert!(session.messages().is_empty());
    session.events();
    assert_eq!(session.reached(500), [2]);

    let request = session.client.unsubscribe(RequestTicket(4), 500, RequestTicket(2));
    assert_eq!(session.sent(), ["UNSUBSCRIBE"]);
    assert!(session.reached(500).is_empty(), "events on their way are no violation");
    session.receive(Unsubscribed { request, details: None });
    let events = session.events();
    assert!(matches!(
        events[..],
        [ClientEvent::Reply { ticket: RequestTicket(4), result: Ok(Answer::Unsubscribed) }]
    ));
    assert!(session.reached(500).is_empty(), "nor are those that come behind UNSUBSCRIBED");
    session.receive(event(501));
    assert_eq!(session.close_kind(), CloseKind::Violation, "what never was ours is one");
}

#[test]
fn only_who_asks_gets_the_retained_event_and_once() {
    let mut session = Session::joined();
    let asks = |asks| {
        let mut options = SubscribeOptions::default();
        options.get_retained = asks;
        options
    };
    let mut retained = event(500);
    retained.details.retained = Some(true);
    for (ticket, get_retained, expected) in [
        (1, Some(true), vec![1]),
        (2, Some(true), vec![2]),
        (3, None, vec![]),
        (4, Some(false), vec![]),
    ] {
        let topic = "com.example.topic".into();
        let request = session.client.subscribe(RequestTicket(ticket), topic, asks(get_retained));
        session.receive(Subscribed { request, subscription: 500 });
        session.events();
        // A router sends it behind SUBSCRIBED to who has asked.
        if get_retained == Some(true) {
            session.receive(retained.clone());
        }
        let reached: Vec<u64> = session
            .events()
            .into_iter()
            .filter_map(|event| match event {
                ClientEvent::Event { listener, .. } => Some(listener.0),
                _ => None,
            })
            .collect();
        assert_eq!(reached, expected, "{ticket}");
    }
    // All get what is published from then on.
    assert_eq!(session.reached(500), [1, 2, 3, 4]);
}

#[test]
fn a_subscription_is_of_one_topic() {
    let mut session = Session::joined();
    let first = session.subscribe(1);
    session.receive(Subscribed { request: first, subscription: 500 });
    let request =
        session.client.subscribe(RequestTicket(2), "com.other".into(), SubscribeOptions::default());
    session.receive(Subscribed { request, subscription: 500 });
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn a_subscription_is_not_ended_under_a_subscribe_on_its_way() {
    let mut session = Session::joined();
    let first = session.subscribe(1);
    session.receive(Subscribed { request: first, subscription: 500 });
    let second = session.subscribe(2);
    session.events();
    session.messages();
    // The router will answer the second SUBSCRIBE with the same id.
    session.client.unsubscribe(RequestTicket(3), 500, RequestTicket(1));
    assert!(session.messages().is_empty());
    session.receive(Subscribed { request: second, subscription: 500 });
    session.events();
    assert_eq!(session.reached(500), [2]);
}

#[test]
fn a_subscription_without_listeners_ends_when_the_subscribe_fails() {
    let mut session = Session::joined();
    let first = session.subscribe(1);
    session.receive(Subscribed { request: first, subscription: 500 });
    let second = session.subscribe(2);
    session.client.unsubscribe(RequestTicket(3), 500, RequestTicket(1));
    session.messages();
    session.receive(error(RequestType::Subscribe, second, "wamp.error.not_authorized"));
    assert_eq!(session.sent(), ["UNSUBSCRIBE"]);
}

#[test]
fn a_subscribe_that_was_given_up_is_undone() {
    let mut session = Session::joined();
    let request = session.subscribe(1);
    session.client.abandon(request, CancelMode::KillNoWait);
    assert_eq!(session.sent(), ["SUBSCRIBE"]);
    session.receive(Subscribed { request, subscription: 500 });
    assert_eq!(session.sent(), ["UNSUBSCRIBE"]);
    assert!(session.reached(500).is_empty());
}
