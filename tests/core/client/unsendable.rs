//! Messages that the transport cannot take.

use std::time::Duration;

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{
    Client, ClientConfig, ClientEvent, Failure, RequestTicket,
};
use wampwerk::message::{Message, RegisterOptions, Registered, RequestType, Subscribed};
use wampwerk::{ApplicationError, Payload};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{
    Session, error, invocation, invoked, local_error, number, result,
};

#[test]
fn an_unsendable_call_fails_alone_and_its_id_is_used_again() {
    let mut session = Session::joined();
    session.call(1);
    let Some(message) = session.client.poll_transmit() else { panic!() };
    session.client.handle_unsendable(&message, ApplicationError::new("wamp.error.invalid_payload"));
    assert!(matches!(
        session.events()[..],
        [ClientEvent::Reply { ticket: RequestTicket(1), result: Err(Failure::Unsendable(_)) }]
    ));
    assert_eq!(session.call(2), 1);
}

#[test]
fn an_unsendable_hello_ends_it_and_the_router_hears_nothing() {
    let mut client = Client::new(ClientConfig::default());
    client.join(Duration::ZERO, "realm1".into());
    let hello = client.poll_transmit().unwrap();
    let error = ApplicationError::new("wamp.error.payload_size_exceeded").arg("it is too long");
    client.handle_unsendable(&hello, error);
    let Some(ClientEvent::Closed(reason)) = client.poll_event() else { panic!() };
    assert_eq!(
        (reason.kind, &*reason.reason),
        (CloseKind::Left, "wamp.error.payload_size_exceeded")
    );
    assert_eq!(reason.message.as_deref(), Some("it is too long"));
    assert!(client.poll_transmit().is_none() && client.poll_timeout().is_none());
}

#[test]
fn an_unsendable_result_becomes_an_error() {
    let mut session = Session::joined();
    let request =
        session.client.register(RequestTicket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    session.receive(invocation(1, 9));
    session.messages();
    session.client.answer(1, Ok(Payload::empty()));
    let Some(message) = session.client.poll_transmit() else { panic!() };
    let error = ApplicationError::new("wamp.error.payload_size_exceeded");
    session.client.handle_unsendable(&message, error);
    let [Message::Error(answer)] = &session.messages()[..] else { panic!() };
    assert_eq!((answer.request, &*answer.error), (1, "wamp.error.payload_size_exceeded"));
}

#[test]
fn an_error_whose_uri_cannot_be_sent_goes_under_a_plain_one() {
    let mut session = Session::joined();
    let request =
        session.client.register(RequestTicket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    session.receive(invocation(1, 9));
    session.messages();
    session.client.answer(1, Err(ApplicationError::new("\0x").arg("text")));
    let mut uris = Vec::new();
    for _ in 0..2 {
        let Some(message) = session.client.poll_transmit() else { panic!() };
        let Message::Error(answer) = &message else { panic!() };
        uris.push((answer.error.to_string(), answer.payload.is_empty()));
        session.client.handle_unsendable(&message, ApplicationError::new("a.b"));
    }
    let Some(Message::Error(last)) = session.client.poll_transmit() else { panic!() };
    assert_eq!(uris, [("\0x".to_owned(), false), ("\0x".to_owned(), true)]);
    assert_eq!((&*last.error, last.payload.is_empty()), ("wamp.error.runtime_error", true));
    assert!(session.client.is_established());
}

#[test]
fn an_id_that_cannot_be_used_again_goes_with_something_harmless() {
    let mut session = Session::joined();
    session.call(1);
    session.subscribe(2);
    session.refuse_next("CALL");
    let (ticket, result) = session.reply();
    assert_eq!((ticket, local_error(&result)), (1, "wamp.error.payload_size_exceeded"));
    let messages = session.messages();
    let [Message::Unregister(harmless), Message::Subscribe(subscribe)] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((harmless.request, subscribe.request), (1, 2));
    session.receive(error(RequestType::Unregister, 1, "wamp.error.no_such_registration"));
    assert!(session.events().is_empty() && session.client.is_established());
    assert_eq!(session.call(3), 3);
}

#[test]
fn more_arguments_go_nowhere_when_the_first_cannot_be_sent() {
    let mut session = Session::with_all();
    let call = session.stream(1);
    session.client.call_more(call, number(1), false);
    session.client.call_more(call, number(2), true);
    session.refuse_next("CALL");
    assert!(matches!(session.reply(), (1, Err(Failure::Unsendable(_)))));
    assert!(session.messages().is_empty(), "not even CANCEL: the router knows of nothing");
    assert_eq!(session.stream(2), call, "the id is used again");
    session.client.call_more(call, number(1), true);
    assert_eq!(session.sent(), ["CALL", "CALL"]);
}

#[test]
fn a_call_is_cancelled_when_more_arguments_cannot_be_sent() {
    let mut session = Session::with_all();
    let call = session.stream(1);
    assert_eq!(session.sent(), ["CALL"]);
    session.client.call_more(call, number(1), false);
    session.client.call_more(call, number(2), true);
    session.refuse_next("CALL");
    assert!(matches!(session.reply(), (1, Err(Failure::Unsendable(_)))));
    assert_eq!(session.sent(), ["CANCEL"]);
    assert_eq!(session.call(2), call + 1, "its id was used");
}

#[test]
fn more_arguments_that_cannot_be_sent_when_the_answer_is_there_are_nothing() {
    let mut session = Session::with_all();
    let call = session.stream(1);
    session.messages();
    session.client.call_more(call, number(1), true);
    session.receive(result(call));
    session.events();
    session.refuse_next("CALL");
    assert!(session.events().is_empty() && session.messages().is_empty());
    assert_eq!(session.call(2), call + 1, "its id was used");
}

#[test]
fn a_result_that_is_not_the_last_ends_its_invocation_if_it_cannot_be_sent() {
    let mut session = Session::registered();
    session.receive(invoked(30, true, None));
    session.receive(invoked(31, false, None));
    session.events();
    assert!(session.client.progress(30, number(1)));
    assert!(session.client.progress(30, number(2)));
    session.client.answer(31, Ok(Payload::empty()));
    session.refuse_next("YIELD");
    assert!(matches!(session.events()[..], [ClientEvent::Interrupted { invocation: 30, .. }]));
    let messages = session.messages();
    let [Message::Error(answer), Message::Yield(other)] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((answer.request, other.request), (30, 31));
    assert_eq!(answer.error, "wamp.error.payload_size_exceeded");
    session.client.answer(30, Ok(Payload::empty()));
    assert!(session.messages().is_empty());
}

#[test]
fn an_invocation_is_answered_once_though_a_result_before_the_last_cannot_be_sent() {
    let mut session = Session::registered();
    session.receive(invoked(30, true, None));
    session.events();
    session.client.progress(30, number(1));
    session.client.answer(30, Ok(Payload::empty()));
    session.refuse_next("YIELD");
    assert_eq!(session.sent(), ["ERROR"]);
    assert!(session.events().is_empty(), "it had ended");
}

#[test]
fn a_subscription_without_listeners_ends_when_the_subscribe_cannot_be_sent() {
    let mut session = Session::joined();
    let request = session.subscribe(1);
    session.receive(Subscribed { request, subscription: 500 });
    session.messages();
    session.subscribe(2);
    session.client.unsubscribe(RequestTicket(3), 500, RequestTicket(1));
    session.refuse_next("SUBSCRIBE");
    assert_eq!(session.sent(), ["UNSUBSCRIBE"]);
}
