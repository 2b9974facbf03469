//! Registrations and calls through the router core.

// In the browser the same tests run under its own runner.
use wampwerk::internals::core::router::{CloseCause, RouterConfig};
use wampwerk::message::*;
use wampwerk::{ApplicationError, Match};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

#[test]
fn a_call_goes_to_the_callee_and_the_answer_back_untouched() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    let registration = net.register(callee, 1, "com.example.add");
    let sent = call(1, "com.example.add", "in");
    net.send(caller, sent.clone());
    let Message::Invocation(invocation) = net.take_one(callee) else { panic!() };
    assert_eq!((invocation.request, invocation.registration), (1, registration));
    assert_eq!(invocation.details, InvocationDetails::default());
    assert!(same(&invocation.payload, &sent.payload));
    assert_eq!(net.statistics().calls, 1);

    net.send(callee, yields(1, "out"));
    let Message::Result(result) = net.take_one(caller) else { panic!() };
    assert_eq!(result.request, 1);
    assert!(same(&result.payload, &payload("out")));
    assert_eq!(net.statistics().calls, 0);

    net.send(caller, call(2, "com.example.add", 1));
    net.send(callee, fails(2, "com.example.error.no", "why"));
    let Message::Error(error) = net.take_one(caller) else { panic!() };
    assert_eq!((error.request_type, error.request), (RequestType::Call, 2));
    assert_eq!(error.error, "com.example.error.no");
    assert!(same(&error.payload, &payload("why")));
}

#[test]
fn invocation_ids_are_sequential_for_each_callee() {
    let mut net = Net::new();
    let [a, b, caller] = [net.join(), net.join(), net.join()];
    net.register(a, 1, "a");
    net.register(b, 1, "b");
    for (request, procedure) in [(1, "a"), (2, "b"), (3, "a"), (4, "b"), (5, "b")] {
        net.send(caller, call(request, procedure, 1));
    }
    assert_eq!(net.take(a), ["INVOCATION 1 1", "INVOCATION 2 1"]);
    assert_eq!(net.take(b), ["INVOCATION 1 2", "INVOCATION 2 2", "INVOCATION 3 2"]);
    // Answers may come in any order.
    for (callee, invocation) in [(b, 3), (a, 2), (b, 1), (a, 1), (b, 2)] {
        net.send(callee, yields(invocation, 1));
    }
    assert_eq!(net.take(caller), ["RESULT 5", "RESULT 3", "RESULT 2", "RESULT 1", "RESULT 4"]);
}

#[test]
fn a_session_may_call_itself() {
    let mut net = Net::new();
    let a = net.join();
    net.register(a, 1, "a");
    net.send(a, call(2, "a", 1));
    net.send(a, yields(1, 1));
    assert_eq!(net.take(a), ["INVOCATION 1 1", "RESULT 2"]);
    net.send(a, call(3, "a", 1));
    net.disconnect(a);
    assert_eq!(net.statistics(), Default::default());
}

#[test]
fn what_cannot_be_registered_or_called() {
    let mut net = Net::new();
    let [a, b] = [net.join(), net.join()];
    net.register(a, 1, "com.example.add");
    let mut prefix = register(2, "com..example");
    prefix.options.r#match = Some(Match::Prefix);
    let mut nobody = register(3, "com.example.nobody");
    nobody.options.concurrency = Some(0);
    let mut single = register(8, "com.example.single");
    single.options.invoke = Some(InvocationPolicy::Single);
    single.options.disclose_caller = Some(true);
    for (message, answer) in [
        (
            Message::from(register(1, "com.example.add")),
            "ERROR 64 1 wamp.error.procedure_already_exists",
        ),
        (prefix.into(), "ERROR 64 2 wamp.error.invalid_uri"),
        (nobody.into(), "ERROR 64 3 wamp.error.invalid_argument"),
        (register(4, "com..add").into(), "ERROR 64 4 wamp.error.invalid_uri"),
        (register(5, "wamp.session.count").into(), "ERROR 64 5 wamp.error.invalid_uri"),
        (unregister(6, 1).into(), "ERROR 66 6 wamp.error.no_such_registration"),
        (unregister(7, 99).into(), "ERROR 66 7 wamp.error.no_such_registration"),
        (single.into(), "REGISTERED 8 2"),
        (call(9, "com.example.none", 1).into(), "ERROR 48 9 wamp.error.no_such_procedure"),
        (call(10, "com example", 1).into(), "ERROR 48 10 wamp.error.invalid_uri"),
        (call(11, "wamp.session.none", 1).into(), "ERROR 48 11 wamp.error.no_such_procedure"),
    ] {
        net.send(b, message);
        assert_eq!(net.take(b), [answer]);
    }
    net.send(a, unregister(2, 1));
    assert_eq!(net.take(a), ["UNREGISTERED 2"]);
    net.register(b, 12, "com.example.add");
}

#[test]
fn long_names_do_not_come_back_whole() {
    let mut net = Net::new();
    let a = net.join();
    net.send(a, call(1, &"ä".repeat(100_000), 1));
    let Message::Error(error) = net.take_one(a) else { panic!() };
    assert!(format!("{:?}", error.payload).len() < 1000);
}

#[test]
fn options_that_a_simple_callee_does_not_know_are_not_forwarded() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    net.register(callee, 1, "a");
    let mut message = call(1, "a", 1);
    message.options.timeout = Some(1);
    message.options.receive_progress = Some(true);
    message.options.extra = [("rkey", "k"), ("runmode", "all")].into();
    net.send(caller, message);
    let Message::Invocation(invocation) = net.take_one(callee) else { panic!() };
    assert_eq!(invocation.details, InvocationDetails::default());
    // Progress that no caller asked for is dropped; the end still counts.
    let mut progress = yields(1, 1);
    progress.options.progress = Some(true);
    net.send(callee, progress);
    assert_eq!(net.take(caller), [""; 0]);
    net.send(callee, yields(1, 2));
    assert_eq!(net.take(caller), ["RESULT 1"]);
}

#[test]
fn a_cancelled_call_ends_at_once_and_the_late_answer_is_dropped() {
    for mode in [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait] {
        let mut net = Net::new();
        let [caller, callee] = [net.join(), net.join()];
        net.register(callee, 1, "a");
        net.send(caller, call(1, "a", 1));
        net.send(caller, call(2, "a", 1));
        net.take(callee);
        net.send(caller, cancel(1, mode));
        net.send(caller, cancel(1, mode));
        net.send(caller, cancel(77, mode));
        assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.canceled"]);
        net.send(callee, yields(1, 1));
        net.send(callee, fails(1, "com.example.error", 1));
        net.send(callee, yields(2, 1));
        // A second answer is late as well.
        net.send(callee, yields(2, 1));
        assert_eq!(net.take(caller), ["RESULT 2"]);
        assert_eq!((net.closed(callee), net.take(callee).len()), (None, 0));
    }
}

#[test]
fn a_callee_that_goes_fails_its_calls() {
    let mut net = Net::new();
    let [caller, callee, other] = [net.join(), net.join(), net.join()];
    net.register(callee, 1, "a");
    net.send(caller, call(1, "a", 1));
    net.send(other, call(1, "a", 1));
    net.send(caller, call(2, "a", 1));
    net.send(caller, cancel(2, CancelMode::Skip));
    net.take(caller);
    net.disconnect(callee);
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.canceled"]);
    assert_eq!(net.take(other), ["ERROR 48 1 wamp.error.canceled"]);
    net.send(caller, call(3, "a", 1));
    assert_eq!(net.take(caller), ["ERROR 48 3 wamp.error.no_such_procedure"]);
    assert_eq!(net.statistics().calls, 0);
}

#[test]
fn an_answer_for_a_caller_that_has_gone_is_dropped() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    net.register(callee, 1, "a");
    net.send(caller, call(1, "a", 1));
    net.send(caller, goodbye("wamp.close.close_realm"));
    // The same connection, another session: it must not get the old one's result.
    net.send(caller, hello("realm1"));
    net.take(caller);
    assert_eq!(net.statistics().calls, 0);
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), [""; 0]);
    assert_eq!(net.closed(callee), None);
}

#[test]
fn a_call_survives_the_registration() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    net.register(callee, 1, "a");
    net.send(caller, call(1, "a", 1));
    net.send(callee, unregister(2, 1));
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), ["RESULT 1"]);
}

#[test]
fn a_session_has_only_so_many_calls_and_registrations() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.limits.calls = 2;
    config.limits.registrations = 1;
    let mut net = Net::with(config);
    let [caller, callee] = [net.join(), net.join()];
    net.register(callee, 1, "a");
    net.send(callee, register(2, "b"));
    assert_eq!(net.take(callee), ["ERROR 64 2 wamp.error.unavailable"]);
    for request in 1..=3 {
        net.send(caller, call(request, "a", 1));
    }
    assert_eq!(net.take(caller), ["ERROR 48 3 wamp.error.unavailable"]);
    net.send(callee, yields(1, 1));
    net.send(caller, call(4, "a", 1));
    assert_eq!(net.take(caller), ["RESULT 1"]);
}

#[test]
fn what_cannot_be_delivered_fails_for_who_waits_for_it() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    let registration = net.register(callee, 1, "a");
    let error = ApplicationError::new("wamp.error.payload_size_exceeded").arg("too long");
    let undeliverable = |net: &mut Net, to, message: Message| {
        net.router.handle_undeliverable(net.now, to, &message, &error);
        net.drain();
    };

    net.send(caller, call(1, "a", 1));
    let invocation = net.take_one(callee);
    undeliverable(&mut net, callee, invocation);
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.payload_size_exceeded"]);
    assert_eq!((net.closed(callee), net.statistics().calls), (None, 0));

    net.send(caller, call(2, "a", 1));
    net.take(callee);
    net.send(callee, yields(2, 1));
    let result = net.take_one(caller);
    undeliverable(&mut net, caller, result);
    let refusal = net.take_one(caller);
    assert_eq!(show(&refusal), "ERROR 48 2 wamp.error.payload_size_exceeded");

    let details = EventDetails::default();
    let event = Event { subscription: 1, publication: 1, details, payload: payload(1) };
    undeliverable(&mut net, caller, event.into());
    assert_eq!((net.take(caller).len(), net.closed(caller)), (0, None));

    // If not even this can be carried, nothing can.
    undeliverable(&mut net, caller, refusal);
    assert_eq!(net.closed(caller), Some(CloseCause::Undeliverable));
    undeliverable(&mut net, callee, Registered { request: 1, registration }.into());
    assert_eq!(net.closed(callee), Some(CloseCause::Undeliverable));
}

#[test]
fn answers_for_an_earlier_session_of_the_connection_are_no_matter_of_the_next_one() {
    let mut net = Net::with(RouterConfig::new(7).realm("realm1"));
    let [caller, callee] = [net.join(), net.join()];
    net.register(callee, 1, "a");
    let error = ApplicationError::new("wamp.error.payload_size_exceeded").arg("too long");
    let mut answers = vec![];
    for request in 1..=2 {
        net.send(caller, call(5, "a", 1));
        net.take(callee);
        net.send(
            callee,
            if request == 1 {
                yields(request, 1).into()
            } else {
                Message::from(fails(request, "com.example.error", 1))
            },
        );
        answers.push(net.take_one(caller));
    }
    net.send(caller, goodbye("wamp.close.close_realm"));
    net.send(caller, hello("realm1"));
    net.take(caller);
    for answer in &answers {
        net.router.handle_undeliverable(net.now, caller, answer, &error);
    }
    net.drain();
    assert_eq!(net.take(caller), [""; 0]);
    // Its own call of the same id goes on.
    net.send(caller, call(5, "a", 1));
    for answer in &answers {
        net.router.handle_undeliverable(net.now, caller, answer, &error);
    }
    net.drain();
    assert_eq!(net.take(caller), [""; 0]);
    net.take(callee);
    net.send(callee, yields(3, 1));
    let result = net.take_one(caller);
    net.router.handle_undeliverable(net.now, caller, &result, &error);
    net.drain();
    assert_eq!(net.take(caller), ["ERROR 48 5 wamp.error.payload_size_exceeded"]);
}
