//! What all sessions of a realm hold together has a bound in bytes, and each kind of it counts.

use wampwerk::internals::core::router::{ConnectionId, Role, RouterConfig};
use wampwerk::message::*;
use wampwerk::{Dict, List, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

const LIMIT: usize = 100_000;

/// Makes the request of this id.
type Make = fn(u64) -> Message;

fn net() -> Net {
    let mut config = RouterConfig::new(7).realm("realm1").realm("realm2");
    config.limits.realm_bytes = LIMIT;
    Net::with(config)
}

/// Sends requests of several sessions until one is refused. Returns how many were accepted.
fn fill(net: &mut Net, who: &[ConnectionId], make: impl Fn(u64) -> Message) -> usize {
    for request in 1..2000 {
        let from = who[request as usize % who.len()];
        net.send(from, make(request));
        let answer = net.take_messages(from).pop();
        if let Some(Message::Error(error)) = answer {
            assert_eq!(error.error, "wamp.error.unavailable");
            let text = format!("{:?}", error.payload);
            assert!(text.contains("the limit is 100000 bytes (Limits::realm_bytes)"), "{text}");
            return request as usize - 1;
        }
    }
    panic!("no bound");
}

fn long(number: u64) -> String {
    format!("com.{}.{number}", "x".repeat(1000))
}

fn testament(request: u64, bytes: usize) -> Call {
    let args: List = vec!["com.example.t".into(), List::from(["x".repeat(bytes).into()]).into()];
    let args = args.into_iter().chain([Value::from(Dict::new())]).collect();
    let payload = Payload::from_values(args, Dict::new());
    Call { payload, ..call(request, "wamp.session.add_testament", 1) }
}

#[test]
fn row03_each_kind_counts_and_is_given_back() {
    let kinds: [(&str, Make); 4] = [
        ("subscriptions", |n| subscribe(n, &long(n)).into()),
        ("registrations", |n| register(n, &long(n)).into()),
        ("testaments", |n| testament(n, 5000).into()),
        ("calls", |n| call(n, "com.example.slow", 1).into()),
    ];
    for (name, make) in kinds {
        let mut net = net();
        let callee = net.join();
        net.register(callee, 1, "com.example.slow");
        let before = net.router.held_bytes();
        let who = [net.join(), net.join(), net.join()];
        let count = fill(&mut net, &who, make);
        assert!(count > 10, "{name}: {count}");
        assert!((LIMIT / 2..=LIMIT + 1000).contains(&net.router.held_bytes()), "{name}");
        // Another realm has its own.
        let other = net.connect();
        net.send(other, hello("realm2"));
        net.take(other);
        net.subscribe(other, 1, &long(0));
        net.disconnect(other);
        // One of them gives back what it holds, and others may use it.
        net.disconnect(who[0]);
        net.send(who[1], subscribe(5000, "com.example.t"));
        assert!(net.take(who[1]).last().unwrap().starts_with("SUBSCRIBED"), "{name}");
        net.disconnect(who[1]);
        net.disconnect(who[2]);
        assert_eq!(net.router.held_bytes(), before, "{name}");
    }
}

#[test]
fn row03_requests_that_wait_for_the_authorizer_count() {
    let mut config = RouterConfig::new(7).realm("realm1").role(Role::new("anonymous").dynamic());
    config.limits.realm_bytes = LIMIT;
    let mut net = Net::with(config);
    let who: Vec<_> = (0..40).map(|_| net.join()).collect();
    let count = fill(&mut net, &who, |n| call(n, "com.example.p", "x".repeat(5000)).into());
    assert!((15..20).contains(&count), "{count}");
    let (asked, ticket, _) = net.questions.remove(0);
    net.router.handle_authorized(net.now, asked, ticket, None);
    net.drain();
    net.disconnect(net.questions[0].0);
    let rest = fill(&mut net, &who[30..], |n| call(n, "com.example.p", "x".repeat(5000)).into());
    assert_eq!(rest, 2);
    who.into_iter().for_each(|id| net.disconnect(id));
    assert_eq!(net.router.held_bytes(), 0);
}

#[test]
fn row03_what_is_dropped_is_given_back() {
    let mut net = net();
    let id = net.join();
    let subscription = net.subscribe(id, 1, "com.example.t");
    let registration = net.register(id, 2, "com.example.p");
    net.send(id, testament(3, 500));
    net.send(id, call(4, "com.example.p", 1));
    net.send(id, call(5, "com.example.p", 1));
    net.send(id, yields(1, 1));
    net.send(id, cancel(5, CancelMode::Skip));
    net.send(id, call(6, "wamp.session.flush_testaments", Value::Null));
    net.send(id, unsubscribe(7, subscription));
    net.send(id, unregister(8, registration));
    assert_eq!(net.router.held_bytes(), 0, "{:?}", net.take(id));
}
