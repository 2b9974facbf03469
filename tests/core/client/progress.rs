//! Progressive results, of the caller and of the callee.

use wampwerk::Payload;
use wampwerk::internals::core::client::{Answer, ClientEvent, RequestTicket};
use wampwerk::message::{CallOptions, CancelMode, Message};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, invoked, number, numbered, progress, result};

#[test]
fn results_come_in_order_and_before_the_last() {
    let mut session = Session::with_all();
    let mut options = CallOptions::default();
    options.receive_progress = Some(true);
    let call =
        session.client.call(RequestTicket(1), "com.example.p".into(), options, Payload::empty());
    let [Message::Call(sent)] = &session.messages()[..] else { panic!() };
    assert_eq!(sent.options.receive_progress, Some(true));
    for n in 1..4 {
        session.receive(progress(call, number(n)));
    }
    session.receive(result(call));
    let events = session.events();
    let (last, before) = events.split_last().unwrap();
    let numbers = before.iter().map(|event| match event {
        ClientEvent::Progress { ticket: RequestTicket(1), payload, .. } => numbered(payload),
        other => panic!("{other:?}"),
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
    assert!(matches!(last, ClientEvent::Reply { result: Ok(Answer::Result { .. }), .. }));
    // What comes behind the last is late.
    session.receive(progress(call, number(4)));
    assert!(session.events().is_empty() && session.client.is_established());
}

#[test]
fn a_call_that_was_given_up_has_no_more_results() {
    let mut session = Session::with_all();
    let call = session.call(1);
    session.client.abandon(call, CancelMode::KillNoWait);
    session.receive(progress(call, number(1)));
    assert!(session.events().is_empty() && session.client.is_established());
}

#[test]
fn a_callee_sends_results_only_where_they_are_wanted() {
    let mut session = Session::registered();
    session.receive(invoked(30, true, None));
    session.receive(invoked(31, false, None));
    session.events();
    assert!(session.client.progress(30, number(1)));
    assert!(session.client.progress(30, Payload::empty()));
    assert!(!session.client.progress(31, number(1)), "nobody asked");
    assert!(!session.client.progress(99, number(1)), "nobody is there");
    session.client.answer(30, Ok(number(2)));
    assert!(!session.client.progress(30, number(3)), "it is over");
    let steps: Vec<_> = session
        .messages()
        .iter()
        .map(|message| match message {
            Message::Yield(step) => (step.request, step.options.progress),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(steps, [(30, Some(true)), (30, Some(true)), (30, None)]);
}
