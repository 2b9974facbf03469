//! `concurrency`: how many calls a callee takes at the same time.

use std::time::Duration;

use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::InvocationPolicy::{First, Last, Random, RoundRobin, Single};
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

const BUSY: &str = "crossbar.error.max_concurrency_reached";

fn limited(request: u64, invoke: InvocationPolicy, concurrency: u64) -> Register {
    registers(request, "a", |options| {
        options.invoke = Some(invoke);
        options.concurrency = Some(concurrency);
    })
}

fn refused(request: u64) -> [String; 1] {
    [format!("ERROR 48 {request} {BUSY}")]
}

/// A caller, and a callee of these features that takes one call of "a".
fn one(net: &mut Net, roles: &Roles) -> (ConnectionId, ConnectionId) {
    let callee = net.join_as(roles);
    net.registered(callee, limited(1, Single, 1));
    (net.join(), callee)
}

#[test]
fn a_busy_callee_gets_no_more_calls_until_it_has_answered() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    net.registered(callee, limited(1, Single, 2));
    for request in 1..=3 {
        net.send(caller, call(request, "a", 1));
    }
    assert_eq!(net.take(callee), ["INVOCATION 1 1", "INVOCATION 2 1"]);
    assert_eq!(net.take(caller), refused(3));
    // A result and an error make room.
    net.send(callee, fails(2, "com.example.error", 1));
    net.send(callee, yields(1, 1));
    net.take(caller);
    for request in 4..=6 {
        net.send(caller, call(request, "a", 1));
    }
    assert_eq!(net.take(callee), ["INVOCATION 3 1", "INVOCATION 4 1"]);
    assert_eq!(net.take(caller), refused(6));
}

#[test]
fn progress_does_not_make_room() {
    let mut net = Net::new();
    let (caller, callee) = one(&mut net, &able());
    net.send(caller, calls(1, "a", |options| options.receive_progress = Some(true)));
    net.send(callee, progress(1));
    net.take(caller);
    net.send(caller, call(2, "a", 1));
    assert_eq!(net.take(caller), refused(2));
}

#[test]
fn others_take_over_from_busy_ones() {
    for (invoke, order) in
        [(First, [0, 1, 2]), (Last, [2, 1, 0]), (RoundRobin, [0, 1, 2]), (Random, [9; 3])]
    {
        let mut net = Net::new();
        let callees = [net.join(), net.join(), net.join()];
        for callee in callees {
            net.registered(callee, limited(1, invoke, 1));
        }
        let caller = net.join();
        let mut seen = Vec::new();
        for request in 1..=3 {
            net.send(caller, call(request, "a", 1));
            seen.push(callees.iter().position(|id| !net.take(*id).is_empty()).unwrap());
        }
        if invoke == Random {
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2]);
        } else {
            assert_eq!(seen, order, "{invoke:?}");
        }
        net.send(caller, call(4, "a", 1));
        assert_eq!(net.take(caller), refused(4));
        // The one that is free gets it, whosever turn it is.
        net.send(callees[1], yields(1, 1));
        net.send(caller, call(5, "a", 1));
        assert_eq!(net.take(callees[1]), ["INVOCATION 2 1"]);
    }
}

#[test]
fn each_callee_has_a_limit_of_its_own() {
    let mut net = Net::new();
    let [caller, small, unlimited] = [net.join(), net.join(), net.join()];
    net.registered(small, limited(1, First, 1));
    net.registered(unlimited, shares(1, "a", First));
    for request in 1..=5 {
        net.send(caller, call(request, "a", 1));
    }
    assert_eq!((net.take(small).len(), net.take(unlimited).len()), (1, 4));
}

#[test]
fn a_callee_that_was_told_to_stop_has_room_at_once() {
    let mut net = Net::new();
    let (caller, callee) = one(&mut net, &able());
    net.send(caller, call(1, "a", 1));
    net.send(caller, cancel(1, CancelMode::KillNoWait));
    net.send(caller, calls(2, "a", |options| options.timeout = Some(10)));
    net.advance(Duration::from_millis(10));
    net.send(caller, call(3, "a", 1));
    net.disconnect(caller);
    let other = net.join();
    net.send(other, call(1, "a", 1));
    assert_eq!(
        net.take(callee),
        [
            "INVOCATION 1 1",
            "INTERRUPT 1",
            "INVOCATION 2 1",
            "INTERRUPT 2",
            "INVOCATION 3 1",
            "INTERRUPT 3",
            "INVOCATION 4 1",
        ]
    );
    // Answers to what is over make no second room.
    for invocation in 1..=3 {
        net.send(callee, fails(invocation, "wamp.error.canceled", 1));
    }
    net.send(other, call(2, "a", 1));
    assert_eq!(net.take(other), refused(2));
}

#[test]
fn a_callee_that_goes_on_has_room_when_it_answers() {
    let mut net = Net::new();
    // It cannot be told to stop.
    let (caller, callee) = one(&mut net, &Roles::new().with("callee", &[]));
    for invocation in 1..=3 {
        let caller = net.join();
        match invocation {
            1 => {
                net.send(caller, call(1, "a", 1));
                net.send(caller, cancel(1, CancelMode::Kill));
            }
            2 => {
                net.send(caller, calls(1, "a", |options| options.timeout = Some(10)));
                net.advance(Duration::from_millis(10));
            }
            _ => {
                net.send(caller, call(1, "a", 1));
                net.disconnect(caller);
            }
        }
        assert_eq!(net.take(callee), [format!("INVOCATION {invocation} 1")]);
        assert_eq!(net.statistics().calls, 0);
        // It still works.
        net.send(caller, call(1, "a", 1));
        let other = net.join();
        net.send(other, call(1, "a", 1));
        assert_eq!(net.take(other), refused(1));
        net.send(callee, progress(invocation));
        net.send(other, call(2, "a", 1));
        assert_eq!(net.take(other), refused(2));
        net.send(callee, yields(invocation, 1));
    }
    let (last, _) = (net.join(), caller);
    net.send(last, call(1, "a", 1));
    assert_eq!(net.take(callee), ["INVOCATION 4 1"]);
}

#[test]
fn what_cannot_be_delivered_makes_room() {
    let mut net = Net::new();
    let (caller, callee) = one(&mut net, &able());
    net.send(caller, call(1, "a", 1));
    let invocation = net.take_one(callee);
    let error = wampwerk::ApplicationError::new("wamp.error.payload_size_exceeded");
    net.router.handle_undeliverable(net.now, callee, &invocation, &error);
    net.drain();
    net.send(caller, call(2, "a", 1));
    assert_eq!(net.take(callee), ["INVOCATION 2 1"]);
}

#[test]
fn calls_from_before_do_not_count_when_a_callee_comes_again() {
    let mut net = Net::new();
    let [caller, callee, other] = [net.join(), net.join(), net.join()];
    net.registered(callee, limited(1, First, 1));
    net.registered(other, limited(1, First, 1));
    net.send(caller, call(1, "a", 1));
    net.send(caller, call(2, "a", 1));
    net.send(callee, unregister(2, 1));
    net.send(callee, limited(3, First, 1));
    net.send(caller, call(3, "a", 1));
    assert_eq!(
        net.take(callee),
        ["INVOCATION 1 1", "UNREGISTERED 2", "REGISTERED 3 1", "INVOCATION 2 1"]
    );
    // The old answer is no room in the new count.
    net.send(callee, yields(1, 1));
    net.take(caller);
    net.send(caller, call(4, "a", 1));
    assert_eq!(net.take(caller), refused(4));
}
