//! A client that breaks the protocol gets ABORT and is disconnected; others notice nothing.

// In the browser the same tests run under its own runner.
use wampwerk::error::Violation;
use wampwerk::internals::MAX_ID;
use wampwerk::internals::core::router::RouterConfig;
use wampwerk::message::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

/// What only a router sends, or what cannot come at this point of a session.
fn never_in_a_session() -> Vec<Message> {
    let error = |request_type| RequestError { request_type, ..fails(1, "com.example.error", 1) };
    vec![
        Welcome { session: 1, details: WelcomeDetails::default() }.into(),
        Challenge { method: "ticket".to_owned(), extra: Default::default() }.into(),
        Authenticate { signature: String::new(), extra: Default::default() }.into(),
        Published { request: 1, publication: 1 }.into(),
        Subscribed { request: 1, subscription: 1 }.into(),
        Unsubscribed { request: 1, details: None }.into(),
        Registered { request: 1, registration: 1 }.into(),
        Unregistered { request: 1, details: None }.into(),
        Event {
            subscription: 1,
            publication: 1,
            details: EventDetails::default(),
            payload: payload(1),
        }
        .into(),
        CallResult { request: 1, details: ResultDetails::default(), payload: payload(1) }.into(),
        Invocation {
            request: 1,
            registration: 1,
            details: InvocationDetails::default(),
            payload: payload(1),
        }
        .into(),
        Interrupt { request: 1, options: CancelOptions::default() }.into(),
        hello("realm1").into(),
        error(RequestType::Call).into(),
        error(RequestType::Publish).into(),
    ]
}

#[test]
fn messages_that_cannot_come_in_a_session() {
    for message in never_in_a_session() {
        let mut net = Net::new();
        let [a, b] = [net.join(), net.join()];
        let name = message.name();
        net.send(a, message);
        net.assert_violation(a, name);
        assert_eq!((net.closed(b), net.statistics().sessions), (None, 1));
        // It is deaf to what comes after.
        net.send(a, hello("realm1"));
        assert_eq!(net.take(a), [""; 0]);
    }
}

#[test]
fn anything_but_hello_first() {
    let mut first = never_in_a_session();
    first.retain(|message| !matches!(message, Message::Hello(_)));
    first.extend([
        subscribe(1, "a").into(),
        publish(1, "a", 1).into(),
        call(1, "a", 1).into(),
        cancel(1, CancelMode::Skip).into(),
        yields(1, 1).into(),
        goodbye("wamp.close.close_realm").into(),
    ]);
    for message in first {
        let mut net = Net::new();
        let a = net.connect();
        let cause = format!("{} before HELLO", message.name());
        net.send(a, message);
        net.assert_violation(a, &cause);
    }
}

#[test]
fn hello_without_a_role_of_a_client() {
    for roles in [None, Some(Roles::new()), Some(Roles::new().with("dealer", &[]))] {
        let mut net = Net::new();
        let a = net.connect();
        let mut message = hello("realm1");
        message.details.roles = roles;
        net.send(a, message);
        net.assert_violation(a, "HELLO.Details.roles");
    }
}

#[test]
fn undecodable_bytes() {
    let mut net = Net::new();
    let [a, b] = [net.join(), net.join()];
    net.router.handle_violation(net.now, a, Violation::new("unknown message code 99"));
    net.drain();
    net.assert_violation(a, "unknown message code 99");
    assert_eq!((net.closed(b), net.take(b).len()), (None, 0));
}

#[test]
fn request_ids_out_of_sequence() {
    for wrong in [
        Message::from(subscribe(3, "a")),
        unsubscribe(3, 1).into(),
        publish(1, "a", 1).into(),
        register(5, "a").into(),
        unregister(MAX_ID, 1).into(),
        call(3, "a", 1).into(),
    ] {
        let mut net = Net::new();
        let a = net.join();
        // An unacknowledged PUBLISH uses up an id as well.
        net.send(a, publish(1, "a", 1));
        let cause = format!("{}.request is", wrong.name());
        net.send(a, wrong);
        net.assert_violation(a, &cause);
    }
}

#[test]
fn random_request_ids_are_taken_by_default() {
    let mut net = Net::with(RouterConfig::new(7).realm("realm1"));
    let a = net.join();
    net.send(a, subscribe(789, "a"));
    net.send(a, acknowledged(123, "a", 1));
    assert_eq!(net.take(a), ["SUBSCRIBED 789 1", "PUBLISHED 123"]);
    // But not that of a call that is under way.
    net.register(a, 5, "b");
    net.send(a, call(9, "b", 1));
    net.send(a, call(9, "b", 1));
    net.assert_violation(a, "CALL.request is 9");
}

#[test]
fn features_that_were_not_announced() {
    let with_progress = |mut call: Call| {
        call.options.progress = Some(true);
        call
    };
    let mut ppt_call = call(1, "a", 1);
    ppt_call.options.ppt_scheme = Some("wamp".to_owned());
    let mut ppt_publish = publish(1, "a", 1);
    ppt_publish.options.ppt_scheme = Some("wamp".to_owned());
    for (wrong, cause) in [
        (Message::from(with_progress(call(1, "a", 1))), "CALL.Options.progress"),
        (ppt_call.into(), "CALL.Options.ppt_scheme"),
        (ppt_publish.into(), "PUBLISH.Options.ppt_scheme"),
    ] {
        let mut net = Net::new();
        let a = net.join();
        net.send(a, wrong);
        net.assert_violation(a, cause);
    }
}
