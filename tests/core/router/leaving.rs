//! What becomes of calls and registrations when one of the two goes.

use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

/// The ways to go.
const WAYS: [fn(&mut Net, ConnectionId); 4] = [
    |net, id| net.disconnect(id),
    |net, id| net.send(id, goodbye("wamp.close.close_realm")),
    |net, id| {
        let details = ClosingDetails::default();
        let reason = "com.example.tired".into();
        net.send(id, Abort { details, reason, payload: Payload::empty() });
    },
    |net, id| net.send(id, hello("realm1")),
];

#[test]
fn when_the_caller_goes_its_callees_are_interrupted_in_order() {
    for go in WAYS {
        let mut net = Net::new();
        let [caller, callee, simple] = [net.join_as(&able()), net.join_as(&able()), net.join()];
        net.register(callee, 1, "a");
        net.register(simple, 1, "b");
        for (request, procedure) in [(1, "a"), (2, "b"), (3, "a")] {
            net.send(caller, call(request, procedure, 1));
        }
        net.send(caller, calls(4, "a", |options| options.progress = Some(true)));
        net.send(caller, calls(5, "a", |options| options.receive_progress = Some(true)));
        // It was told already.
        net.send(caller, cancel(3, CancelMode::Kill));
        net.take(callee);
        net.take(simple);
        go(&mut net, caller);
        assert_eq!(net.take(callee), ["INTERRUPT 1", "INTERRUPT 3", "INTERRUPT 4"]);
        assert_eq!(net.take(simple), [""; 0]);
        assert_eq!(net.statistics().calls, 0);
        net.take(caller);
        // Late answers of any kind are dropped.
        for answer in [
            Message::from(yields(1, 1)),
            fails(2, "com.example.error", 1).into(),
            progress(4).into(),
        ] {
            net.send(callee, answer);
        }
        net.send(simple, yields(1, 1));
        assert_eq!((net.closed(callee), net.closed(simple)), (None, None));
        assert_eq!(net.take(caller), [""; 0]);
    }
}

#[test]
fn the_interruption_says_how() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join_as(&able())];
    net.register(callee, 1, "a");
    net.send(caller, call(1, "a", 1));
    net.take(callee);
    net.disconnect(caller);
    let options = net.interrupt(callee).options;
    assert_eq!(options.mode, Some(CancelMode::KillNoWait));
    assert_eq!(options.reason.as_deref(), Some("wamp.error.canceled"));
}

#[test]
fn when_the_callee_goes_its_callers_are_told() {
    for go in WAYS {
        let mut net = Net::new();
        let [a, b, callee] = [net.join_as(&able()), net.join(), net.join_as(&able())];
        net.register(callee, 1, "a");
        net.send(a, calls(1, "a", |options| options.progress = Some(true)));
        net.send(b, call(1, "a", 1));
        net.send(a, calls(2, "a", |options| options.receive_progress = Some(true)));
        net.send(callee, progress(3));
        go(&mut net, callee);
        assert_eq!(
            net.take(a),
            ["RESULT 2", "ERROR 48 1 wamp.error.canceled", "ERROR 48 2 wamp.error.canceled"]
        );
        assert_eq!(net.take(b), ["ERROR 48 1 wamp.error.canceled"]);
        // What was on its way is late, not wrong.
        net.send(a, call(1, "a", 1));
        net.send(a, cancel(2, CancelMode::Kill));
        assert_eq!((net.take(a).len(), net.closed(a)), (0, None));
        assert_eq!((net.statistics().calls, net.statistics().registrations), (0, 0));
    }
}

#[test]
fn the_other_callees_of_a_shared_registration_go_on() {
    for go in WAYS {
        let mut net = Net::new();
        let [caller, a, b] = [net.join(), net.join(), net.join()];
        for callee in [a, b] {
            net.registered(callee, shares(1, "a", InvocationPolicy::RoundRobin));
        }
        net.send(caller, call(1, "a", 1));
        net.send(caller, call(2, "a", 1));
        go(&mut net, a);
        assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.canceled"]);
        net.send(b, yields(1, 1));
        net.send(caller, call(3, "a", 1));
        assert_eq!(net.take(caller), ["RESULT 2"]);
        assert_eq!(net.take(b), ["INVOCATION 1 1", "INVOCATION 2 1"]);
    }
}

#[test]
fn who_called_itself_leaves_nothing() {
    for go in WAYS {
        let mut net = Net::new();
        let a = net.join_as(&able());
        net.register(a, 1, "a");
        net.send(a, calls(2, "a", |options| options.timeout = Some(50)));
        net.send(a, calls(3, "a", |options| options.progress = Some(true)));
        net.take(a);
        go(&mut net, a);
        let told = net.take(a);
        assert!(told.iter().all(|told| !told.starts_with("INTER") && !told.starts_with("ERROR")));
        net.disconnect(a);
        assert_eq!(net.statistics(), Default::default());
        assert_eq!(net.router.poll_timeout(), None);
    }
}

#[test]
fn each_session_counts_its_invocations_from_one() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join_as(&able())];
    net.register(callee, 1, "a");
    net.send(caller, call(1, "a", 1));
    net.send(callee, goodbye("wamp.close.close_realm"));
    net.send(callee, hello("realm1"));
    net.take(callee);
    net.register(callee, 1, "a");
    net.send(caller, call(2, "a", 1));
    assert_eq!(net.take(callee), ["INVOCATION 1 2"]);
    // This answers the new session's invocation, not the old one's.
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.canceled", "RESULT 2"]);
}
