//! Answers that come late, twice, of the wrong kind, or to nothing.

use wampwerk::Payload;
use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{ClientEvent, RequestTicket};
use wampwerk::message::{
    CancelMode, Message, Published, Registered, RequestType, Roles, Subscribed, Unregistered,
    Unsubscribed,
};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, error, event, invocation, progress, result, welcome};

#[test]
fn an_answer_to_what_was_never_asked_is_a_violation() {
    for message in [
        Message::from(result(9)),
        Message::from(Subscribed { request: 9, subscription: 1 }),
        Message::from(error(RequestType::Call, 9, "a.b")),
        Message::from(invocation(1, 1)),
        Message::from(event(4)),
        Message::from(welcome(Roles::new().with("broker", &[]))),
        Message::from(error(RequestType::Invocation, 1, "a.b")),
    ] {
        let mut session = Session::joined();
        session.call(1);
        session.messages();
        let name = message.name();
        session.receive(message);
        assert_eq!(session.sent(), ["ABORT"], "{name}");
        assert_eq!(session.close_kind(), CloseKind::Violation, "{name}");
    }
}

#[test]
fn an_answer_of_the_wrong_kind_is_a_violation() {
    let mut session = Session::joined();
    let request = session.call(1);
    session.receive(Registered { request, registration: 3 });
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn every_answer_of_a_wrong_kind_is_a_violation() {
    for answer in [
        |request| Message::from(Subscribed { request, subscription: 1 }),
        |request| Message::from(Published { request, publication: 1 }),
        |request| Message::from(Unsubscribed { request, details: None }),
        |request| Message::from(Unregistered { request, details: None }),
        |request| Message::from(error(RequestType::Subscribe, request, "a.b")),
        |request| Message::from(error(RequestType::Publish, request, "a.b")),
    ] {
        let mut session = Session::joined();
        let request = session.call(1);
        session.messages();
        session.receive(answer(request));
        assert_eq!(session.sent(), ["ABORT"]);
        let events = session.events();
        let [ClientEvent::Reply { ticket: RequestTicket(1), .. }, ClientEvent::Closed(reason)] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!(reason.kind, CloseKind::Violation);
    }
    let mut session = Session::joined();
    let request = session.subscribe(1);
    session.receive(progress(request, Payload::empty()));
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn a_second_answer_is_nothing() {
    let mut session = Session::joined();
    let call = session.call(1);
    session.receive(result(call));
    let subscribe = session.subscribe(2);
    session.receive(Subscribed { request: subscribe, subscription: 500 });
    session.events();
    session.messages();
    session.receive(result(call));
    session.receive(progress(call, Payload::empty()));
    session.receive(error(RequestType::Call, call, "wamp.error.canceled"));
    session.receive(Subscribed { request: subscribe, subscription: 501 });
    assert!(session.events().is_empty());
    assert!(session.messages().is_empty());
    assert!(session.client.is_established());
}

#[test]
fn every_late_answer_to_a_call_that_was_given_up_is_nothing() {
    let mut session = Session::with_all();
    let call = session.call(1);
    session.client.abandon(call, CancelMode::Kill);
    assert_eq!(session.sent(), ["CALL", "CANCEL"]);
    session.receive(progress(call, Payload::empty()));
    session.receive(result(call));
    session.receive(error(RequestType::Call, call, "wamp.error.canceled"));
    assert!(session.events().is_empty());
    assert!(session.client.is_established());
}
