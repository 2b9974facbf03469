//! Registrations, and the invocations of their procedures.

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{ClientEvent, Failure, RequestTicket};
use wampwerk::message::{
    CancelMode, Message, RegisterOptions, Registered, RequestType, Unregistered,
};
use wampwerk::{ApplicationError, Payload};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, error, invocation, invoked};

#[test]
fn a_registration_that_was_given_up_is_undone() {
    let mut session = Session::joined();
    let request =
        session.client.register(RequestTicket(1), "a.b".into(), RegisterOptions::default());
    session.client.abandon(request, CancelMode::KillNoWait);
    session.messages();
    session.receive(Registered { request, registration: 9 });
    assert_eq!(session.sent(), ["UNREGISTER"]);
}

#[test]
fn invocations_are_answered_once() {
    let mut session = Session::joined();
    let request =
        session.client.register(RequestTicket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    session.receive(invocation(30, 9));
    session.receive(invocation(31, 9));
    session.events();
    session.messages();
    session.client.answer(30, Ok(Payload::empty()));
    session.client.answer(30, Ok(Payload::empty()));
    session.client.answer(31, Err(ApplicationError::new("com.example.no")));
    session.client.answer(99, Ok(Payload::empty()));
    assert_eq!(session.sent(), ["YIELD", "ERROR"]);
    session.receive(invocation(30, 9));
    assert!(session.client.is_established(), "an id that is done may come again");
    session.receive(invocation(30, 9));
    assert_eq!(session.close_kind(), CloseKind::Violation, "one that is running may not");
}

#[test]
fn an_invocation_may_cross_unregister() {
    let mut session = Session::joined();
    let request =
        session.client.register(RequestTicket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    let request = session.client.unregister(RequestTicket(2), 9);
    session.events();
    session.receive(invocation(1, 9));
    assert!(matches!(
        session.events()[..],
        [ClientEvent::Invocation { listener: RequestTicket(1), .. }]
    ));
    session.receive(Unregistered { request, details: None });
    let events = session.events();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, ClientEvent::Ended { listener: RequestTicket(1), .. }))
    );
}

#[test]
fn a_refused_unregister_leaves_the_registration() {
    let mut session = Session::joined();
    let request =
        session.client.register(RequestTicket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    let request = session.client.unregister(RequestTicket(2), 9);
    let refused = RequestType::Unregister;
    session.receive(error(refused, request, "wamp.error.not_authorized"));
    session.receive(invocation(1, 9));
    assert!(session.client.is_established());
    let request = session.client.unregister(RequestTicket(3), 9);
    session.receive(error(refused, request, "wamp.error.no_such_registration"));
    session.messages();
    session.receive(invocation(2, 9));
    assert_eq!(session.sent(), ["ERROR"]);
}

#[test]
fn a_registration_id_that_comes_twice_refuses_the_second_and_keeps_the_first() {
    let mut session = Session::joined();
    let first = session.client.register(RequestTicket(1), "a.b".into(), RegisterOptions::default());
    let second =
        session.client.register(RequestTicket(2), "a.b".into(), RegisterOptions::default());
    let third = session.client.register(RequestTicket(3), "a.b".into(), RegisterOptions::default());
    session.client.abandon(third, CancelMode::Skip);
    session.messages();
    session.receive(Registered { request: first, registration: 9 });
    session.events();
    session.receive(Registered { request: second, registration: 9 });
    let events = session.events();
    let [ClientEvent::Reply { ticket: RequestTicket(2), result: Err(Failure::Unsendable(error)) }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(error.uri, "wamp.error.procedure_already_exists");
    session.receive(Registered { request: third, registration: 9 });
    assert_eq!((session.events().len(), session.sent().len()), (0, 0), "nothing is withdrawn");
    session.receive(invocation(1, 9));
    assert!(matches!(
        session.events()[..],
        [ClientEvent::Invocation { listener: RequestTicket(1), .. }]
    ));
}

#[test]
fn an_invocation_behind_unregistered_is_refused_and_disturbs_nobody() {
    let mut session = Session::registered();
    let request = session.client.unregister(RequestTicket(2), 9);
    session.receive(Unregistered { request, details: None });
    session.events();
    session.messages();
    session.receive(invoked(30, true, Some(true)));
    let [Message::Error(refusal)] = &session.messages()[..] else { panic!() };
    assert_eq!((refusal.request, &*refusal.error), (30, "wamp.error.no_such_procedure"));
    session.receive(invoked(30, true, Some(false)));
    assert!(session.messages().is_empty() && session.events().is_empty());
    session.receive(invocation(31, 10));
    assert_eq!(session.close_kind(), CloseKind::Violation, "what never was ours is a violation");
}
