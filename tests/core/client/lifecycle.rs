//! How a session opens and ends.

use std::time::Duration;

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{ClientEvent, Failure, RequestTicket};
use wampwerk::message::{Abort, Challenge, ClosingDetails, Message, Welcome, WelcomeDetails};
use wampwerk::{Dict, Payload};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core;
use crate::common::client_core::{NOW, Session, event, goodbye, invoked, progress, result};

#[test]
fn hello_names_the_realm_and_the_roles() {
    let mut session = Session::joining();
    let [Message::Hello(hello)] = &session.messages()[..] else { panic!() };
    assert_eq!(hello.realm, "realm1");
    let roles = hello.details.roles.as_ref().unwrap();
    assert!(["caller", "callee", "publisher", "subscriber"].iter().all(|role| roles.has(role)));
}

#[test]
fn a_welcome_without_roles_is_a_violation() {
    let mut session = Session::joining();
    session.receive(Welcome { session: 77, details: WelcomeDetails::default() });
    assert_eq!(session.sent(), ["ABORT"], "what was queued before is not sent any more");
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn no_answer_to_hello_ends_in_time() {
    let mut session = Session::joining();
    let deadline = session.client.poll_timeout().unwrap();
    session.client.handle_timeout(deadline - Duration::from_millis(1));
    assert!(session.events().is_empty());
    session.client.handle_timeout(deadline);
    assert_eq!(session.close_kind(), CloseKind::TimedOut);
}

#[test]
fn an_abort_while_joining_is_told_with_its_reason_and_not_answered() {
    let mut session = Session::joining();
    session.messages();
    let mut details = ClosingDetails::default();
    details.message = Some("no such realm".into());
    let (reason, payload) = ("wamp.error.no_such_realm".into(), Payload::empty());
    session.receive(Abort { details, reason, payload });
    let Some(ClientEvent::Closed(reason)) = session.events().pop() else { panic!() };
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Aborted, "wamp.error.no_such_realm"));
    assert_eq!(reason.message.as_deref(), Some("no such realm"));
    assert!(session.messages().is_empty());
}

#[test]
fn a_challenge_without_credentials_is_refused() {
    let mut session = Session::joining();
    session.messages();
    session.receive(Challenge { method: "ticket".into(), extra: Dict::new() });
    let [Message::Abort(abort)] = &session.messages()[..] else { panic!() };
    assert_eq!(abort.reason, "wamp.error.cannot_authenticate");
}

#[test]
fn the_end_settles_everything_with_the_one_reason() {
    let mut session = Session::joined();
    session.call(1);
    session.subscribe(2);
    session.client.handle_transport_closed(Some("reset".into()));
    let events = session.events();
    let mut tickets = Vec::new();
    for event in &events[..2] {
        let ClientEvent::Reply { ticket, result: Err(Failure::Closed(reason)) } = event else {
            panic!("{event:?}")
        };
        assert_eq!(reason.kind, CloseKind::TransportLost);
        tickets.push(ticket.0);
    }
    assert_eq!(tickets, [1, 2]);
    assert!(matches!(events[2..], [ClientEvent::Closed(_)]));
    assert_eq!(session.client.pending(), 0);

    // What comes later fails at once, with the same reason.
    session.call(3);
    let [ClientEvent::Reply { ticket: RequestTicket(3), result: Err(Failure::Closed(reason)) }] =
        &session.events()[..]
    else {
        panic!()
    };
    assert_eq!(reason.message.as_deref(), Some("reset"));
    assert_eq!(session.client.poll_timeout(), None);
}

#[test]
fn goodbye_is_answered_once_and_ends_the_session() {
    let mut session = Session::joined();
    session.call(1);
    session.messages();
    session.receive(goodbye("wamp.close.system_shutdown"));
    let [Message::Goodbye(answer)] = &session.messages()[..] else { panic!() };
    assert_eq!(answer.reason, "wamp.close.goodbye_and_out");
    assert_eq!(session.close_kind(), CloseKind::Goodbye);
}

#[test]
fn leaving_waits_for_the_answer_but_not_for_ever() {
    let mut session = Session::joined();
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    assert_eq!(session.sent(), ["GOODBYE"]);
    session.receive(event(4));
    assert!(session.events().is_empty(), "whatever is still on its way is ignored");
    let deadline = session.client.poll_timeout().unwrap();
    session.client.handle_timeout(deadline);
    assert_eq!(session.close_kind(), CloseKind::TimedOut);

    let mut session = Session::joined();
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    session.receive(goodbye("wamp.close.normal"));
    assert_eq!(session.close_kind(), CloseKind::Left);
}

#[test]
fn nothing_follows_goodbye() {
    let mut session = Session::registered();
    let call = session.stream(1);
    session.receive(invoked(30, true, None));
    session.events();
    session.messages();
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    assert_eq!(session.sent(), ["GOODBYE"]);
    session.client.answer(30, Ok(Payload::empty()));
    assert!(!session.client.progress(30, Payload::empty()));
    session.client.call_more(call, Payload::empty(), true);
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    session.receive(result(call));
    session.receive(progress(call, Payload::empty()));
    assert!(session.messages().is_empty());
    assert!(session.events().is_empty(), "results that are still on their way are ignored");
    session.client.cancel(call, wampwerk::message::CancelMode::Kill);
    assert!(session.messages().is_empty());
    let (ticket, result) = session.reply();
    assert_eq!((ticket, client_core::local_error(&result)), (1, "wamp.error.canceled"));
    session.receive(goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(session.close_kind(), CloseKind::Left);
}

#[test]
fn what_cannot_be_sent_before_goodbye_has_its_place_taken_before_goodbye() {
    let mut session = Session::registered();
    session.receive(invoked(30, false, None));
    session.messages();
    session.client.answer(30, Ok(Payload::empty()));
    session.call(2);
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    session.refuse_next("YIELD");
    assert_eq!(session.sent(), ["ERROR", "CALL", "GOODBYE"]);
}

#[test]
fn requests_before_joining_and_after_the_end_fail_at_once() {
    let mut session = Session::joining();
    session.messages();
    assert_eq!(session.call(1), 0);
    let (_, result) = session.reply();
    assert!(matches!(result, Err(Failure::Closed(_))));
    let mut session = Session::joined();
    session.receive(goodbye("wamp.close.killed"));
    session.events();
    session.messages();
    assert_eq!(session.subscribe(2), 0);
    let (ticket, result) = session.reply();
    let Err(Failure::Closed(reason)) = result else { panic!() };
    assert_eq!((ticket, &*reason.reason), (2, "wamp.close.killed"));
    assert!(session.messages().is_empty());
}
