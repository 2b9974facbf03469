//! Pattern-based registration: which procedure a call goes to, and what its callee is told.

use wampwerk::Match::{self, Exact, Prefix, Wildcard};
use wampwerk::internals::core::router::RouterConfig;
use wampwerk::message::*;
use wampwerk::uri::UriRule;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

#[test]
fn what_matches_a_pattern() {
    let table: [(Match, &str, &[&str], &[&str]); 7] = [
        (
            Prefix,
            "com.myapp.topic.emergency",
            &[
                "com.myapp.topic.emergency.11",
                "com.myapp.topic.emergency-low",
                "com.myapp.topic.emergency.category.severe",
                "com.myapp.topic.emergency",
            ],
            &["com.myapp.topic.emerge"],
        ),
        (
            Prefix,
            "com.myapp.myobject1",
            &["com.myapp.myobject1.myprocedure1", "com.myapp.myobject1-mysubobject1"],
            &["com.myapp.myobject2", "com.myapp.myobject"],
        ),
        (Prefix, "", &["com.myapp", "x"], &[]),
        (
            Wildcard,
            "com.myapp..userevent",
            &["com.myapp.foo.userevent", "com.myapp.a12.userevent"],
            &["com.myapp.foo.userevent.bar", "com.myapp.foo.user", "com.myapp2.foo.userevent"],
        ),
        (
            Wildcard,
            "com.myapp..myprocedure1",
            &["com.myapp.myobject1.myprocedure1"],
            &["com.myapp.myobject1.mysubprocedure1.myprocedure1", "com.myapp.myobject1.other"],
        ),
        (Wildcard, ".", &["a.b"], &["a", "a.b.c"]),
        (Wildcard, "com.myapp.", &["com.myapp.x"], &["com.myapp", "com.myapp.x.y"]),
    ];
    for (policy, pattern, matching, others) in table {
        let mut net = Net::new();
        let [caller, callee] = [net.join(), net.join()];
        net.registered(callee, registers_as(1, pattern, policy));
        let mut request = 0;
        for uri in matching {
            request += 1;
            net.send(caller, call(request, uri, 1));
            // It is told what was called.
            assert_eq!(net.invocation(callee).details.procedure.as_deref(), Some(*uri));
        }
        for uri in others {
            request += 1;
            net.send(caller, call(request, uri, 1));
            assert_eq!(
                net.take(caller),
                [format!("ERROR 48 {request} wamp.error.no_such_procedure")],
                "{pattern:?} {uri:?}"
            );
        }
    }
}

#[test]
fn a_call_goes_to_the_best_of_several() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    for (request, (pattern, policy)) in (1..).zip([
        ("a1.b2.c3.d4.e55", Exact),
        ("a1.b2.c3", Prefix),
        ("a1.b2.c3.d4", Prefix),
        ("a1.b2..d4.e5", Wildcard),
        ("a1.b2.c33..e5", Wildcard),
        ("a1.b2..d4.e5..g7", Wildcard),
        ("a1.b2..d4..f6.g7", Wildcard),
    ]) {
        assert_eq!(net.registered(callee, registers_as(request, pattern, policy)), request);
    }
    let mut request = 0;
    for (uri, registration) in [
        ("a1.b2.c3.d4.e55", Some(1)),
        ("a1.b2.c3.d98.e74", Some(2)),
        ("a1.b2.c3.d4.e325", Some(3)),
        ("a1.b2.c55.d4.e5", Some(4)),
        ("a1.b2.c88.d4.e5.f6.g7", Some(6)),
        ("a2.b2.c2.d2.e2", None),
        // The specification's example says 5; but a prefix is one of the text, not of components.
        ("a1.b2.c33.d4.e5", Some(2)),
    ] {
        request += 1;
        net.send(caller, call(request, uri, 1));
        let taken = net.take_messages(callee);
        let went_to = taken.iter().map(|message| match message {
            Message::Invocation(invocation) => invocation.registration,
            other => panic!("{}", show(other)),
        });
        assert_eq!(went_to.collect::<Vec<_>>(), Vec::from_iter(registration), "{uri}");
    }
    net.send(callee, unregister(8, 2));
    net.take(callee);
    net.send(caller, call(8, "a1.b2.c33.d4.e5", 1));
    assert_eq!(net.invocation(callee).registration, 5);
}

#[test]
fn exact_registrations_are_not_told_the_procedure() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    net.registered(callee, registers_as(1, "a.b", Exact));
    net.send(caller, call(1, "a.b", 1));
    assert_eq!(net.invocation(callee).details, InvocationDetails::default());
}

#[test]
fn one_name_may_be_registered_once_for_each_policy() {
    let mut net = Net::new();
    let [a, b] = [net.join(), net.join()];
    let [exact, prefix, wildcard] = [(1, Exact), (2, Prefix), (3, Wildcard)]
        .map(|(request, policy)| net.registered(a, registers_as(request, "com.example", policy)));
    assert!(exact != prefix && prefix != wildcard && exact != wildcard);
    for (request, policy) in [(1, Exact), (2, Prefix), (3, Wildcard)] {
        net.send(b, registers_as(request, "com.example", policy));
        let refused = format!("ERROR 64 {request} wamp.error.procedure_already_exists");
        assert_eq!(net.take(b), [refused]);
    }
    assert_eq!(net.statistics().registrations, 3);
    net.send(b, call(4, "com.example", 1));
    assert_eq!(net.invocation(a).registration, exact);
    net.send(a, unregister(4, exact));
    net.take(a);
    net.send(b, call(5, "com.example", 1));
    assert_eq!(net.invocation(a).registration, prefix);
    net.disconnect(a);
    assert_eq!(net.statistics().registrations, 0);
}

#[test]
fn patterns_that_are_none() {
    let long = "a.".repeat(128) + "a";
    let longer = "a".repeat(4097);
    let mut net = Net::new();
    let a = net.join();
    let mut request = 0;
    for (pattern, policy) in [
        ("com..a", Exact),
        ("com..a", Prefix),
        ("com a", Prefix),
        ("com.#.", Wildcard),
        ("wamp", Prefix),
        ("wamp.", Prefix),
        ("wamp.session", Prefix),
        ("wamp.", Wildcard),
        ("wamp..count", Wildcard),
        ("wamp.session.count", Exact),
        (&long, Wildcard),
        (&longer, Exact),
        (&longer, Prefix),
        (&longer, Wildcard),
    ] {
        request += 1;
        net.send(a, registers_as(request, pattern, policy));
        let refused = format!("ERROR 64 {request} wamp.error.invalid_uri");
        assert_eq!(net.take(a), [refused], "{pattern:?}");
    }
    assert_eq!(net.statistics().registrations, 0);
    // What is as long as may be, and what only begins like a name of the protocol.
    for (pattern, policy) in
        [(&long[2..], Wildcard), (&long[..], Exact), (&longer[1..], Exact), ("wampum.", Prefix)]
    {
        request += 1;
        net.registered(a, registers_as(request, pattern, policy));
    }
    net.send(a, call(request + 1, &longer, 1));
    assert_eq!(net.take(a), [format!("ERROR 48 {} wamp.error.invalid_uri", request + 1)]);
}

#[test]
fn the_limit_of_names_can_be_set() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.limits.uri_length = 5;
    let mut net = Net::with(config);
    let a = net.join();
    net.register(a, 1, "abcde");
    net.send(a, register(2, "abcdef"));
    net.send(a, call(3, "abcdef", 1));
    assert_eq!(
        net.take(a),
        ["ERROR 64 2 wamp.error.invalid_uri", "ERROR 48 3 wamp.error.invalid_uri"]
    );
}

#[test]
fn strict_names_hold_for_patterns() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.uri_rule = UriRule::Strict;
    let mut net = Net::with(config);
    let a = net.join();
    net.send(a, registers_as(1, "com.Example.", Prefix));
    assert_eq!(net.take(a), ["ERROR 64 1 wamp.error.invalid_uri"]);
    net.registered(a, registers_as(2, "com..example", Wildcard));
}

#[test]
fn no_pattern_gets_calls_of_the_protocols_own_names() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    for (request, (pattern, policy)) in
        (1..).zip([("", Prefix), ("wam", Prefix), ("..", Wildcard), (".example.", Wildcard)])
    {
        net.registered(callee, registers_as(request, pattern, policy));
    }
    net.send(caller, call(1, "wamp.example.none", 1));
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.no_such_procedure"]);
    assert_eq!(net.take(callee), [""; 0]);
    net.send(caller, call(2, "wampum.example.none", 1));
    assert_eq!(net.take(callee), ["INVOCATION 1 2"]);
}
