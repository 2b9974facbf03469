//! Progressive call invocations: arguments in several messages, and the request ids of CALL.

use wampwerk::internals::core::router::{ConnectionId, RouterConfig};
use wampwerk::message::*;
use wampwerk::{ApplicationError, Match};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

fn chunk(request: u64, procedure: &str) -> Call {
    calls(request, procedure, |options| options.progress = Some(true))
}

/// Request ids in sequence, and any.
fn nets() -> [Net; 2] {
    [Net::new(), Net::with(RouterConfig::new(7).realm("realm1"))]
}

/// A caller and the callee of "a".
fn pair(net: &mut Net) -> (ConnectionId, ConnectionId) {
    let [caller, callee] = [net.join_as(&able()), net.join_as(&able())];
    net.register(callee, 1, "a");
    (caller, callee)
}

#[test]
fn all_arguments_go_to_the_callee_of_the_first_ones() {
    for mut net in nets() {
        let [caller, a, b] = [net.join_as(&able()), net.join_as(&able()), net.join_as(&able())];
        for callee in [a, b] {
            net.registered(callee, shares(1, "a", InvocationPolicy::RoundRobin));
        }
        for part in 0..3 {
            let mut message = chunk(1, "a");
            message.payload = payload(part);
            net.send(caller, message);
            let invocation = net.invocation(a);
            assert_eq!((invocation.request, invocation.registration), (1, 1));
            assert_eq!(invocation.details.progress, Some(true));
            assert!(same(&invocation.payload, &payload(part)));
        }
        assert_eq!(net.statistics().calls, 1);
        // Another one goes to the next callee.
        net.send(caller, chunk(2, "a"));
        net.send(caller, call(1, "a", "end"));
        assert_eq!(net.invocation(b).request, 1);
        let last = net.invocation(a);
        assert_eq!((last.request, last.details), (1, InvocationDetails::default()));
        net.send(a, yields(1, 1));
        assert_eq!(net.take(caller), ["RESULT 1"]);
    }
}

#[test]
fn the_options_of_the_first_arguments_hold() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net);
    let mut first = chunk(1, "a");
    first.options.receive_progress = Some(true);
    net.send(caller, first);
    assert_eq!(net.invocation(callee).details.receive_progress, Some(true));
    let mut second = chunk(1, "a");
    second.options.disclose_me = Some(true);
    second.options.timeout = Some(5);
    second.options.extra = [("x_a", 1)].into();
    net.send(caller, second);
    let mut only = InvocationDetails::default();
    only.progress = Some(true);
    assert_eq!(net.invocation(callee).details, only);
    assert_eq!(net.router.poll_timeout(), None);
    // Results may come before the last arguments.
    net.send(callee, progress(1));
    net.send(caller, call(1, "a", 1));
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), ["RESULT 1", "RESULT 1"]);
}

#[test]
fn patterns_tell_the_procedure_each_time() {
    let mut net = Net::new();
    let [caller, callee] = [net.join_as(&able()), net.join_as(&able())];
    net.registered(callee, registers_as(1, "a.", Match::Prefix));
    for message in [chunk(1, "a.b"), chunk(1, "a.b"), call(1, "a.b", 1)] {
        net.send(caller, message);
        assert_eq!(net.invocation(callee).details.procedure.as_deref(), Some("a.b"));
    }
}

#[test]
fn late_arguments_are_thrown_away() {
    for mut net in nets() {
        let (caller, callee) = pair(&mut net);
        net.send(caller, chunk(1, "a"));
        net.send(callee, yields(1, 1));
        net.send(caller, chunk(2, "a"));
        net.send(callee, fails(2, "com.example.error", 1));
        net.send(caller, chunk(3, "a"));
        net.send(caller, cancel(3, CancelMode::KillNoWait));
        net.take(callee);
        assert_eq!(
            net.take(caller),
            ["RESULT 1", "ERROR 48 2 com.example.error", "ERROR 48 3 wamp.error.canceled"]
        );
        for request in 1..=3 {
            net.send(caller, chunk(request, "a"));
            net.send(caller, chunk(request, "a"));
            net.send(caller, call(request, "a", "end"));
        }
        assert_eq!((net.take(caller).len(), net.take(callee).len()), (0, 0));
        assert_eq!((net.closed(caller), net.statistics().calls), (None, 0));
        net.send(caller, call(4, "a", 1));
        assert_eq!(net.take(callee), ["INVOCATION 4 1"]);
    }
}

#[test]
fn what_the_caller_sends_after_it_has_cancelled_is_thrown_away() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net);
    net.send(caller, chunk(1, "a"));
    net.send(caller, cancel(1, CancelMode::Kill));
    net.send(caller, chunk(1, "a"));
    net.send(caller, call(1, "a", 1));
    assert_eq!(net.take(callee), ["INVOCATION 1 1", "INTERRUPT 1"]);
    net.send(callee, fails(1, "wamp.error.canceled", 1));
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.canceled"]);
}

#[test]
fn request_ids_of_other_requests_may_come_in_between() {
    let mut net = Net::new();
    let (caller, _) = pair(&mut net);
    net.send(caller, chunk(1, "a"));
    net.send(caller, publish(2, "b", 1));
    net.send(caller, chunk(1, "a"));
    net.send(caller, subscribe(3, "b"));
    net.send(caller, call(1, "a", 1));
    net.send(caller, call(4, "none", 1));
    assert_eq!(net.take(caller), ["SUBSCRIBED 3 1", "ERROR 48 4 wamp.error.no_such_procedure"]);
}

/// What a caller sends, the last one of which is a violation.
fn wrong_sequences() -> Vec<(Vec<Message>, bool)> {
    vec![
        // Not under way, and never was progressive.
        (vec![call(1, "none", 1).into(), call(1, "none", 1).into()], true),
        // A gap.
        (vec![chunk(1, "a").into(), chunk(3, "a").into()], true),
        (vec![call(1, "a", 1).into(), call(2, "a", 1).into(), call(4, "a", 1).into()], true),
        // Under way, but not progressive.
        (vec![call(1, "a", 1).into(), call(1, "a", 1).into()], false),
        (vec![call(1, "a", 1).into(), chunk(1, "a").into()], false),
        // Behind the last arguments.
        (vec![chunk(1, "a").into(), call(1, "a", 1).into(), call(1, "a", 1).into()], false),
        (vec![chunk(1, "a").into(), call(1, "a", 1).into(), chunk(1, "a").into()], false),
        // Another procedure.
        (vec![chunk(1, "a").into(), chunk(1, "b").into()], false),
        // Another kind of request with an old id.
        (vec![chunk(1, "a").into(), publish(1, "a", 1).into()], true),
    ]
}

#[test]
fn wrong_request_ids_are_violations() {
    for (messages, only_if_strict) in wrong_sequences() {
        let [strict, lenient] = nets();
        for (mut net, is_violation) in [(strict, true), (lenient, !only_if_strict)] {
            let (caller, callee) = pair(&mut net);
            let last = messages.len() - 1;
            for (index, message) in messages.iter().enumerate() {
                net.send(caller, message.clone());
                assert_eq!(net.closed(caller).is_some(), is_violation && index == last);
            }
            if is_violation {
                net.assert_violation(caller, ".request is");
            }
            assert_eq!(net.closed(callee), None);
        }
    }
}

#[test]
fn late_arguments_of_another_procedure_are_a_violation() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net);
    net.send(caller, chunk(1, "a"));
    net.send(callee, yields(1, 1));
    net.send(caller, chunk(1, "b"));
    net.assert_violation(caller, "CALL.request is 1");
}

#[test]
fn a_caller_has_to_announce_it() {
    let mut net = Net::new();
    let [caller, callee] =
        [net.join_as(&without(&["progressive_call_invocations"])), net.join_as(&able())];
    net.register(callee, 1, "a");
    net.send(caller, chunk(1, "a"));
    net.assert_violation(caller, "CALL.Options.progress");
    assert_eq!(net.take(callee), [""; 0]);
}

#[test]
fn a_callee_that_cannot_take_it_is_not_called() {
    for roles in [
        without(&["progressive_call_invocations"]),
        without(&["call_canceling"]),
        Roles::new().with("callee", &[]),
    ] {
        let mut net = Net::new();
        let [caller, callee, able] =
            [net.join_as(&able()), net.join_as(&roles), net.join_as(&able())];
        net.registered(callee, shares(1, "a", InvocationPolicy::First));
        net.send(caller, chunk(1, "a"));
        assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.feature_not_supported"]);
        // Of several, one that can.
        net.registered(able, shares(1, "a", InvocationPolicy::First));
        net.send(caller, chunk(2, "a"));
        net.send(caller, call(3, "a", 1));
        assert_eq!((net.take(able).len(), net.take(callee).len()), (1, 1));
    }
}

#[test]
fn arguments_that_cannot_be_delivered_end_the_call() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net);
    net.send(caller, chunk(1, "a"));
    net.take(callee);
    net.send(caller, chunk(1, "a"));
    let second = net.take_one(callee);
    let error = ApplicationError::new("wamp.error.payload_size_exceeded");
    net.router.handle_undeliverable(net.now, callee, &second, &error);
    net.drain();
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.payload_size_exceeded"]);
    // It has begun with the first ones.
    assert_eq!(net.take(callee), ["INTERRUPT 1"]);
    net.send(caller, call(1, "a", 1));
    net.send(callee, fails(1, "wamp.error.canceled", 1));
    assert_eq!((net.take(caller).len(), net.take(callee).len()), (0, 0));
}

#[test]
fn a_callee_is_told_only_once_to_stop() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net);
    net.send(caller, chunk(1, "a"));
    let first = net.take_one(callee);
    net.send(caller, cancel(1, CancelMode::Kill));
    let error = ApplicationError::new("wamp.error.payload_size_exceeded");
    net.router.handle_undeliverable(net.now, callee, &first, &error);
    net.drain();
    assert_eq!(net.take(callee), ["INTERRUPT 1"]);
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.payload_size_exceeded"]);
}

#[test]
fn forgotten_streams_do_not_pile_up() {
    // A caller need not send its last arguments when the answer has come; the router remembers
    // only so many such calls.
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net);
    for request in 1..=1025 {
        net.send(caller, chunk(request, "a"));
        net.send(callee, yields(request, 1));
    }
    net.send(caller, chunk(2, "a"));
    assert_eq!(net.closed(caller), None);
    net.send(caller, chunk(1, "a"));
    net.assert_violation(caller, "CALL.request is 1");
}

#[test]
fn what_follows_a_refused_call_is_thrown_away() {
    for mut net in nets() {
        let (caller, _) = pair(&mut net);
        let simple = net.join();
        net.register(simple, 1, "b");
        let refusals = [
            ("none", "no_such_procedure"),
            ("b", "feature_not_supported"),
            ("no uri", "invalid_uri"),
            ("wamp.session.count", "feature_not_supported"),
            ("wamp.none", "feature_not_supported"),
        ];
        for (request, (procedure, error)) in (1..).zip(refusals) {
            net.send(caller, chunk(request, procedure));
            net.send(caller, chunk(request, procedure));
            net.send(caller, call(request, procedure, 1));
            assert_eq!(net.take(caller), [format!("ERROR 48 {request} wamp.error.{error}")]);
        }
    }
}

#[test]
fn calls_of_the_routers_own_procedures_count_as_well() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net);
    let count =
        |request| Call { payload: Payload::empty(), ..call(request, "wamp.session.count", 1) };
    net.send(caller, count(1));
    net.send(caller, chunk(2, "a"));
    net.send(caller, count(3));
    net.send(caller, call(2, "a", 1));
    assert_eq!(net.take(caller), ["RESULT 1", "RESULT 3"]);
    assert_eq!(net.take(callee), ["INVOCATION 1 1", "INVOCATION 1 1"]);
    for wrong in [3, 5] {
        let other = net.join_as(&able());
        net.send(other, count(1));
        net.send(other, count(wrong));
        net.assert_violation(other, "CALL.request is");
    }
    // Nor may it have the id of another call.
    net.send(callee, call(2, "a", 1));
    net.send(callee, count(2));
    net.assert_violation(callee, "CALL.request is 2");
}
