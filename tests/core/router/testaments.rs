//! Testaments: what a session leaves to be published when it has ended.

use wampwerk::internals::core::router::{ConnectionId, Disclosure, MetaApi, RouterConfig};
use wampwerk::message::*;
use wampwerk::{Dict, List, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::*;

fn leave_testament(net: &mut Net, who: ConnectionId, topic: &str, value: u64, scope: &str) {
    let args = vec![topic.into(), list([value]), Dict::new().with("n", value).into()];
    let scope = Dict::new().with("scope", scope);
    let answer = ask_with(net, who, "wamp.session.add_testament", args, scope);
    assert_eq!(answer, Ok(Value::Null));
}

/// The first argument of each event that a peer got.
fn values(net: &mut Net, who: ConnectionId) -> Vec<u64> {
    net.take_messages(who)
        .into_iter()
        .map(|message| match message {
            Message::Event(event) => event.payload.to_values().unwrap().0[0].as_u64().unwrap(),
            other => panic!("{}", show(&other)),
        })
        .collect()
}

#[test]
fn they_are_published_however_the_session_ends() {
    for end in ["goodbye", "abort", "lost", "violation", "killed"] {
        let mut net = full();
        let (watcher, ..) = join(&mut net);
        let topic = net.subscribe(watcher, 1, "com.example.gone");
        let (a, session, _) = join(&mut net);
        leave_testament(&mut net, a, "com.example.gone", 7, "destroyed");
        assert_eq!(net.take(watcher), [""; 0]);
        match end {
            "goodbye" => net.send(a, goodbye("wamp.close.close_realm")),
            "abort" => {
                let (details, payload) = (ClosingDetails::default(), Payload::empty());
                net.send(a, Abort { details, reason: "com.example.tired".into(), payload });
            }
            "lost" => net.disconnect(a),
            "violation" => net.send(a, hello("realm1")),
            _ => {
                let (killer, ..) = join(&mut net);
                ask(&mut net, killer, "wamp.session.kill", vec![session.into()]).unwrap();
            }
        }
        let Message::Event(event) = net.take_one(watcher) else { panic!("{end}") };
        assert_eq!(event.subscription, topic);
        let (args, kwargs) = event.payload.to_values().unwrap();
        assert_eq!((args, kwargs), (vec![7.into()], Dict::new().with("n", 7)));
        // Only once.
        net.disconnect(a);
        assert_eq!(net.take(watcher), [""; 0]);
    }
}

#[test]
fn detached_come_before_destroyed_and_each_in_order() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    net.subscribe(watcher, 1, "com.example.one");
    net.subscribe(watcher, 2, "com.example.two");
    let (a, ..) = join(&mut net);
    leave_testament(&mut net, a, "com.example.two", 3, "destroyed");
    leave_testament(&mut net, a, "com.example.one", 1, "detached");
    leave_testament(&mut net, a, "com.example.one", 4, "destroyed");
    leave_testament(&mut net, a, "com.example.two", 2, "detached");
    net.disconnect(a);
    assert_eq!(values(&mut net, watcher), [1, 2, 3, 4]);
}

#[test]
fn they_come_before_on_leave_and_not_to_the_one_that_left() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    let [gone, _] = watch(&mut net, watcher, ["com.example.gone", "wamp.session.on_leave"]);
    let (a, ..) = join(&mut net);
    net.subscribe(a, 1, "com.example.gone");
    let options = Dict::new().with("publish_options", Dict::new().with("exclude_me", false));
    let args = vec!["com.example.gone".into(), list([1]), Dict::new().into()];
    ask_with(&mut net, a, "wamp.session.add_testament", args, options).unwrap();
    net.send(a, goodbye("wamp.close.close_realm"));
    assert_eq!(net.take(a), ["GOODBYE wamp.close.goodbye_and_out"]);
    let order: Vec<_> = take_events(&mut net, watcher).into_iter().map(|(id, _)| id).collect();
    assert_eq!((order.len(), order[0]), (2, gone));
}

#[test]
fn what_could_not_be_published_later_is_refused_at_once() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    let options = Dict::new().with("publish_options", Dict::new().with("transaction_hash", 5));
    let args = vec!["com.example.gone".into(), list([1]), Dict::new().into()];
    let error = ask_with(&mut net, a, "wamp.session.add_testament", args, options).unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("publish_options") && text.contains("transaction_hash"), "{text}");
}

#[test]
fn they_can_be_taken_back_by_scope() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    net.subscribe(watcher, 1, "com.example.gone");
    let (a, ..) = join(&mut net);
    let flush = |net: &mut Net, args: List| ask(net, a, "wamp.session.flush_testaments", args);
    assert_eq!(flush(&mut net, vec![]), Ok(0.into()));
    for value in 1..=2 {
        leave_testament(&mut net, a, "com.example.gone", value, "destroyed");
    }
    leave_testament(&mut net, a, "com.example.gone", 3, "detached");
    // Destroyed is the default.
    assert_eq!(flush(&mut net, vec![]), Ok(2.into()));
    leave_testament(&mut net, a, "com.example.gone", 4, "destroyed");
    assert_eq!(flush(&mut net, vec!["detached".into()]), Ok(1.into()));
    net.disconnect(a);
    assert_eq!(values(&mut net, watcher), [4]);
}

#[test]
fn another_session_of_the_same_connection_inherits_nothing() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    net.subscribe(watcher, 1, "com.example.gone");
    let (a, ..) = join(&mut net);
    leave_testament(&mut net, a, "com.example.gone", 1, "destroyed");
    net.send(a, goodbye("wamp.close.close_realm"));
    net.send(a, hello("realm1"));
    assert_eq!(values(&mut net, watcher), [1]);
    assert_eq!(net.take(a), ["GOODBYE wamp.close.goodbye_and_out", "WELCOME"]);
    assert_eq!(ask(&mut net, a, "wamp.session.flush_testaments", vec![]), Ok(0.into()));
    net.disconnect(a);
    assert_eq!(net.take(watcher), [""; 0]);
}

#[test]
fn what_is_no_testament() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    let none = || Value::from(Dict::new());
    let mut add = |args: List, kwargs: Dict, error: &str, cause: &str| {
        let answer = ask_with(&mut net, a, "wamp.session.add_testament", args, kwargs);
        assert_refused(answer, error, cause);
    };
    let good = || vec!["com.example.gone".into(), list([1]), none()];
    let options = |options: Dict| Dict::new().with("publish_options", options);
    add(vec![], Dict::new(), "invalid_argument", "\"topic\" is missing");
    add(vec!["com.example.gone".into()], Dict::new(), "invalid_argument", "\"args\" is missing");
    add(vec![7.into(), list([1]), none()], Dict::new(), "invalid_argument", "\"topic\"");
    add(
        vec!["a".into(), 7.into(), none()],
        Dict::new(),
        "invalid_argument",
        "\"args\" must be a list",
    );
    add(vec!["a".into(), list([1]), list([1])], Dict::new(), "invalid_argument", "\"kwargs\"");
    add(vec!["a..b".into(), list([1]), none()], Dict::new(), "invalid_uri", "is not a valid URI");
    add(
        vec!["wamp.a".into(), list([1]), none()],
        Dict::new(),
        "invalid_uri",
        "reserved for the protocol",
    );
    add(good(), Dict::new().with("scope", "burnt"), "invalid_argument", "\"destroyed\" or");
    add(good(), Dict::new().with("publish_options", 7), "invalid_argument", "\"publish_options\"");
    add(good(), options(Dict::new().with("exclude", "all")), "invalid_argument", "exclude must be");
    add(
        good(),
        options(Dict::new().with("retain", 1)),
        "invalid_argument",
        "retain must be a bool",
    );
    add(good(), options(Dict::new().with("ppt_scheme", "wamp")), "invalid_argument", "ppt_scheme");
    add(good(), options(Dict::new().with("enc_algo", "cryptobox")), "invalid_argument", "enc_algo");
    let flush = ask(&mut net, a, "wamp.session.flush_testaments", vec!["all".into()]);
    assert_refused(flush, "invalid_argument", "\"scope\" must be");
    assert_eq!(ask(&mut net, a, "wamp.session.flush_testaments", vec![]), Ok(0.into()));
}

#[test]
fn a_session_holds_only_so_many() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.meta_api = MetaApi::ReadOnly;
    config.limits.testaments = 2;
    config.limits.testament_bytes = 1000;
    let mut net = Net::with(config);
    let (a, ..) = join(&mut net);
    let mut add = |text: &str, scope: &str| {
        let args = vec!["com.example.gone".into(), list([text]), Value::Null];
        let scope = Dict::new().with("scope", scope);
        ask_with(&mut net, a, "wamp.session.add_testament", args, scope)
    };
    assert_refused(add(&"long".repeat(250), "destroyed"), "unavailable", "1000");
    add("short", "destroyed").unwrap();
    assert_refused(add(&"long".repeat(225), "detached"), "unavailable", "bytes");
    add("short", "detached").unwrap();
    assert_refused(add("short", "destroyed"), "unavailable", "testaments");
    assert_eq!(ask(&mut net, a, "wamp.session.flush_testaments", vec![]), Ok(1.into()));
    let args = vec!["com.example.gone".into(), list(["short"]), Value::Null];
    ask(&mut net, a, "wamp.session.add_testament", args).unwrap();
}

#[test]
fn one_that_could_never_be_published_is_refused() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.disclosure = Disclosure::Never;
    let mut net = Net::with(config);
    let (a, ..) = join(&mut net);
    let add = |net: &mut Net, disclose: bool| {
        let args = vec!["com.example.gone".into(), list([1]), Value::Null];
        let options = Dict::new().with("disclose_me", disclose);
        let options = Dict::new().with("publish_options", options);
        ask_with(net, a, "wamp.session.add_testament", args, options)
    };
    assert_refused(add(&mut net, true), "option_disallowed.disclose_me", "does not disclose");
    assert_eq!(add(&mut net, false), Ok(Value::Null));
    assert_eq!(ask(&mut net, a, "wamp.session.flush_testaments", vec![]), Ok(1.into()));
}
