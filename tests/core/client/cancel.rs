//! Cancelling calls: every mode, and routers that cannot.

use wampwerk::internals::core::client::{Answer, ClientEvent, Failure, RequestTicket};
use wampwerk::message::{CancelMode, Message, RequestType, Roles};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{Session, error, local_error, number, progress, result};

#[test]
fn a_call_that_is_given_up_is_forgotten_and_its_late_result_is_nothing() {
    let mut session = Session::joined();
    let request = session.call(1);
    session.messages();
    session.client.abandon(request, CancelMode::KillNoWait);
    assert_eq!(session.client.pending(), 0);
    assert!(session.sent().is_empty(), "no CANCEL to a router that does not know it");
    session.receive(result(request));
    assert!(session.events().is_empty());
    assert!(session.client.is_established());
}

#[test]
fn giving_up_a_call_cancels_it_where_the_router_can() {
    let mut session = Session::joined_with(Roles::new().with("dealer", &["call_canceling"]));
    let request = session.call(1);
    session.messages();
    session.client.abandon(request, CancelMode::KillNoWait);
    let [Message::Cancel(cancel)] = &session.messages()[..] else { panic!() };
    assert_eq!(cancel.request, request);
    assert_eq!(cancel.options.mode, Some(CancelMode::KillNoWait));
    session.receive(error(RequestType::Call, request, "wamp.error.canceled"));
    assert!(session.events().is_empty());
}

fn cancel_mode(session: &mut Session) -> CancelMode {
    match &session.messages()[..] {
        [Message::Cancel(cancel)] => cancel.options.mode.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn skip_and_killnowait_settle_at_once_whatever_the_router_does() {
    for mode in [CancelMode::Skip, CancelMode::KillNoWait] {
        let mut session = Session::with_all();
        let call = session.call(1);
        session.messages();
        session.client.cancel(call, mode);
        assert_eq!(cancel_mode(&mut session), mode);
        let (ticket, result) = session.reply();
        assert_eq!((ticket, local_error(&result)), (1, "wamp.error.canceled"));
        assert_eq!(session.client.pending(), 0);
        // Crossbar answers "killnowait", and never "skip".
        session.receive(error(RequestType::Call, call, "wamp.error.canceled"));
        session.client.cancel(call, mode);
        session.client.abandon(call, mode);
        assert!(session.events().is_empty() && session.messages().is_empty());
    }
}

#[test]
fn kill_waits_for_the_last_word_of_the_callee() {
    for answered in [true, false] {
        let mut session = Session::with_all();
        let call = session.call(1);
        session.messages();
        session.client.cancel(call, CancelMode::Kill);
        assert_eq!(cancel_mode(&mut session), CancelMode::Kill);
        assert!(session.events().is_empty());
        session.client.cancel(call, CancelMode::Kill);
        assert!(session.messages().is_empty(), "CANCEL goes once");
        session.receive(progress(call, number(1)));
        assert!(matches!(
            session.events()[..],
            [ClientEvent::Progress { ticket: RequestTicket(1), .. }]
        ));
        match answered {
            true => session.receive(result(call)),
            false => session.receive(error(RequestType::Call, call, "wamp.error.canceled")),
        }
        match session.reply() {
            (1, Ok(Answer::Result { .. })) => assert!(answered),
            (1, Err(Failure::Error(error))) => {
                assert_eq!((answered, &*error.error), (false, "wamp.error.canceled"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_does_not_want_to_wait_for_a_kill_any_more_settles_it() {
    let mut session = Session::with_all();
    let call = session.call(1);
    session.client.cancel(call, CancelMode::Kill);
    session.messages();
    session.client.cancel(call, CancelMode::KillNoWait);
    assert!(session.messages().is_empty(), "the router has been told");
    let (_, result) = session.reply();
    assert_eq!(local_error(&result), "wamp.error.canceled");
    // Or is dropped.
    let call = session.call(2);
    session.client.cancel(call, CancelMode::Kill);
    session.messages();
    session.client.abandon(call, CancelMode::KillNoWait);
    assert!(session.messages().is_empty() && session.events().is_empty());
    assert_eq!(session.client.pending(), 0);
}

#[test]
fn a_router_that_cannot_cancel_is_not_told() {
    for mode in [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait] {
        let mut session = Session::joined();
        let call = session.call(1);
        session.messages();
        session.client.cancel(call, mode);
        assert!(session.messages().is_empty());
        let (_, result) = session.reply();
        assert_eq!(local_error(&result), "wamp.error.canceled");
    }
    // What one chapter of the spec calls it.
    let mut session = Session::joined_with(Roles::new().with("dealer", &["call_cancelling"]));
    let call = session.call(1);
    session.client.cancel(call, CancelMode::Skip);
    assert_eq!(session.sent(), ["CALL", "CANCEL"]);
}

#[test]
fn a_call_that_is_killed_ends_with_its_session() {
    let mut session = Session::with_all();
    let call = session.call(1);
    session.client.cancel(call, CancelMode::Kill);
    session.client.handle_transport_closed(None);
    let events = session.events();
    assert!(matches!(
        events[..],
        [
            ClientEvent::Reply { ticket: RequestTicket(1), result: Err(Failure::Closed(_)) },
            ClientEvent::Closed(_)
        ]
    ));
}

#[test]
fn only_calls_can_be_cancelled() {
    let mut session = Session::with_all();
    let subscribe = session.subscribe(1);
    session.messages();
    session.client.cancel(subscribe, CancelMode::Skip);
    session.client.cancel(99, CancelMode::Kill);
    assert!(session.messages().is_empty() && session.events().is_empty());
    assert_eq!(session.client.pending(), 1);
}
