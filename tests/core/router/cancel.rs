//! Call canceling: what the caller and the callee are told in each mode.

use std::time::Duration;

use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

const CANCELED: [&str; 1] = ["ERROR 48 1 wamp.error.canceled"];

/// A call that is under way at a callee of these roles.
fn called(net: &mut Net, roles: &Roles) -> (ConnectionId, ConnectionId) {
    let [caller, callee] = [net.join(), net.join_as(roles)];
    net.register(callee, 1, "a");
    net.send(caller, calls(1, "a", |options| options.receive_progress = Some(true)));
    net.take(callee);
    (caller, callee)
}

#[test]
fn skip_tells_the_callee_nothing() {
    let mut net = Net::new();
    let (caller, callee) = called(&mut net, &able());
    net.send(caller, cancel(1, CancelMode::Skip));
    assert_eq!((net.take(caller), net.take(callee).len()), (CANCELED.map(String::from).into(), 0));
    net.send(callee, progress(1));
    net.send(callee, yields(1, 1));
    assert_eq!((net.take(caller).len(), net.closed(callee)), (0, None));
}

#[test]
fn killnowait_interrupts_the_callee_and_does_not_wait() {
    for mode in [Some(CancelMode::KillNoWait), None] {
        let mut net = Net::new();
        let (caller, callee) = called(&mut net, &able());
        let options = CancelOptions::default();
        let mut message = Cancel { request: 1, options };
        message.options.mode = mode;
        net.send(caller, message);
        assert_eq!(net.take(caller), CANCELED);
        let interrupt = net.interrupt(callee);
        assert_eq!(interrupt.request, 1);
        assert_eq!(interrupt.options.mode, Some(CancelMode::KillNoWait));
        assert_eq!(interrupt.options.reason.as_deref(), Some("wamp.error.canceled"));
        net.send(callee, fails(1, "wamp.error.canceled", 1));
        net.send(caller, cancel(1, CancelMode::KillNoWait));
        assert_eq!((net.take(caller).len(), net.take(callee).len()), (0, 0));
    }
}

#[test]
fn kill_waits_for_what_the_callee_says() {
    for (answer, shown) in [
        (Message::from(fails(1, "wamp.error.canceled", "why")), CANCELED[0]),
        (fails(1, "com.example.error", "why").into(), "ERROR 48 1 com.example.error"),
        // It was quicker.
        (yields(1, 1).into(), "RESULT 1"),
    ] {
        let mut net = Net::new();
        let (caller, callee) = called(&mut net, &able());
        net.send(caller, cancel(1, CancelMode::Kill));
        assert_eq!((net.take(caller).len(), net.statistics().calls), (0, 1));
        assert_eq!(net.interrupt(callee).options.mode, Some(CancelMode::Kill));
        net.send(callee, answer);
        assert_eq!(net.take(caller), [shown]);
        assert_eq!(net.statistics().calls, 0);
    }
}

#[test]
fn kill_does_not_wait_for_ever() {
    let mut net = Net::new();
    let (caller, callee) = called(&mut net, &able());
    net.send(caller, cancel(1, CancelMode::Kill));
    net.take(callee);
    net.advance(Duration::from_secs(9));
    // Results that are not the last win it no time.
    net.send(callee, progress(1));
    assert_eq!((net.take(caller).len(), net.statistics().calls), (1, 1));
    net.advance(Duration::from_secs(1));
    assert_eq!((net.take(caller), net.statistics().calls), (CANCELED.map(String::from).into(), 0));
    net.send(callee, yields(1, 1));
    assert_eq!((net.take(caller).len(), net.take(callee).len()), (0, 0), "late, and ignored");
    assert_eq!(net.closed(callee), None);
}

#[test]
fn a_killed_call_with_a_long_timeout_does_not_wait_for_it() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join_as(&able())];
    net.register(callee, 1, "a");
    net.send(caller, calls(1, "a", |options| options.timeout = Some(60_000)));
    net.send(caller, cancel(1, CancelMode::Kill));
    net.advance(Duration::from_secs(10));
    assert_eq!(net.take(caller), CANCELED);
    net.advance(Duration::from_secs(60));
    assert_eq!(net.take(caller), [""; 0]);
}

#[test]
fn a_second_cancel_is_ignored() {
    let mut net = Net::new();
    let (caller, callee) = called(&mut net, &able());
    net.send(caller, cancel(1, CancelMode::Kill));
    for mode in [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait] {
        net.send(caller, cancel(1, mode));
    }
    assert_eq!(net.take(callee), ["INTERRUPT 1"]);
    assert_eq!(net.take(caller), [""; 0]);
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), ["RESULT 1"]);
}

#[test]
fn a_killed_call_ends_when_its_callee_goes() {
    let mut net = Net::new();
    let (caller, callee) = called(&mut net, &able());
    net.send(caller, cancel(1, CancelMode::Kill));
    net.disconnect(callee);
    assert_eq!(net.take(caller), CANCELED);
}

#[test]
fn a_callee_that_cannot_be_interrupted_is_left_alone() {
    for mode in [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait] {
        let mut net = Net::new();
        let (caller, callee) = called(&mut net, &without(&["call_canceling"]));
        net.send(caller, cancel(1, mode));
        assert_eq!(net.take(caller), CANCELED);
        net.send(callee, yields(1, 1));
        assert_eq!((net.take(callee).len(), net.take(caller).len()), (0, 0));
    }
}

#[test]
fn both_spellings_of_the_feature_are_understood() {
    let mut net = Net::new();
    let roles = Roles::new().with("callee", &["call_cancelling"]);
    let (caller, callee) = called(&mut net, &roles);
    net.send(caller, cancel(1, CancelMode::KillNoWait));
    assert_eq!(net.take(callee), ["INTERRUPT 1"]);
}

#[test]
fn only_the_caller_can_cancel() {
    let mut net = Net::new();
    let (caller, callee) = called(&mut net, &able());
    let other = net.join();
    for mode in [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait] {
        net.send(other, cancel(1, mode));
        net.send(caller, cancel(2, mode));
    }
    assert_eq!((net.take(other).len(), net.take(caller).len(), net.take(callee).len()), (0, 0, 0));
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), ["RESULT 1"]);
}

#[test]
fn a_caller_may_cancel_the_call_of_its_own_procedure() {
    let mut net = Net::new();
    let a = net.join_as(&able());
    net.register(a, 1, "a");
    net.send(a, call(2, "a", 1));
    net.send(a, cancel(2, CancelMode::Kill));
    net.send(a, fails(1, "wamp.error.canceled", 1));
    assert_eq!(net.take(a), ["INVOCATION 1 1", "INTERRUPT 1", "ERROR 48 2 wamp.error.canceled"]);
}
