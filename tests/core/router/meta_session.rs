//! Who is there: `wamp.session.count`, `list`, `get`, and the events of joining and leaving.

use wampwerk::message::*;
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::*;

fn details(session: u64, authid: &str) -> Dict {
    Dict::new()
        .with("session", session)
        .with("authid", authid)
        .with("authrole", "anonymous")
        .with("authmethod", "anonymous")
        .with("authprovider", "static")
}

#[test]
fn sessions_are_counted_and_listed_as_they_joined() {
    let mut net = full();
    let (a, first, _) = join(&mut net);
    assert_eq!(ask(&mut net, a, "wamp.session.count", vec![]), Ok(1.into()));
    let (b, second, _) = join(&mut net);
    let (_, third, _) = join(&mut net);
    // A connection is no session yet.
    net.connect();
    assert_eq!(ask(&mut net, a, "wamp.session.count", vec![]), Ok(3.into()));
    let all = ask(&mut net, b, "wamp.session.list", vec![]);
    assert_eq!(all, Ok(list([first, second, third])));
    net.disconnect(b);
    assert_eq!(ask(&mut net, a, "wamp.session.list", vec![]), Ok(list([first, third])));
}

#[test]
fn sessions_are_counted_and_listed_by_role() {
    let mut net = full();
    let (a, session, _) = join(&mut net);
    for (roles, expected) in [
        (list(["anonymous"]), vec![session]),
        (list(["admin", "anonymous"]), vec![session]),
        (list(["admin"]), vec![]),
        (list([""; 0]), vec![]),
        (Value::Null, vec![session]),
    ] {
        let count = ask(&mut net, a, "wamp.session.count", vec![roles.clone()]);
        assert_eq!(count, Ok(expected.len().into()), "{roles:?}");
        let by_name = Dict::new().with("filter_authroles", roles.clone());
        let sessions = ask_with(&mut net, a, "wamp.session.list", vec![], by_name);
        assert_eq!(sessions, Ok(list(expected)), "{roles:?}");
    }
}

#[test]
fn details_of_a_session() {
    let mut net = full();
    let (a, own, own_authid) = join(&mut net);
    let (b, other, authid) = join(&mut net);
    let answer = ask(&mut net, a, "wamp.session.get", vec![other.into()]);
    assert_eq!(answer, Ok(details(other, &authid).into()));
    let answer = ask(&mut net, a, "wamp.session.get", vec![own.into()]);
    assert_eq!(answer, Ok(details(own, &own_authid).into()));
    net.disconnect(b);
    let answer = ask(&mut net, a, "wamp.session.get", vec![other.into()]);
    assert_refused(answer, "no_such_session", &other.to_string());
}

#[test]
fn sessions_of_another_realm_are_not_seen() {
    use wampwerk::internals::core::router::{MetaApi, RouterConfig};
    let mut config = RouterConfig::new(7).realm("realm1").realm("realm2");
    config.meta_api = MetaApi::Full;
    let mut net = Net::with(config);
    let (a, session, _) = join(&mut net);
    let b = net.connect();
    net.send(b, hello("realm2"));
    net.take(b);
    assert_eq!(ask(&mut net, b, "wamp.session.count", vec![]), Ok(1.into()));
    assert_refused(
        ask(&mut net, b, "wamp.session.kill", vec![session.into()]),
        "no_such_session",
        "",
    );
    assert_eq!(ask(&mut net, b, "wamp.session.kill_all", vec![]), Ok(0.into()));
    assert_eq!(ask(&mut net, a, "wamp.session.count", vec![]), Ok(1.into()));
}

#[test]
fn joining_and_leaving_are_told() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    let [on_join, on_leave] =
        watch(&mut net, watcher, ["wamp.session.on_join", "wamp.session.on_leave"]);
    for end in ["goodbye", "abort", "lost", "violation"] {
        let (peer, session, authid) = join(&mut net);
        let expected = vec![(on_join, vec![Value::from(details(session, &authid))])];
        assert_eq!(take_events(&mut net, watcher), expected);
        match end {
            "goodbye" => net.send(peer, goodbye("wamp.close.close_realm")),
            "abort" => {
                let (details, payload) = (ClosingDetails::default(), Payload::empty());
                net.send(peer, Abort { details, reason: "com.example.tired".into(), payload });
            }
            "lost" => net.disconnect(peer),
            _ => net.send(peer, hello("realm1")),
        }
        let expected = vec![session.into(), Value::from(authid), "anonymous".into()];
        assert_eq!(take_events(&mut net, watcher), [(on_leave, expected)], "{end}");
        // Once is enough.
        net.disconnect(peer);
        assert_eq!(net.take(watcher), [""; 0]);
    }
}

#[test]
fn nobody_is_told_of_its_own_coming_and_going() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    watch(&mut net, a, ["wamp.session.on_join", "wamp.session.on_leave"]);
    net.send(a, goodbye("wamp.close.close_realm"));
    assert_eq!(net.take(a), ["GOODBYE wamp.close.goodbye_and_out"]);
    net.send(a, hello("realm1"));
    assert_eq!(net.take(a), ["WELCOME"]);
}
