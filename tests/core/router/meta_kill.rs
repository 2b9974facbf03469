//! Ending the sessions of others: `wamp.session.kill` and its kind.

use std::time::Duration;

use wampwerk::internals::core::router::{CloseCause, ConnectionId};
use wampwerk::message::*;
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::*;

/// The one GOODBYE that a peer got: reason and message.
fn taken_goodbye(net: &mut Net, who: ConnectionId) -> (String, Option<String>) {
    let Message::Goodbye(goodbye) = net.take_one(who) else { panic!("no GOODBYE") };
    (goodbye.reason.to_string(), goodbye.details.into_fields().message)
}

#[test]
fn a_killed_session_is_told_why_and_is_over_at_once() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    let (b, session, _) = join(&mut net);
    net.register(b, 1, "com.example.add");
    net.subscribe(b, 2, "com.example.topic");
    let words = Dict::new().with("reason", "com.example.enough").with("message", "go home");
    let answer = ask_with(&mut net, a, "wamp.session.kill", vec![session.into()], words);
    assert_eq!(answer, Ok(Value::Null));
    let told = taken_goodbye(&mut net, b);
    assert_eq!(told, ("com.example.enough".to_owned(), Some("go home".to_owned())));
    let left = net.statistics();
    assert_eq!((left.connections, left.sessions), (2, 1));
    assert_eq!((left.registrations, left.subscriptions), (0, 0));
    assert_refused(
        ask(&mut net, a, "wamp.session.get", vec![session.into()]),
        "no_such_session",
        "",
    );

    // What was on the way is ignored; its GOODBYE ends the connection.
    net.send(b, publish(3, "com.example.topic", 1));
    net.send(b, call(4, "com.example.add", 1));
    assert_eq!((net.take(b), net.closed(b)), (vec![], None));
    net.send(b, goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(net.closed(b), Some(CloseCause::Killed));
    assert_eq!(net.take(b), [""; 0]);
}

#[test]
fn the_reason_is_killed_unless_another_is_given() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    let (b, session, _) = join(&mut net);
    ask(&mut net, a, "wamp.session.kill", vec![session.into()]).unwrap();
    assert_eq!(taken_goodbye(&mut net, b), ("wamp.close.killed".to_owned(), None));
}

#[test]
fn who_does_not_answer_goodbye_is_thrown_out() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    let (b, session, _) = join(&mut net);
    ask(&mut net, a, "wamp.session.kill", vec![session.into()]).unwrap();
    taken_goodbye(&mut net, b);
    net.advance(Duration::from_millis(1_999));
    assert_eq!(net.closed(b), None);
    net.advance(Duration::from_millis(1));
    assert_eq!(net.closed(b), Some(CloseCause::Killed));
    assert_eq!(net.closed(a), None);
    assert_eq!(net.router.poll_timeout(), None);
}

#[test]
fn who_cannot_be_killed() {
    let mut net = full();
    let (a, own, _) = join(&mut net);
    let (b, session, _) = join(&mut net);
    let kill = |net: &mut Net, session: u64, kwargs| {
        ask_with(net, a, "wamp.session.kill", vec![session.into()], kwargs)
    };
    assert_refused(kill(&mut net, own, Dict::new()), "no_such_session", "the caller's own");
    assert_refused(kill(&mut net, 4711, Dict::new()), "no_such_session", "4711");
    for reason in ["", "not a reason", "a..b"] {
        let reason = Dict::new().with("reason", reason);
        assert_refused(kill(&mut net, session, reason), "invalid_uri", "is not a valid URI");
    }
    let reason = Dict::new().with("reason", 7);
    assert_refused(kill(&mut net, session, reason), "invalid_argument", "\"reason\" must be a URI");
    let message = Dict::new().with("message", 7);
    assert_refused(kill(&mut net, session, message), "invalid_argument", "\"message\"");
    assert_eq!((net.take(a), net.take(b)), (vec![], vec![]));
    assert_eq!(net.statistics().sessions, 2);
}

#[test]
fn several_are_killed_by_authid_or_role_but_never_the_caller() {
    for by in ["authid", "authrole"] {
        let mut net = full();
        let (a, _, own_authid) = join(&mut net);
        let (b, second, authid) = join(&mut net);
        let (c, third, _) = join(&mut net);
        let procedure = format!("wamp.session.kill_by_{by}");
        // No session matches, or only the caller itself.
        for nobody in ["nobody", &own_authid] {
            let answer = ask(&mut net, a, &procedure, vec![nobody.into()]);
            assert_eq!(answer, Ok(list([0_u64; 0])));
        }
        let (who, expected) = if by == "authid" {
            (&*authid, vec![second])
        } else {
            ("anonymous", vec![second, third])
        };
        let reason = Dict::new().with("reason", "com.example.enough");
        let answer = ask_with(&mut net, a, &procedure, vec![who.into()], reason);
        assert_eq!(answer, Ok(list(expected.clone())));
        assert_eq!(net.take(b), ["GOODBYE com.example.enough"]);
        let both = expected.len() == 2;
        assert_eq!(net.take(c).len(), usize::from(both));
        assert_eq!(net.statistics().sessions, 3 - expected.len());
        assert_eq!(net.take(a), [""; 0]);
    }
}

#[test]
fn watchers_are_told_of_the_killed_behind_the_answer() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    let (b, session, authid) = join(&mut net);
    let topic = net.subscribe(b, 1, "com.example.topic");
    let [on_leave, on_unsubscribe] =
        watch(&mut net, a, ["wamp.session.on_leave", "wamp.subscription.on_unsubscribe"]);
    net.send(a, meta_call("wamp.session.kill", vec![session.into()], Dict::new()));
    let mut messages = net.take_messages(a).into_iter();
    assert!(matches!(messages.next(), Some(Message::Result(_))));
    let events: Vec<_> = messages
        .map(|message| match message {
            Message::Event(event) => (event.subscription, event.payload.to_values().unwrap().0),
            other => panic!("{}", show(&other)),
        })
        .collect();
    let left = vec![session.into(), Value::from(authid), "anonymous".into()];
    let unsubscribed = vec![session.into(), topic.into()];
    assert_eq!(events, [(on_unsubscribe, unsubscribed), (on_leave, left)]);
}

#[test]
fn kill_all_is_quiet_and_spares_the_caller() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    watch(
        &mut net,
        a,
        ["wamp.session.on_leave", "wamp.registration.on_delete", "wamp.subscription.on_delete"],
    );
    net.subscribe(a, 1, "com.example.last_will");
    let others = [(); 3].map(|()| join(&mut net).0);
    for other in others {
        let testament = vec!["com.example.last_will".into(), list([1]), Dict::new().into()];
        ask(&mut net, other, "wamp.session.add_testament", testament).unwrap();
        net.subscribe(other, 2, &format!("com.example.{other:?}").replace(['(', ')'], ""));
    }
    net.register(others[0], 3, "com.example.add");
    net.take(a);

    let message = Dict::new().with("message", "closing time");
    assert_eq!(ask_with(&mut net, a, "wamp.session.kill_all", vec![], message), Ok(3.into()));
    for other in others {
        let closing_time = Some("closing time".to_owned());
        assert_eq!(taken_goodbye(&mut net, other), ("wamp.close.killed".to_owned(), closing_time));
    }
    assert_eq!(net.take(a), [""; 0]);
    assert_eq!(ask(&mut net, a, "wamp.session.kill_all", vec![]), Ok(0.into()));
    let left = net.statistics();
    assert_eq!((left.sessions, left.registrations, left.subscriptions), (1, 0, 4));
}

#[test]
fn calls_to_the_killed_fail_and_nothing_follows_goodbye() {
    for procedure in ["wamp.session.kill_all", "wamp.session.kill_by_authrole"] {
        let mut net = full();
        let (a, ..) = join(&mut net);
        let [b, c] = [(); 2].map(|()| join(&mut net).0);
        for callee in [b, c] {
            net.register(callee, 1, if callee == b { "com.example.b" } else { "com.example.c" });
        }
        // Each waits for the other, and the killer for one of them.
        net.send(a, call(2, "com.example.b", 1));
        net.send(b, call(2, "com.example.c", 1));
        net.send(c, call(2, "com.example.b", 1));
        net.take(b);
        net.take(c);
        let args = if procedure.ends_with("authrole") { vec!["anonymous".into()] } else { vec![] };
        net.send(a, meta_call(procedure, args, Dict::new()));
        assert_eq!(net.take(a), ["RESULT 1000", "ERROR 48 2 wamp.error.canceled"]);
        assert_eq!(net.take(b).pop().unwrap(), "GOODBYE wamp.close.killed");
        assert_eq!(net.take(c).pop().unwrap(), "GOODBYE wamp.close.killed");
        assert_eq!(net.statistics().calls, 0);
        // Late answers are no violation.
        net.send(b, yields(1, 1));
        assert_eq!((net.take(a), net.take(b), net.closed(b)), (vec![], vec![], None));
    }
}
