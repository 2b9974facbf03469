//! Registrations and subscriptions that the router takes away.

use wampwerk::internals::core::client::{Answer, ClientEvent, Failure, RequestTicket};
use wampwerk::message::{
    Message, RequestType, RevocationDetails, Subscribed, Unregistered, Unsubscribed,
};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, error, event, invocation, invoked};

#[test]
fn a_revoked_subscription_ends_its_listeners_and_nothing_else() {
    let mut session = Session::joined();
    let request = session.subscribe(1);
    session.receive(Subscribed { request, subscription: 500 });
    session.events();
    let mut details = RevocationDetails::default();
    details.subscription = Some(500);
    session.receive(Unsubscribed { request: 0, details: Some(details) });
    assert!(matches!(
        session.events()[..],
        [ClientEvent::Ended { listener: RequestTicket(1), .. }]
    ));
    assert!(session.client.is_established());
}

fn unregistered(registration: u64, reason: &str) -> Unregistered {
    let mut details = RevocationDetails::default();
    details.registration = Some(registration);
    details.reason = Some(reason.into());
    Unregistered { request: 0, details: Some(details) }
}

#[test]
fn a_revoked_registration_tells_why_and_what_runs_is_still_answered() {
    let mut session = Session::registered();
    session.receive(invocation(30, 9));
    session.events();
    session.receive(unregistered(9, "wamp.error.unregistered"));
    let events = session.events();
    let [ClientEvent::Ended { listener: RequestTicket(1), revoked: Some(reason) }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(reason, "wamp.error.unregistered");
    session.client.answer(30, Ok(Default::default()));
    assert_eq!(session.sent(), ["YIELD"]);
    // It is gone; whoever withdraws it has what they want.
    session.client.unregister(RequestTicket(2), 9);
    assert!(matches!(session.reply(), (2, Ok(Answer::Unregistered))));
    assert!(session.messages().is_empty());
}

#[test]
fn more_arguments_come_for_what_runs_when_its_registration_has_gone() {
    let mut session = Session::registered();
    session.receive(invoked(30, false, Some(true)));
    session.events();
    session.receive(unregistered(9, ""));
    session.events();
    session.receive(invoked(30, false, Some(false)));
    assert!(matches!(
        session.events()[..],
        [ClientEvent::Arguments { invocation: 30, last: true, .. }]
    ));
    assert!(session.client.is_established());
}

#[test]
fn a_revocation_that_crosses_unregister_ends_it_once() {
    let mut session = Session::registered();
    let request = session.client.unregister(RequestTicket(2), 9);
    session.receive(unregistered(9, ""));
    assert!(matches!(
        session.events()[..],
        [ClientEvent::Ended { listener: RequestTicket(1), .. }]
    ));
    session.receive(error(RequestType::Unregister, request, "wamp.error.no_such_registration"));
    assert!(matches!(session.reply(), (2, Err(Failure::Error(_)))));
}

#[test]
fn the_revocation_of_what_is_not_ours_is_nothing() {
    let mut session = Session::registered();
    session.receive(unregistered(10, ""));
    session.receive(Message::from(Unregistered { request: 0, details: None }));
    session.receive(Message::from(Unsubscribed { request: 0, details: None }));
    assert!(session.events().is_empty() && session.messages().is_empty());
    session.receive(invocation(30, 9));
    assert!(matches!(session.events()[..], [ClientEvent::Invocation { .. }]));
}

#[test]
fn every_listener_of_a_revoked_subscription_ends_and_late_events_are_nothing() {
    let mut session = Session::joined();
    for ticket in [1, 2] {
        let request = session.subscribe(ticket);
        session.receive(Subscribed { request, subscription: 500 });
    }
    session.events();
    let mut details = RevocationDetails::default();
    details.subscription = Some(500);
    details.reason = Some("wamp.error.not_authorized".into());
    session.receive(Unsubscribed { request: 0, details: Some(details) });
    let events = session.events();
    let [
        ClientEvent::Ended { listener: RequestTicket(1), revoked: Some(first) },
        ClientEvent::Ended { listener: RequestTicket(2), revoked: Some(second) },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((&**first, &**second), ("wamp.error.not_authorized", "wamp.error.not_authorized"));
    session.receive(event(500));
    assert!(session.events().is_empty() && session.client.is_established());
    // It can be subscribed to again, under the same id.
    let request = session.subscribe(3);
    session.receive(Subscribed { request, subscription: 500 });
    session.events();
    assert_eq!(session.reached(500), [3]);
}
