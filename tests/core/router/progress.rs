//! Progressive call results: who may send them, and that they arrive at once and in order.

use std::time::Duration;

use wampwerk::ApplicationError;
use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

/// A call with `receive_progress`, and what the callee of these roles gets.
fn asked(net: &mut Net, roles: &Roles) -> (ConnectionId, ConnectionId, Invocation) {
    let [caller, callee] = [net.join(), net.join_as(roles)];
    net.register(callee, 1, "a");
    net.send(caller, calls(1, "a", |options| options.receive_progress = Some(true)));
    let invocation = net.invocation(callee);
    (caller, callee, invocation)
}

#[test]
fn results_arrive_as_they_come_and_the_last_one_ends_the_call() {
    let mut net = Net::new();
    let (caller, callee, invocation) = asked(&mut net, &able());
    assert_eq!(invocation.details.receive_progress, Some(true));
    for part in 0..3 {
        let mut message = progress(1);
        message.payload = payload(part);
        net.send(callee, message);
        let result = net.result(caller);
        assert_eq!((result.request, result.details.progress), (1, Some(true)));
        assert!(same(&result.payload, &payload(part)));
        assert_eq!(net.statistics().calls, 1);
    }
    net.send(callee, yields(1, "end"));
    let result = net.result(caller);
    assert_eq!(result.details, ResultDetails::default());
    assert!(same(&result.payload, &payload("end")));
    assert_eq!(net.statistics().calls, 0);
    // What comes behind the end is late.
    net.send(callee, progress(1));
    assert_eq!((net.take(caller).len(), net.closed(callee)), (0, None));
}

#[test]
fn an_error_ends_it_as_well() {
    let mut net = Net::new();
    let (caller, callee, _) = asked(&mut net, &able());
    net.send(callee, progress(1));
    net.send(callee, fails(1, "com.example.error", 1));
    assert_eq!(net.take(caller), ["RESULT 1", "ERROR 48 1 com.example.error"]);
}

#[test]
fn a_callee_is_asked_only_if_it_can() {
    // One that announces no features at all is asked, as by Crossbar.
    let (_, _, invocation) = asked(&mut Net::new(), &Roles::new().with("callee", &[]));
    assert_eq!(invocation.details.receive_progress, Some(true));
    for roles in [without(&["progressive_call_results"]), Roles::new().with("callee", &["other"])] {
        let mut net = Net::new();
        let (caller, callee, invocation) = asked(&mut net, &roles);
        assert_eq!(invocation.details.receive_progress, None);
        // The caller did not ask for it: it is dropped, and the end still counts.
        net.send(callee, progress(1));
        assert_eq!(net.take(caller), [""; 0]);
        net.send(callee, yields(1, 1));
        assert_eq!(net.take(caller), ["RESULT 1"]);
    }
}

/// Autobahn|JS is one: it announces progressive results without call canceling.
fn unstoppable() -> Roles {
    without(&["call_canceling", "progressive_call_invocations"])
}

#[test]
fn a_callee_is_asked_even_if_it_cannot_be_stopped() {
    let mut net = Net::new();
    let (caller, callee, invocation) = asked(&mut net, &unstoppable());
    assert_eq!(invocation.details.receive_progress, Some(true));
    net.send(callee, progress(1));
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), ["RESULT 1", "RESULT 1"]);
}

/// It goes on for days after its caller has left, has given up or has waited long enough: it hears
/// nothing of that, its messages reach no session, and nothing is kept of the call.
#[test]
fn endless_results_for_nobody_are_dropped() {
    type Ending = fn(&mut Net, ConnectionId);
    let endings: [(&str, Ending); 5] = [
        ("it is gone", |net, caller| net.disconnect(caller)),
        ("GOODBYE", |net, caller| net.send(caller, goodbye("wamp.close.goodbye_and_out"))),
        ("kill", |net, caller| net.send(caller, cancel(1, CancelMode::Kill))),
        ("skip", |net, caller| net.send(caller, cancel(1, CancelMode::Skip))),
        ("timeout", |net, _| net.advance(Duration::from_secs(5))),
    ];
    for (name, end) in endings {
        let mut net = Net::new();
        let [caller, callee] = [net.join(), net.join_as(&unstoppable())];
        net.register(callee, 1, "a");
        net.send(
            caller,
            calls(1, "a", |options| {
                options.receive_progress = Some(true);
                options.timeout = Some(5000);
            }),
        );
        assert_eq!(net.invocation(callee).details.receive_progress, Some(true));
        net.send(callee, progress(1));
        assert_eq!(net.take(caller), ["RESULT 1"]);
        end(&mut net, caller);
        net.take(caller);
        assert_eq!(net.statistics().calls, 0, "{name}");
        // The router waits only for the next HELLO.
        let mut size = None;
        for hour in 0..1000 {
            net.send(callee, progress(1));
            net.advance(Duration::from_secs(3600));
            assert_eq!(net.router.poll_timeout(), None, "{name}");
            // All that the router has is in what it shows of itself.
            let held = format!("{:?}", net.router).len();
            assert!(*size.get_or_insert(held) == held || hour == 0, "{name}: {held} in {hour} h");
        }
        assert_eq!((net.take(callee), net.take(caller)), (vec![], vec![]), "{name}");
        // Its last word is late, and the callee is as good as any.
        net.send(callee, yields(1, 1));
        let other = net.join();
        net.send(other, call(1, "a", 1));
        net.send(callee, yields(2, 1));
        assert_eq!(net.take(other), ["RESULT 1"], "{name}");
    }
}

#[test]
fn progress_that_the_caller_did_not_ask_for_is_dropped() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join_as(&able())];
    net.register(callee, 1, "a");
    net.send(caller, call(1, "a", 1));
    assert_eq!(net.invocation(callee).details.receive_progress, None);
    net.send(callee, progress(1));
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(caller), ["RESULT 1"]);
}

#[test]
fn a_progressive_result_that_cannot_be_delivered_ends_the_call() {
    let mut net = Net::new();
    let (caller, callee, _) = asked(&mut net, &able());
    let error = ApplicationError::new("wamp.error.payload_size_exceeded").arg("too long");
    net.send(callee, progress(1));
    net.send(callee, progress(1));
    let [first, second] = net.take_messages(caller).try_into().unwrap();
    net.router.handle_undeliverable(net.now, caller, &first, &error);
    // The call is over: the second one is reported to no session.
    net.router.handle_undeliverable(net.now, caller, &second, &error);
    net.drain();
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.payload_size_exceeded"]);
    let interrupt = net.interrupt(callee);
    assert_eq!((interrupt.request, interrupt.options.mode), (1, Some(CancelMode::KillNoWait)));
    net.send(callee, yields(1, 1));
    assert_eq!((net.take(caller).len(), net.statistics().calls), (0, 0));
}
