//! How a session proves who it is: HELLO, CHALLENGE, AUTHENTICATE.

use std::time::Duration;

use wampwerk::error::{CloseKind, CloseReason};
use wampwerk::internals::core::client::{Client, ClientConfig, ClientEvent, JoinRequest};
use wampwerk::message::{Abort, Authenticate, Challenge, ClosingDetails, Message, Roles, Welcome};
use wampwerk::{Dict, Payload};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{NOW, Session, welcome};

const LIMIT: Duration = Duration::from_secs(10);

fn request() -> JoinRequest {
    let mut request = JoinRequest::new("realm1");
    request.authmethods = vec!["wampcra".to_owned(), "ticket".to_owned()];
    request.authid = Some("joe".to_owned());
    request.authrole = Some("user".to_owned());
    request.authextra = Dict::new().with("nonce", "xyz");
    request
}

/// A session that has sent its HELLO, with two methods.
fn joining() -> Session {
    let mut client = Client::new(ClientConfig::default());
    client.join(NOW, request());
    let mut session = Session { client };
    assert_eq!(session.sent(), ["HELLO"]);
    session
}

/// One that was challenged by the second of them.
fn challenged() -> Session {
    let mut session = joining();
    session.receive(challenge("ticket"));
    let [ClientEvent::Challenge(challenge)] = &session.events()[..] else { panic!() };
    assert_eq!((&*challenge.method, challenge.extra.len()), ("ticket", 1));
    assert!(session.messages().is_empty(), "it waits for the answer");
    session
}

fn challenge(method: &str) -> Challenge {
    Challenge { method: method.to_owned(), extra: Dict::new().with("challenge", "abc") }
}

fn welcome_of_all() -> Welcome {
    welcome(Roles::new().with("broker", &[]).with("dealer", &[]))
}

/// How the session has ended, and why the router was told so.
fn aborted(session: &mut Session) -> (CloseReason, String) {
    let [Message::Abort(abort)] = &session.messages()[..] else { panic!("no ABORT") };
    let events = session.events();
    let [ClientEvent::Closed(reason)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(abort.details.message, reason.message);
    ((**reason).clone(), abort.reason.to_string())
}

#[test]
fn hello_says_who_we_are() {
    let mut client = Client::new(ClientConfig::default());
    client.join(NOW, request());
    let Some(Message::Hello(hello)) = client.poll_transmit() else { panic!() };
    let details = hello.details.into_fields();
    assert_eq!(details.authmethods.unwrap(), ["wampcra", "ticket"]);
    assert_eq!(details.authid.as_deref(), Some("joe"));
    assert_eq!(details.authrole.as_deref(), Some("user"));
    assert_eq!(details.authextra.unwrap(), Dict::new().with("nonce", "xyz"));

    let mut client = Client::new(ClientConfig::default());
    client.join(NOW, "realm1".into());
    let Some(Message::Hello(hello)) = client.poll_transmit() else { panic!() };
    let details = hello.details.into_fields();
    assert_eq!((details.authmethods, details.authid, details.authrole), (None, None, None));
    assert_eq!(details.authextra, None, "what is not said is left off");
}

#[test]
fn a_challenge_is_answered() {
    let mut session = challenged();
    session.client.authenticate(NOW, "secret!!!".to_owned(), Dict::new().with("more", 1));
    let [Message::Authenticate(Authenticate { signature, extra })] = &session.messages()[..] else {
        panic!()
    };
    assert_eq!((&**signature, extra.len()), ("secret!!!", 1));
    session.client.authenticate(NOW, "again".to_owned(), Dict::new());
    assert!(session.messages().is_empty(), "once");
    session.receive(welcome_of_all());
    assert!(matches!(session.events()[..], [ClientEvent::Joined(_)]));
    assert_eq!(session.client.poll_timeout(), None);
    session.client.authenticate(NOW, "late".to_owned(), Dict::new());
    session.client.refuse_challenge("late");
    assert!(session.messages().is_empty(), "what comes too late is nothing");
    assert!(session.client.is_established());
}

#[test]
fn a_router_may_let_us_in_without_a_challenge() {
    let mut session = joining();
    session.receive(welcome_of_all());
    assert!(matches!(session.events()[..], [ClientEvent::Joined(_)]));
}

#[test]
fn a_challenge_that_cannot_be_answered_is_refused() {
    let mut session = challenged();
    session.client.refuse_challenge("the key is gone");
    let (reason, told) = aborted(&mut session);
    assert_eq!(told, "wamp.error.cannot_authenticate");
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Violation, &*told));
    assert_eq!(reason.message.as_deref(), Some("the key is gone"));
}

#[test]
fn a_challenge_by_what_was_not_offered_is_refused() {
    let mut session = joining();
    session.receive(challenge("cryptosign"));
    let (reason, told) = aborted(&mut session);
    assert_eq!(told, "wamp.error.cannot_authenticate");
    assert!(reason.message.unwrap().contains("\"cryptosign\""));
}

#[test]
fn a_second_challenge_is_a_violation() {
    let mut session = challenged();
    session.receive(challenge("ticket"));
    let (reason, told) = aborted(&mut session);
    assert_eq!((reason.kind, &*told), (CloseKind::Violation, "wamp.error.protocol_violation"));

    let mut session = challenged();
    session.client.authenticate(NOW, "secret!!!".to_owned(), Dict::new());
    session.messages();
    session.receive(challenge("wampcra"));
    assert_eq!(aborted(&mut session).1, "wamp.error.protocol_violation");
}

#[test]
fn a_challenge_in_a_session_is_a_violation() {
    let mut session = joining();
    session.receive(welcome_of_all());
    session.events();
    session.receive(challenge("ticket"));
    assert_eq!(aborted(&mut session).1, "wamp.error.protocol_violation");
}

#[test]
fn a_welcome_that_does_not_wait_for_the_answer_is_a_violation() {
    let mut session = challenged();
    session.receive(welcome_of_all());
    assert_eq!(aborted(&mut session).1, "wamp.error.protocol_violation");
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    let mut session = challenged();
    session.client.authenticate(NOW, "wrong".to_owned(), Dict::new());
    session.messages();
    let mut details = ClosingDetails::default();
    details.message = Some("ticket is wrong".into());
    let (reason, payload) = ("wamp.error.authentication_failed".into(), Payload::empty());
    session.receive(Abort { details, reason, payload });
    let Some(ClientEvent::Closed(reason)) = session.events().pop() else { panic!() };
    assert_eq!(reason.kind, CloseKind::Aborted);
    assert_eq!(reason.reason, "wamp.error.authentication_failed");
    assert!(session.messages().is_empty());
}

#[test]
fn each_step_has_its_own_time() {
    let mut session = challenged();
    assert_eq!(session.client.poll_timeout(), Some(NOW + LIMIT), "what HELLO has left");
    let later = NOW + Duration::from_secs(9);
    session.client.answering(later);
    session.client.handle_timeout(NOW + LIMIT);
    assert_eq!(session.client.poll_timeout(), Some(later + LIMIT));
    let later = later + Duration::from_secs(9);
    session.client.authenticate(later, "secret!!!".to_owned(), Dict::new());
    session.messages();
    session.client.answering(later + LIMIT);
    assert_eq!(session.client.poll_timeout(), Some(later + LIMIT), "it is the router's turn");
    session.client.handle_timeout(later + LIMIT);
    let (reason, told) = aborted(&mut session);
    assert_eq!((reason.kind, &*told), (CloseKind::TimedOut, "wamp.error.timeout"));
    assert!(reason.message.unwrap().contains("AUTHENTICATE"));
}

#[test]
fn an_answer_of_ours_that_does_not_come_ends_in_time() {
    let mut session = challenged();
    session.client.answering(NOW);
    session.client.handle_timeout(NOW + LIMIT);
    let (reason, told) = aborted(&mut session);
    assert_eq!((reason.kind, &*told), (CloseKind::Violation, "wamp.error.cannot_authenticate"));
    session.client.authenticate(NOW + LIMIT, "late".to_owned(), Dict::new());
    assert!(session.messages().is_empty());
}

#[test]
fn leaving_ends_it_without_an_answer() {
    let mut session = challenged();
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    assert_eq!(session.sent(), ["ABORT"]);
    assert_eq!(session.close_kind(), CloseKind::Left);
}

#[test]
fn an_answer_that_cannot_be_sent_ends_it() {
    let mut session = challenged();
    session.client.authenticate(NOW, "secret!!!".to_owned(), Dict::new());
    session.refuse_next("AUTHENTICATE");
    assert_eq!(session.sent(), ["ABORT"]);
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn joining_again_begins_anew() {
    let mut session = challenged();
    session.client.handle_transport_closed(None);
    session.events();
    session.client.join(NOW, request());
    assert_eq!(session.sent(), ["HELLO"]);
    session.receive(challenge("wampcra"));
    assert!(matches!(session.events()[..], [ClientEvent::Challenge(_)]));
}

#[test]
fn what_may_be_secret_does_not_show() {
    let extra = Dict::new().with("token", "s3cret");
    let (signature, method) = ("s3cret".to_owned(), "ticket".to_owned());
    let authenticate = Authenticate { signature, extra: extra.clone() };
    let challenge = Challenge { method, extra: extra.clone() };
    let mut request = request();
    request.authextra = extra;
    let mut client = Client::new(ClientConfig::default());
    client.join(NOW, request.clone());
    let shown = format!("{client:?} {request:?}");
    assert!(shown.contains("joe") && !shown.contains("s3cret"), "{shown}");
    let hello = client.poll_transmit().unwrap();
    let shown = format!("{hello:?} {:?} {challenge:?}", Message::from(authenticate));
    assert!(shown.contains("ticket") && shown.contains("joe"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}
