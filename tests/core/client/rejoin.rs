//! A session after the session: the same core joins again.

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{ClientEvent, RequestTicket};
use wampwerk::message::{CancelOptions, Interrupt, Message, Registered, Roles, Subscribed};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{NOW, Session, event, goodbye, invoked, welcome};

fn left() -> Session {
    let mut session = Session::registered();
    let request = session.subscribe(2);
    session.receive(Subscribed { request, subscription: 500 });
    session.receive(invoked(30, true, Some(true)));
    session.client.answer(30, Ok(Default::default()));
    session.call(3);
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    session.messages();
    session.receive(goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(session.close_kind(), CloseKind::Left);
    session
}

#[test]
fn the_next_session_has_request_ids_of_its_own_and_nothing_of_the_last() {
    let mut session = left();
    session.client.join(NOW, "realm2".into());
    let [Message::Hello(hello)] = &session.messages()[..] else { panic!() };
    assert_eq!(hello.realm, "realm2");
    session.receive(welcome(Roles::new().with("broker", &[]).with("dealer", &[])));
    assert!(matches!(session.events()[..], [ClientEvent::Joined(_)]));
    assert!(!session.client.router_roles().supports("dealer", "call_canceling"));
    assert_eq!((session.client.pending(), session.call(1)), (0, 1));
    assert_eq!(session.register(2), 2);
    session.receive(Registered { request: 2, registration: 9 });
    session.events();
    session.messages();
    session.receive(Interrupt { request: 30, options: CancelOptions::default() });
    assert!(session.messages().is_empty());
    session.receive(invoked(30, false, None));
    assert!(matches!(
        session.events()[..],
        [ClientEvent::Invocation { listener: RequestTicket(2), .. }]
    ));
    session.receive(event(500));
    assert_eq!(session.close_kind(), CloseKind::Violation, "it is no subscription of this one");
}

#[test]
fn only_a_closed_session_joins() {
    let mut session = Session::joined();
    session.call(1);
    session.messages();
    session.client.join(NOW, "realm2".into());
    assert!(session.messages().is_empty());
    assert!(session.client.is_established());
    assert_eq!(session.call(2), 2);
}
