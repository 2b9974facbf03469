//! Shared registrations: who of several callees takes a call, who may join, and taking over.

use std::collections::BTreeSet;

use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::InvocationPolicy::{First, Last, Random, RoundRobin, Single};
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

/// A caller, and three callees that share the procedure "a".
fn shared(net: &mut Net, invoke: InvocationPolicy) -> (ConnectionId, [ConnectionId; 3]) {
    let callees = [net.join(), net.join(), net.join()];
    let ids = callees.map(|callee| net.registered(callee, shares(1, "a", invoke)));
    assert_eq!(ids, [ids[0]; 3], "one registration for all");
    assert_eq!(net.statistics().registrations, 1);
    (net.join(), callees)
}

/// Calls "a" and says who got it.
fn who(net: &mut Net, caller: ConnectionId, request: u64, callees: &[ConnectionId]) -> usize {
    net.send(caller, call(request, "a", 1));
    let got: Vec<_> =
        (0..callees.len()).filter(|index| !net.take(callees[*index]).is_empty()).collect();
    assert_eq!(got.len(), 1, "one of them gets it");
    got[0]
}

#[test]
fn round_robin_goes_around_and_stays_fair_when_somebody_leaves() {
    let mut net = Net::new();
    let (caller, callees) = shared(&mut net, RoundRobin);
    let order: Vec<_> = (1..=7).map(|n| who(&mut net, caller, n, &callees)).collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0]);
    // It is 1's turn, and stays so when 0 goes; then 2, and then a new one, which is last.
    net.disconnect(callees[0]);
    assert_eq!(who(&mut net, caller, 8, &callees), 1);
    let new = net.join();
    net.registered(new, shares(1, "a", RoundRobin));
    let all = [callees[0], callees[1], callees[2], new];
    let order: Vec<_> = (9..=12).map(|n| who(&mut net, caller, n, &all)).collect();
    assert_eq!(order, [2, 3, 1, 2]);
}

#[test]
fn round_robin_stays_fair_when_several_leave_at_once() {
    // Two callees before the one whose turn it is go, one before and one behind, or two behind.
    for (going, expected) in [([0, 1], 3), ([1, 4], 3), ([3, 4], 5), ([0, 5], 3)] {
        let mut net = Net::new();
        let caller = net.join();
        let callees: Vec<_> = (0..6).map(|_| net.join()).collect();
        for &callee in &callees {
            net.registered(callee, shares(1, "a", RoundRobin));
        }
        let order: Vec<_> = (1..=3).map(|n| who(&mut net, caller, n, &callees)).collect();
        assert_eq!(order, [0, 1, 2]);
        net.router.dismiss(net.now, &going.map(|index| callees[index]));
        net.drain();
        for index in going {
            net.take(callees[index]);
        }
        assert_eq!(who(&mut net, caller, 4, &callees), expected);
        assert_eq!(net.statistics().registrations, 1);
        net.router.dismiss(net.now, &callees);
        assert_eq!(net.statistics().registrations, 0);
    }
}

#[test]
fn first_and_last() {
    for (invoke, order) in [(First, [0, 1, 2]), (Last, [2, 1, 0])] {
        let mut net = Net::new();
        let (caller, callees) = shared(&mut net, invoke);
        let mut request = 0;
        for expected in order {
            for _ in 0..2 {
                request += 1;
                assert_eq!(who(&mut net, caller, request, &callees), expected);
            }
            // The next one stands by.
            net.send(callees[expected], unregister(2, 1));
            net.take(callees[expected]);
            net.take(caller);
        }
        net.send(caller, call(request + 1, "a", 1));
        let refused = format!("ERROR 48 {} wamp.error.no_such_procedure", request + 1);
        assert_eq!(net.take(caller), [refused]);
    }
}

#[test]
fn random_reaches_everybody() {
    let mut net = Net::new();
    let (caller, callees) = shared(&mut net, Random);
    let got: BTreeSet<_> = (1..=60).map(|n| who(&mut net, caller, n, &callees)).collect();
    assert_eq!(got, BTreeSet::from([0, 1, 2]));
}

#[test]
fn the_registration_goes_with_the_last_callee() {
    let mut net = Net::new();
    let (_, callees) = shared(&mut net, RoundRobin);
    net.disconnect(callees[1]);
    net.send(callees[0], unregister(2, 1));
    assert_eq!(net.take(callees[0]), ["UNREGISTERED 2"]);
    assert_eq!(net.statistics().registrations, 1);
    // It is not theirs any more.
    net.send(callees[0], unregister(3, 1));
    assert_eq!(net.take(callees[0]), ["ERROR 66 3 wamp.error.no_such_registration"]);
    net.send(callees[2], goodbye("wamp.close.close_realm"));
    assert_eq!(net.statistics().registrations, 0);
    // The next one begins anew, with a policy of its own.
    let id = net.registered(callees[0], shares(4, "a", Single));
    assert_eq!(id, 2);
}

#[test]
fn who_may_not_join() {
    for (first, second, refusal) in [
        (Single, Single, "wamp.error.procedure_already_exists"),
        (Single, RoundRobin, "wamp.error.procedure_already_exists"),
        (RoundRobin, Single, "wamp.error.procedure_exists_with_different_invocation_policy"),
        (First, Last, "wamp.error.procedure_exists_with_different_invocation_policy"),
    ] {
        let mut net = Net::new();
        let [a, b] = [net.join(), net.join()];
        net.registered(a, shares(1, "a", first));
        net.send(b, shares(1, "a", second));
        assert_eq!(net.take(b), [format!("ERROR 64 1 {refusal}")]);
        // Nothing of it is left.
        net.disconnect(a);
        assert_eq!(net.statistics().registrations, 0);
    }
    // A session is in a registration only once: clients reject a second REGISTERED with the same
    // id.
    let mut net = Net::new();
    let a = net.join();
    net.registered(a, shares(1, "a", Random));
    net.send(a, shares(2, "a", Random));
    assert_eq!(net.take(a), ["ERROR 64 2 wamp.error.procedure_already_exists"]);
}

fn forced(request: u64) -> Register {
    registers(request, "a", |options| options.force_reregister = Some(true))
}

#[test]
fn a_procedure_is_taken_over_from_callees_that_allow_it() {
    let mut net = Net::new();
    let [old, new, caller] = [net.join_as(&able()), net.join_as(&able()), net.join()];
    let first = net.registered(old, forced(1));
    net.send(caller, call(1, "a", 1));
    net.take(old);
    let second = net.registered(new, forced(1));
    assert_ne!(first, second);
    let Message::Unregistered(revoked) = net.take_one(old) else { panic!() };
    let details = revoked.details.unwrap();
    assert_eq!((revoked.request, details.registration), (0, Some(first)));
    assert_eq!(details.reason.as_deref(), Some("wamp.error.unregistered"));
    // What it has begun it may end; what comes next is not for it.
    net.send(old, yields(1, 1));
    net.send(caller, call(2, "a", 1));
    assert_eq!(net.take(caller), ["RESULT 1"]);
    assert_eq!((net.take(old).len(), net.take(new).len()), (0, 1));
    // It has nothing left to unregister, and may take it over again.
    net.send(old, unregister(2, first));
    assert_eq!(net.take(old), ["ERROR 66 2 wamp.error.no_such_registration"]);
    net.registered(old, forced(3));
    assert_eq!(net.statistics().registrations, 1);
}

#[test]
fn nobody_is_told_who_would_not_understand() {
    let mut net = Net::new();
    let [old, new] = [net.join_as(&without(&["registration_revocation"])), net.join()];
    net.registered(old, forced(1));
    net.registered(new, forced(1));
    assert_eq!(net.take(old), [""; 0]);
    net.send(new, call(2, "a", 1));
    assert_eq!(net.take(new), ["INVOCATION 1 2"]);
}

#[test]
fn a_procedure_is_not_taken_over_from_callees_that_did_not_allow_it() {
    let mut net = Net::new();
    let [old, new] = [net.join_as(&able()), net.join()];
    net.register(old, 1, "a");
    net.send(new, forced(1));
    assert_eq!(net.take(new), ["ERROR 64 1 wamp.error.procedure_already_exists"]);
    assert_eq!(net.take(old), [""; 0]);
    net.send(new, call(2, "a", 1));
    assert_eq!(net.take(old), ["INVOCATION 1 1"]);
}

#[test]
fn all_callees_go_when_a_shared_procedure_is_taken_over() {
    let mut net = Net::new();
    let [a, b, new] = [net.join_as(&able()), net.join_as(&able()), net.join()];
    let shared_forced = |request| {
        registers(request, "a", |options| {
            options.invoke = Some(RoundRobin);
            options.force_reregister = Some(true);
        })
    };
    net.registered(a, shared_forced(1));
    // It does not join, it takes over.
    net.registered(b, shared_forced(1));
    assert_eq!(net.take(a), ["UNREGISTERED 0"]);
    net.registered(new, forced(1));
    assert_eq!(net.take(b), ["UNREGISTERED 0"]);
    for (id, request) in [(a, 2), (b, 2)] {
        net.send(id, call(request, "a", 1));
    }
    assert_eq!(net.take(new).len(), 2);
    // From itself, too.
    net.registered(new, forced(2));
    assert_eq!(net.statistics().registrations, 1);
    net.disconnect(new);
    assert_eq!(net.statistics().registrations, 0);
}
