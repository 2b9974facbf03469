//! Some connections are ended, as those of one listener are; the others go on.

use std::time::Duration;

use wampwerk::internals::core::router::{CloseCause, RouterConfig};
use wampwerk::message::Payload;
use wampwerk::{Dict, List};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

#[test]
fn some_get_goodbye_and_the_others_see_them_leave() {
    let mut net = Net::new();
    let [callee, caller, stays] = [net.join(), net.join(), net.join()];
    let [idle, idle_stays] = [net.connect(), net.connect()];
    net.register(callee, 1, "com.example.add");
    net.send(caller, call(1, "com.example.add", 1));
    net.send(stays, call(1, "com.example.add", 1));
    net.take(callee);

    net.router.dismiss(net.now, &[callee, idle, caller, callee]);
    net.drain();
    // The one that goes is not told that its callee goes.
    assert_eq!(net.take(callee), ["GOODBYE wamp.close.system_shutdown"]);
    assert_eq!(net.take(caller), ["GOODBYE wamp.close.system_shutdown"]);
    assert_eq!(net.take(stays), ["ERROR 48 1 wamp.error.canceled"]);
    assert_eq!(net.closed(idle), Some(CloseCause::Shutdown));
    assert_eq!(net.closed(idle_stays), None);
    let left = net.statistics();
    assert_eq!((left.connections, left.sessions, left.registrations, left.calls), (4, 1, 0, 0));

    net.send(caller, goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(net.closed(caller), Some(CloseCause::Shutdown));
    // What was on the way is ignored, and the answer is waited for as long as at the router's end.
    net.send(callee, yields(1, 2));
    assert_eq!(net.closed(callee), None);
    net.advance(Duration::from_secs(2));
    assert_eq!(net.closed(callee), Some(CloseCause::Shutdown));

    // The router goes on.
    net.register(stays, 2, "com.example.add");
    let late = net.join();
    net.send(late, call(1, "com.example.add", 1));
    assert_eq!(net.take(stays).len(), 1);
}

#[test]
fn nothing_reaches_who_goes_after_goodbye() {
    let mut net = Net::new();
    let [a, b, stays] = [net.join(), net.join(), net.join()];
    for id in [a, b, stays] {
        net.subscribe(id, 1, "com.example.topic");
    }
    net.router.dismiss(net.now, &[a, b]);
    net.drain();
    net.send(stays, publish(2, "com.example.topic", 1));
    for id in [a, b] {
        assert_eq!(net.take(id), ["GOODBYE wamp.close.system_shutdown"]);
    }
}

#[test]
fn who_has_gone_or_is_going_is_left_alone() {
    let mut net = Net::with(RouterConfig::new(7).realm("realm1"));
    let [gone, twice] = [net.join(), net.join()];
    net.router.handle_disconnect(net.now, gone);
    for _ in 0..2 {
        net.router.dismiss(net.now, &[gone, twice]);
        net.drain();
    }
    assert_eq!(net.take(twice), ["GOODBYE wamp.close.system_shutdown"]);
    assert_eq!(net.closed(gone), None);
}

/// Watching, calling each other, with a testament: whoever goes is told of none of the others, in
/// whatever order they are named.
#[test]
fn who_goes_is_not_told_of_the_others_and_who_stays_is_told_of_all() {
    for turned in [false, true] {
        let mut net = Net::new();
        let [a, b, stays] = [net.join(), net.join(), net.join()];
        for id in [a, b, stays] {
            net.subscribe(id, 1, "wamp.session.on_leave");
            net.subscribe(id, 2, "wamp.registration.on_unregister");
            net.subscribe(id, 3, "com.example.last");
        }
        let add = "wamp.session.add_testament";
        for id in [a, b] {
            net.register(id, 4, &format!("com.example.{}", u8::from(id == a)));
            net.take(stays);
            let mut last = call(5, add, "com.example.last");
            let args = vec!["com.example.last".into(), List::new().into(), Dict::new().into()];
            last.payload = Payload::from_values(args, Dict::new());
            net.send(id, last);
            assert_eq!(net.take(id), ["RESULT 5"]);
        }
        net.send(a, call(6, "com.example.0", 1));
        net.send(b, call(6, "com.example.1", 1));
        for id in [a, b, stays] {
            net.take(id);
        }
        let going = if turned { [b, a] } else { [a, b] };
        net.router.dismiss(net.now, &going);
        net.drain();
        assert_eq!(net.take(a), ["GOODBYE wamp.close.system_shutdown"]);
        assert_eq!(net.take(b), ["GOODBYE wamp.close.system_shutdown"]);
        let told = net.take(stays);
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(told.iter().all(|it| it.starts_with("EVENT")), "{told:?}");
        assert_eq!(net.statistics().calls, 0);
    }
}
