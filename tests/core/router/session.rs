//! How sessions begin and end on the router's side: HELLO, GOODBYE, ABORT, deadlines, shutdown.

use std::time::Duration;

// In the browser the same tests run under its own runner.
use wampwerk::internals::MAX_ID;
use wampwerk::internals::core::router::{CloseCause, RouterConfig};
use wampwerk::message::*;
use wampwerk::uri::UriRule;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

#[test]
fn welcome_says_who_the_client_and_the_router_are() {
    let mut net = Net::new();
    let a = net.connect();
    net.send(a, hello("realm1"));
    let Message::Welcome(welcome) = net.take_one(a) else { panic!() };
    assert!((1..=MAX_ID).contains(&welcome.session));
    let details = welcome.details.into_fields();
    assert_eq!(details.realm.unwrap(), "realm1");
    let roles = details.roles.unwrap();
    assert!(roles.has("broker"));
    for feature in [
        "call_canceling",
        "call_timeout",
        "caller_identification",
        "pattern_based_registration",
        "payload_passthru_mode",
        "progressive_call_invocations",
        "progressive_call_results",
        "registration_revocation",
        "shared_registration",
    ] {
        assert!(roles.supports("dealer", feature), "{feature}");
    }
    assert!(!roles.supports("dealer", "sharded_registration"));
    assert!(details.agent.unwrap().starts_with("wampwerk/"));
    assert!(!details.authid.unwrap().is_empty());
    assert_eq!(details.authrole.unwrap(), "anonymous");
    assert_eq!(details.authmethod.unwrap(), "anonymous");
    assert_eq!(details.authprovider.unwrap(), "static");
    assert_eq!(net.statistics().sessions, 1);
}

#[test]
fn refused_hello_names_the_reason_and_may_be_said_again() {
    let mut net = Net::new();
    let a = net.connect();
    for (realm, authmethods, reason) in [
        ("nowhere", None, "wamp.error.no_such_realm"),
        ("not a realm", None, "wamp.error.invalid_uri"),
        ("", None, "wamp.error.invalid_uri"),
        ("realm1", Some(vec!["ticket".to_owned()]), "wamp.error.no_matching_auth_method"),
    ] {
        let mut message = hello(realm);
        message.details.authmethods = authmethods;
        net.send(a, message);
        assert_eq!(net.take(a), [format!("ABORT {reason}")]);
        assert_eq!(net.closed(a), None);
    }
    let mut message = hello("realm1");
    message.details.authmethods = Some(vec!["ticket".to_owned(), "anonymous".to_owned()]);
    net.send(a, message);
    assert_eq!(net.take(a), ["WELCOME"]);
}

#[test]
fn strict_rule_holds_for_realms_too() {
    let mut config = RouterConfig::new(7).realm("Realm-1");
    config.uri_rule = UriRule::Strict;
    let mut net = Net::with(config);
    let a = net.connect();
    net.send(a, hello("Realm-1"));
    assert_eq!(net.take(a), ["ABORT wamp.error.invalid_uri"]);
}

#[test]
fn goodbye_is_answered_and_another_session_may_follow() {
    let mut net = Net::new();
    let a = net.join();
    net.subscribe(a, 1, "com.example.topic");
    net.send(a, goodbye("wamp.close.close_realm"));
    assert_eq!(net.take(a), ["GOODBYE wamp.close.goodbye_and_out"]);
    let left = net.statistics();
    assert_eq!((left.connections, left.sessions, left.subscriptions), (1, 0, 0));

    net.send(a, hello("realm1"));
    assert_eq!(net.take(a), ["WELCOME"]);
    // Request ids begin anew.
    net.subscribe(a, 1, "com.example.topic");
}

#[test]
fn abort_ends_the_session_without_an_answer() {
    let mut net = Net::new();
    let a = net.join();
    net.register(a, 1, "com.example.add");
    let details = ClosingDetails::default();
    let abort = Abort { details, reason: "com.example.tired".into(), payload: Payload::empty() };
    net.send(a, abort.clone());
    net.send(a, abort);
    assert_eq!(net.take(a), [""; 0]);
    let left = net.statistics();
    assert_eq!((left.connections, left.sessions, left.registrations), (1, 0, 0));
}

#[test]
fn who_does_not_say_hello_is_thrown_out() {
    let mut net = Net::new();
    let a = net.connect();
    let b = net.join();
    assert_eq!(net.router.poll_timeout(), Some(Duration::from_secs(10)));
    net.advance(Duration::from_millis(9_999));
    assert_eq!(net.closed(a), None);
    net.advance(Duration::from_millis(1));
    assert_eq!(net.take(a), ["ABORT wamp.error.timeout"]);
    assert_eq!(net.closed(a), Some(CloseCause::NoHello));
    assert_eq!(net.router.poll_timeout(), None);

    // After GOODBYE the same time runs, but there is nothing to say.
    net.send(b, goodbye("wamp.close.close_realm"));
    net.take(b);
    net.advance(Duration::from_secs(10));
    assert_eq!(net.take(b), [""; 0]);
    assert_eq!(net.closed(b), Some(CloseCause::NoHello));
    assert_eq!(net.statistics(), Default::default());
}

#[test]
fn refused_hello_does_not_win_time() {
    let mut net = Net::new();
    let a = net.connect();
    net.advance(Duration::from_secs(9));
    net.send(a, hello("nowhere"));
    net.advance(Duration::from_secs(1));
    assert_eq!(net.closed(a), Some(CloseCause::NoHello));
}

#[test]
fn shutdown_says_goodbye_to_all_and_waits_for_the_answer() {
    let mut net = Net::new();
    let [answers, silent, leaves] = [net.join(), net.join(), net.join()];
    let idle = net.connect();
    net.register(answers, 1, "com.example.add");
    net.send(silent, call(1, "com.example.add", 1));
    net.take(answers);

    net.router.shutdown(net.now);
    net.drain();
    assert_eq!(net.closed(idle), Some(CloseCause::Shutdown));
    for id in [answers, silent, leaves] {
        // No ERROR for the call: its caller goes, too.
        assert_eq!(net.take(id), ["GOODBYE wamp.close.system_shutdown"]);
        assert_eq!(net.closed(id), None);
    }
    // What was on the way is ignored.
    net.send(answers, yields(1, 2));
    net.send(answers, goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(net.closed(answers), Some(CloseCause::Shutdown));
    // Its GOODBYE and ours have crossed: each is the other's answer.
    net.send(leaves, goodbye("wamp.close.close_realm"));
    assert_eq!(net.closed(leaves), Some(CloseCause::Shutdown));
    assert_eq!(net.closed(silent), None);
    net.advance(Duration::from_secs(2));
    assert_eq!(net.closed(silent), Some(CloseCause::Shutdown));

    let late = net.connect();
    assert_eq!(net.closed(late), Some(CloseCause::Shutdown));
    assert_eq!(net.statistics(), Default::default());
}

#[test]
fn realms_do_not_see_each_other() {
    let mut net = Net::with(RouterConfig::new(7).realm("realm1").realm("realm2"));
    let a = net.join();
    let b = net.connect();
    net.send(b, hello("realm2"));
    net.take(b);
    net.register(a, 1, "com.example.add");
    net.subscribe(a, 2, "com.example.topic");
    net.send(b, call(1, "com.example.add", 1));
    assert_eq!(net.take(b), ["ERROR 48 1 wamp.error.no_such_procedure"]);
    net.send(b, publish(2, "com.example.topic", 1));
    assert_eq!(net.take(a), [""; 0]);
    net.register(b, 3, "com.example.add");
}
