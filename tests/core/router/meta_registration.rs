//! Which procedures there are: `wamp.registration.…`, and the events of registering.

use std::time::Duration;

use wampwerk::message::*;
use wampwerk::{Dict, Match, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::*;

#[test]
fn registrations_are_listed_looked_up_and_matched() {
    let mut net = full();
    let (a, session, _) = join(&mut net);
    let (b, other, _) = join(&mut net);
    let single = InvocationPolicy::Single;
    let exact = register_as(&mut net, a, "com.example.add", Match::Exact, single);
    let short = register_as(&mut net, a, "com.", Match::Prefix, single);
    let long = register_as(&mut net, b, "com.example.", Match::Prefix, single);
    let wildcard = register_as(&mut net, a, "org..add", Match::Wildcard, single);

    let list = |net: &mut Net, args| ask(net, a, "wamp.registration.list", args).unwrap();
    assert_eq!(list(&mut net, vec![]), lists(&[exact], &[short, long], &[wildcard]));
    assert_eq!(list(&mut net, vec![session.into()]), lists(&[exact], &[short], &[wildcard]));
    assert_eq!(list(&mut net, vec![other.into()]), lists(&[], &[long], &[]));
    let nobody = ask(&mut net, a, "wamp.registration.list", vec![4711.into()]);
    assert_refused(nobody, "no_such_session", "4711");

    for (procedure, options, expected) in [
        ("com.example.add", None, Some(exact)),
        ("com.example.add", Some("exact"), Some(exact)),
        ("com.example.add", Some("prefix"), None),
        ("com.example.", Some("prefix"), Some(long)),
        ("org..add", Some("wildcard"), Some(wildcard)),
        ("org.example.add", None, None),
    ] {
        let options = options.map_or(Value::Null, |word| Dict::new().with("match", word).into());
        let answer = ask(&mut net, a, "wamp.registration.lookup", vec![procedure.into(), options]);
        assert_eq!(answer, Ok(expected.into()), "{procedure}");
    }
    for (procedure, expected) in [
        ("com.example.add", Some(exact)),
        ("com.example.sub", Some(long)),
        ("com.other", Some(short)),
        ("org.example.add", Some(wildcard)),
        ("net.example.add", None),
        // No pattern gets these calls.
        ("wamp.session.get", None),
    ] {
        let answer = ask(&mut net, a, "wamp.registration.match", vec![procedure.into()]);
        assert_eq!(answer, Ok(expected.into()), "{procedure}");
    }
    let bad = Dict::new().with("match", "fuzzy");
    let answer = ask(&mut net, a, "wamp.registration.lookup", vec!["com.a".into(), bad.into()]);
    assert_refused(answer, "invalid_argument", "\"options\": match must be");
    let answer = ask(&mut net, a, "wamp.registration.match", vec!["com..a".into()]);
    assert_refused(answer, "invalid_uri", "is not a valid URI");
}

#[test]
fn details_tell_when_in_what_order_and_by_whom() {
    let mut config = wampwerk::internals::core::router::RouterConfig::new(7).realm("realm1");
    config.epoch = Duration::from_secs(1_000_000_000);
    let mut net = Net::with(config);
    let (a, first, _) = join(&mut net);
    let (b, second, _) = join(&mut net);
    net.now = Duration::from_micros(1_234_567);
    let id = register_as(&mut net, b, "com.example.", Match::Prefix, InvocationPolicy::RoundRobin);
    net.now = Duration::from_secs(100);
    let same =
        register_as(&mut net, a, "com.example.", Match::Prefix, InvocationPolicy::RoundRobin);
    assert_eq!(id, same);
    let details = Dict::new()
        .with("id", id)
        .with("created", "2001-09-09T01:46:41.234Z")
        .with("uri", "com.example.")
        .with("match", "prefix")
        .with("invoke", "roundrobin");
    assert_eq!(ask(&mut net, a, "wamp.registration.get", vec![id.into()]), Ok(details.into()));
    let callees = ask(&mut net, a, "wamp.registration.list_callees", vec![id.into()]);
    assert_eq!(callees, Ok(list([second, first])));
    let count = ask(&mut net, a, "wamp.registration.count_callees", vec![id.into()]);
    assert_eq!(count, Ok(2.into()));
    for procedure in ["get", "list_callees", "count_callees"] {
        let procedure = format!("wamp.registration.{procedure}");
        let answer = ask(&mut net, a, &procedure, vec![4711.into()]);
        assert_refused(answer, "no_such_registration", "4711");
    }
}

#[test]
fn a_callee_is_removed_and_told_if_it_understands() {
    for able_callee in [false, true] {
        let mut net = full();
        let (a, caller, _) = join(&mut net);
        let details = if able_callee { able() } else { hello("").details };
        let (b, callee, _) = join_with(&mut net, details);
        let id = net.register(b, 1, "com.example.add");
        let remove = |net: &mut Net, id: u64, callee: u64, reason: &str| {
            let reason = Dict::new().with("reason", reason);
            ask_with(
                net,
                a,
                "wamp.registration.remove_callee",
                vec![id.into(), callee.into()],
                reason,
            )
        };
        let reason = "com.example.enough";
        assert_refused(remove(&mut net, 4711, callee, reason), "no_such_registration", "4711");
        assert_refused(remove(&mut net, id, 4711, reason), "no_such_session", "4711");
        assert_refused(remove(&mut net, id, caller, reason), "no_such_session", "is not a callee");
        assert_refused(remove(&mut net, id, callee, "no uri"), "invalid_uri", "no uri");
        assert_eq!(net.take(b), [""; 0]);
        assert_eq!(remove(&mut net, id, callee, reason), Ok(Value::Null));
        match (able_callee, net.take_messages(b).pop()) {
            (true, Some(Message::Unregistered(message))) => {
                assert_eq!(message.request, 0);
                let details = message.details.unwrap();
                assert_eq!(details.registration, Some(id));
                assert_eq!(details.reason.as_deref(), Some(reason));
            }
            (false, None) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(net.statistics().registrations, 0);
        assert_refused(remove(&mut net, id, callee, reason), "no_such_registration", "");
    }
}

#[test]
fn registering_is_told_behind_the_answer_and_in_order() {
    let mut net = full();
    let (watcher, ..) = join(&mut net);
    let [create, register_, unregister_, delete] = watch(
        &mut net,
        watcher,
        ["on_create", "on_register", "on_unregister", "on_delete"]
            .map(|event| &*format!("wamp.registration.{event}").leak()),
    );
    let (a, first, _) = join(&mut net);
    let (b, second, _) = join(&mut net);
    let (policy, invoke) = (Match::Exact, InvocationPolicy::Last);
    let id = register_as(&mut net, a, "com.example.add", policy, invoke);
    let details = ask(&mut net, a, "wamp.registration.get", vec![id.into()]).unwrap();
    let changed = |event, session: u64| (event, vec![Value::from(session), id.into()]);
    let created = (create, vec![first.into(), details]);
    assert_eq!(take_events(&mut net, watcher), [created, changed(register_, first)]);
    register_as(&mut net, b, "com.example.add", policy, invoke);
    assert_eq!(take_events(&mut net, watcher), [changed(register_, second)]);
    net.send(a, unregister(3, id));
    assert_eq!(take_events(&mut net, watcher), [changed(unregister_, first)]);
    net.disconnect(b);
    let gone = [changed(unregister_, second), changed(delete, second)];
    assert_eq!(take_events(&mut net, watcher), gone);

    // One that watches itself has its answer first.
    net.send(watcher, register(4, "com.example.sub"));
    let own: Vec<_> = net.take(watcher).iter().map(|line| line[..5].to_owned()).collect();
    assert_eq!(own, ["REGIS", "EVENT", "EVENT"]);
}
