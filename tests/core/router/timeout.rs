//! Call timeouts, in milliseconds: who keeps them, and what happens when they are over.

use std::time::Duration;

use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

const TIMED_OUT: [&str; 1] = ["ERROR 48 1 wamp.error.timeout"];

fn timed(request: u64, milliseconds: u64) -> Call {
    calls(request, "a", |options| options.timeout = Some(milliseconds))
}

fn pair(net: &mut Net, roles: &Roles) -> (ConnectionId, ConnectionId) {
    let [caller, callee] = [net.join(), net.join_as(roles)];
    net.register(callee, 1, "a");
    (caller, callee)
}

fn wait(net: &mut Net, milliseconds: u64) {
    net.advance(Duration::from_millis(milliseconds));
}

#[test]
fn a_call_that_takes_too_long_ends_and_its_callee_is_interrupted() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able());
    wait(&mut net, 777);
    net.send(caller, timed(1, 1500));
    assert_eq!(net.invocation(callee).details, InvocationDetails::default());
    assert_eq!(net.router.poll_timeout(), Some(Duration::from_millis(777 + 1500)));
    wait(&mut net, 1499);
    assert_eq!(net.take(caller), [""; 0]);
    wait(&mut net, 1);
    assert_eq!(net.take(caller), TIMED_OUT);
    let interrupt = net.interrupt(callee);
    assert_eq!(interrupt.options.mode, Some(CancelMode::KillNoWait));
    assert_eq!(interrupt.options.reason.as_deref(), Some("wamp.error.timeout"));
    assert_eq!((net.statistics().calls, net.router.poll_timeout()), (0, None));
    net.send(callee, fails(1, "wamp.error.canceled", 1));
    assert_eq!((net.take(caller).len(), net.closed(callee)), (0, None));
}

#[test]
fn a_callee_that_cannot_be_interrupted_is_not() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &Roles::new().with("callee", &[]));
    net.send(caller, timed(1, 10));
    net.take(callee);
    wait(&mut net, 10);
    assert_eq!((net.take(caller), net.take(callee).len()), (TIMED_OUT.map(String::from).into(), 0));
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), [""; 0]);
}

#[test]
fn no_timer_outlives_its_call() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able());
    let mut request = 0;
    let mut called = |net: &mut Net| {
        request += 1;
        net.send(caller, timed(request, 1000));
        assert!(net.router.poll_timeout().is_some());
        request
    };
    for ending in 0..4 {
        let number = called(&mut net);
        match ending {
            0 => net.send(callee, yields(number, 1)),
            1 => net.send(callee, fails(number, "com.example.error", 1)),
            2 => net.send(caller, cancel(number, CancelMode::Skip)),
            _ => net.send(caller, cancel(number, CancelMode::KillNoWait)),
        }
        assert_eq!(net.router.poll_timeout(), None);
    }
    // The same, if one of the two goes, or the router.
    called(&mut net);
    net.disconnect(callee);
    assert_eq!(net.router.poll_timeout(), None);
    let callee = net.join();
    net.register(callee, 1, "a");
    called(&mut net);
    net.disconnect(caller);
    assert_eq!(net.router.poll_timeout(), None);
    let caller = net.join();
    net.send(caller, timed(1, 1000));
    net.router.shutdown(net.now);
    net.drain();
    net.disconnect(caller);
    net.disconnect(callee);
    assert_eq!(net.router.poll_timeout(), None);
}

#[test]
fn a_refused_call_has_no_timer() {
    let mut net = Net::new();
    let (caller, _) = pair(&mut net, &able());
    let mut message = timed(1, 10);
    message.procedure = "none".into();
    net.send(caller, message);
    net.send(caller, timed(2, 0));
    assert_eq!(net.router.poll_timeout(), None);
}

#[test]
fn each_progressive_result_begins_the_time_anew() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able());
    let mut message = timed(1, 100);
    message.options.receive_progress = Some(true);
    net.send(caller, message);
    net.take(callee);
    for _ in 0..5 {
        wait(&mut net, 99);
        net.send(callee, progress(1));
    }
    assert_eq!(net.take(caller), ["RESULT 1"; 5]);
    wait(&mut net, 100);
    assert_eq!(net.take(caller), TIMED_OUT);
    assert_eq!(net.take(callee), ["INTERRUPT 1"]);
}

#[test]
fn progress_that_nobody_asked_for_does_not() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able());
    net.send(caller, timed(1, 100));
    wait(&mut net, 99);
    net.send(callee, progress(1));
    wait(&mut net, 1);
    assert_eq!(net.take(caller), TIMED_OUT);
}

#[test]
fn calls_end_in_the_order_of_their_deadlines() {
    let mut net = Net::new();
    let (caller, _) = pair(&mut net, &able());
    for (request, milliseconds) in [(1, 300), (2, 100), (3, 200), (4, 100), (5, u64::MAX)] {
        net.send(caller, timed(request, milliseconds));
    }
    wait(&mut net, 1000);
    let order = [2, 4, 3, 1].map(|request| format!("ERROR 48 {request} wamp.error.timeout"));
    assert_eq!(net.take(caller), order);
    assert_eq!(net.statistics().calls, 1);
}

#[test]
fn a_callee_that_wants_to_keeps_the_timeout_itself() {
    let forwarding =
        |request| registers(request, "a", |options| options.forward_timeout = Some(true));
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join_as(&able())];
    net.registered(callee, forwarding(1));
    net.send(caller, timed(1, 100));
    assert_eq!(net.invocation(callee).details.timeout, Some(100));
    // The dealer leaves it time to answer by itself.
    wait(&mut net, 1000);
    net.send(callee, fails(1, "wamp.error.timeout", 1));
    assert_eq!(net.take(caller), TIMED_OUT);
    // But not for ever.
    net.send(caller, timed(2, 100));
    net.take(callee);
    wait(&mut net, 100 + 4999);
    assert_eq!(net.take(caller), [""; 0]);
    wait(&mut net, 1);
    assert_eq!(net.take(caller), ["ERROR 48 2 wamp.error.timeout"]);
    assert_eq!(net.take(callee), ["INTERRUPT 2"]);

    // Who cannot keep it is not told.
    let simple = net.join_as(&without(&["call_timeout"]));
    net.send(callee, unregister(2, 1));
    net.registered(simple, forwarding(1));
    net.send(caller, timed(3, 100));
    assert_eq!(net.invocation(simple).details.timeout, None);
    wait(&mut net, 100);
    assert_eq!(net.take(caller), ["ERROR 48 3 wamp.error.timeout"]);
}

#[test]
fn a_killed_call_still_times_out() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able());
    net.send(caller, timed(1, 100));
    net.send(caller, cancel(1, CancelMode::Kill));
    wait(&mut net, 100);
    assert_eq!(net.take(caller), TIMED_OUT);
    // It was told before.
    assert_eq!(net.take(callee), ["INVOCATION 1 1", "INTERRUPT 1"]);
}

#[test]
fn the_timer_does_not_hit_a_later_session_of_the_connection() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able());
    net.send(caller, timed(1, 100));
    net.send(caller, goodbye("wamp.close.close_realm"));
    net.send(caller, hello("realm1"));
    net.send(caller, call(1, "a", 1));
    net.take(caller);
    wait(&mut net, 5000);
    assert_eq!(net.take(caller), [""; 0]);
    net.send(callee, yields(2, 1));
    assert_eq!(net.take(caller), ["RESULT 1"]);
}
