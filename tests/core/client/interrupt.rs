//! INTERRUPT: the caller does not want an invocation any more.

use wampwerk::Payload;
use wampwerk::internals::core::client::ClientEvent;
use wampwerk::message::{CancelMode, CancelOptions, Interrupt, Message};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, invocation, invoked, number};

fn interrupt(request: u64, mode: Option<CancelMode>) -> Interrupt {
    let mut options = CancelOptions::default();
    options.mode = mode;
    Interrupt { request, options }
}

#[test]
fn an_interrupted_invocation_is_answered_at_once_and_once() {
    for mode in [Some(CancelMode::Kill), Some(CancelMode::KillNoWait), None] {
        let mut session = Session::registered();
        session.receive(invocation(30, 9));
        session.receive(invocation(31, 9));
        session.events();
        session.receive(interrupt(30, mode));
        let events = session.events();
        let [ClientEvent::Interrupted { invocation: 30, mode: told }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(*told, mode);
        let [Message::Error(answer)] = &session.messages()[..] else { panic!() };
        assert_eq!((answer.request, &*answer.error), (30, "wamp.error.canceled"));
        session.client.answer(30, Ok(Payload::empty()));
        assert!(!session.client.progress(30, number(1)));
        assert!(session.messages().is_empty());
        // The other one goes on.
        session.client.answer(31, Ok(Payload::empty()));
        assert_eq!(session.sent(), ["YIELD"]);
    }
}

#[test]
fn an_interrupt_that_crosses_the_answer_is_nothing() {
    let mut session = Session::registered();
    session.receive(invocation(30, 9));
    session.client.answer(30, Ok(Payload::empty()));
    session.events();
    session.messages();
    session.receive(interrupt(30, Some(CancelMode::Kill)));
    session.receive(interrupt(99, None));
    assert!(session.events().is_empty() && session.messages().is_empty());
    assert!(session.client.is_established());
}

#[test]
fn arguments_that_cross_the_answer_to_an_interrupt_are_nothing() {
    let mut session = Session::registered();
    session.receive(invoked(30, true, Some(true)));
    session.receive(interrupt(30, Some(CancelMode::KillNoWait)));
    session.events();
    session.messages();
    session.receive(invoked(30, true, Some(true)));
    session.receive(invoked(30, true, Some(false)));
    assert!(session.events().is_empty() && session.messages().is_empty());
}
