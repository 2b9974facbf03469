//! Arguments in parts, of the caller and of the callee.

use wampwerk::Payload;
use wampwerk::internals::core::client::{Answer, ClientEvent, RequestTicket};
use wampwerk::message::{CancelMode, Message};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, error, invoked, number, numbered, progress, result};

#[test]
fn the_parts_of_a_call_go_under_one_id() {
    let mut session = Session::with_all();
    let call = session.stream(1);
    session.client.call_more(call, number(1), false);
    let other = session.call(2);
    session.client.call_more(call, number(2), true);
    session.client.call_more(call, number(3), true);
    session.client.call_more(other, number(9), true);
    let parts: Vec<_> = session
        .messages()
        .iter()
        .map(|message| match message {
            Message::Call(part) => {
                assert_eq!(part.procedure, "com.example.p");
                let number = (part.request == call).then(|| numbered(&part.payload));
                (part.request, part.options.progress == Some(true), number)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [(1, true, Some(0)), (1, true, Some(1)), (2, false, None), (1, false, Some(2))];
    assert_eq!(parts, expected);
    session.receive(progress(call, number(1)));
    session.receive(result(call));
    let events = session.events();
    assert!(matches!(
        events[..],
        [
            ClientEvent::Progress { .. },
            ClientEvent::Reply { ticket: RequestTicket(1), result: Ok(_) }
        ]
    ));
}

#[test]
fn no_more_is_sent_of_a_call_that_is_over() {
    for end in ["result", "error", "cancel", "kill", "abandon"] {
        let mut session = Session::with_all();
        let call = session.stream(1);
        match end {
            "result" => session.receive(result(call)),
            "error" => session.receive(error(
                wampwerk::message::RequestType::Call,
                call,
                "com.example.error.enough",
            )),
            "cancel" => session.client.cancel(call, CancelMode::Skip),
            "kill" => session.client.cancel(call, CancelMode::Kill),
            _ => session.client.abandon(call, CancelMode::KillNoWait),
        }
        session.messages();
        session.client.call_more(call, number(1), false);
        session.client.call_more(call, number(2), true);
        assert!(session.messages().is_empty(), "{end}");
    }
}

#[test]
fn the_parts_of_an_invocation_reach_the_one_that_runs() {
    let mut session = Session::registered();
    session.receive(invoked(30, false, Some(true)));
    for n in 1..4 {
        let mut part = invoked(30, false, Some(n < 3));
        part.payload = number(n);
        session.receive(part);
    }
    let events = session.events();
    let (first, parts) = events.split_first().unwrap();
    assert!(matches!(first, ClientEvent::Invocation { listener: RequestTicket(1), .. }));
    let parts = parts.iter().map(|event| match event {
        ClientEvent::Arguments { invocation: 30, payload, last } => (numbered(payload), *last),
        other => panic!("{other:?}"),
    });
    assert_eq!(parts.collect::<Vec<_>>(), [(1, false), (2, false), (3, true)]);
    session.client.answer(30, Ok(Payload::empty()));
    assert_eq!(session.sent(), ["YIELD"]);
}

#[test]
fn a_part_behind_the_last_is_a_violation() {
    let mut session = Session::registered();
    session.receive(invoked(30, false, Some(true)));
    session.receive(invoked(30, false, None));
    assert!(session.client.is_established());
    session.receive(invoked(30, false, None));
    assert_eq!(session.close_kind(), wampwerk::error::CloseKind::Violation);
}

#[test]
fn parts_that_cross_the_answer_are_nothing() {
    let mut session = Session::registered();
    session.receive(invoked(30, false, Some(true)));
    session.client.answer(30, Ok(Payload::empty()));
    session.events();
    session.messages();
    session.receive(invoked(30, false, Some(true)));
    session.receive(invoked(30, false, Some(false)));
    assert!(session.events().is_empty() && session.messages().is_empty());
    // The last part has come: an invocation of that id is another one now.
    session.receive(invoked(30, false, None));
    assert!(matches!(session.events()[..], [ClientEvent::Invocation { .. }]));
}

#[test]
fn the_answer_may_come_before_the_last_part_is_sent() {
    let mut session = Session::with_all();
    let call = session.stream(1);
    session.messages();
    session.receive(result(call));
    assert!(matches!(session.reply(), (1, Ok(Answer::Result { .. }))));
    assert_eq!(session.client.pending(), 0);
    session.client.call_more(call, number(1), true);
    assert!(session.messages().is_empty());
}
