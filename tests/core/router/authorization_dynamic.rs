//! What no rule decides is asked of the application: the session waits, in order, and others do not.

use std::time::Duration;

use wampwerk::internals::core::router::{
    Action, Authorization, CloseCause, ConnectionId, MetaApi, Peer, Role, RouterConfig, Rule,
};
use wampwerk::message::*;
use wampwerk::{Dict, List, Match, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::meta_call;

fn net() -> Net {
    let role = Role::new("anonymous")
        .allow(Rule::prefix("com.open.").all())
        .deny(Rule::prefix("com.shut.").all())
        .dynamic();
    Net::with(RouterConfig::new(7).realm("realm1").role(role))
}

/// Answers the only question that is open.
fn answer(net: &mut Net, decided: Option<Authorization>) {
    assert_eq!(net.questions.len(), 1);
    let (who, ticket, _) = net.questions.remove(0);
    net.router.handle_authorized(net.now, who, ticket, decided);
    net.drain();
}

fn only_question(net: &Net) -> (Action, String, Match) {
    let [(_, _, request)] = &net.questions[..] else { panic!("{:?}", net.questions) };
    (request.action, request.uri.to_string(), request.policy)
}

fn text(message: Message) -> (String, String) {
    let Message::Error(error) = message else { panic!("{}", show(&message)) };
    let (args, _) = error.payload.to_values().unwrap();
    (error.error.to_string(), args[0].as_str().unwrap().to_owned())
}

const ALLOWED: fn() -> Option<Authorization> = || Some(Authorization::allowed());
const DENIED: fn() -> Option<Authorization> = || Some(Authorization::denied());

#[test]
fn it_is_asked_for_what_no_rule_decides() {
    let mut net = net();
    let who = net.connect();
    net.send(who, hello("realm1"));
    let Message::Welcome(welcome) = net.take_one(who) else { panic!() };
    net.send(who, subscribe(1, "com.open.a"));
    net.send(who, subscribe(2, "com.shut.a"));
    assert_eq!(net.take(who), ["SUBSCRIBED 1 1", "ERROR 32 2 wamp.error.not_authorized"]);
    assert!(net.questions.is_empty());
    let mut message = subscribe(3, "com.example.");
    message.options.r#match = Some(Match::Prefix);
    message.options.extra = Dict::new().with("_key", 7);
    net.send(who, message);
    let (_, _, request) = &net.questions[0];
    assert_eq!(request.session, welcome.session);
    assert_eq!(Some(&request.authid), welcome.details.authid.as_ref());
    assert_eq!((&*request.authrole, &*request.realm), ("anonymous", "realm1"));
    assert_eq!((request.action, &*request.uri), (Action::Subscribe, "com.example."));
    assert_eq!(request.policy, Match::Prefix);
    assert_eq!(request.options, Dict::new().with("match", "prefix").with("_key", 7));
    assert!(net.take(who).is_empty());
    answer(&mut net, ALLOWED());
    assert_eq!(net.take(who), ["SUBSCRIBED 3 2"]);
    assert_eq!(net.resumed, [who]);
    net.send(who, register(4, "com.example.f"));
    assert_eq!(only_question(&net).0, Action::Register);
    answer(&mut net, DENIED());
    let expected = "role \"anonymous\" may not register \"com.example.f\"";
    assert_eq!(text(net.take_one(who)), ("wamp.error.not_authorized".into(), expected.into()));
    // A denying rule decides about a part of it.
    let mut message = subscribe(5, "com.");
    message.options.r#match = Some(Match::Prefix);
    net.send(who, message);
    assert_eq!(net.take(who), ["ERROR 32 5 wamp.error.not_authorized"]);
}

#[test]
fn what_comes_behind_waits_in_order_and_others_do_not() {
    let mut net = net();
    let [who, other] = [net.join(), net.join()];
    net.subscribe(other, 1, "com.open.t");
    net.send(who, call(1, "com.example.f", 1));
    net.send(who, publish(2, "com.open.t", 2));
    net.send(who, call(3, "com.example.g", 3));
    net.send(who, subscribe(4, "com.open.t"));
    net.send(who, goodbye("wamp.close.close_realm"));
    net.send(other, call(2, "com.open.f", 1));
    assert_eq!(net.take(other), ["ERROR 48 2 wamp.error.no_such_procedure"]);
    assert!(net.take(who).is_empty());
    assert_eq!(only_question(&net), (Action::Call, "com.example.f".into(), Match::Exact));
    answer(&mut net, DENIED());
    assert_eq!(net.take(who), ["ERROR 48 1 wamp.error.not_authorized"]);
    assert_eq!(net.take(other), ["EVENT 1"]);
    assert_eq!(only_question(&net), (Action::Call, "com.example.g".into(), Match::Exact));
    assert_eq!(net.resumed, [who]);
    answer(&mut net, ALLOWED());
    assert_eq!(
        net.take(who),
        [
            "ERROR 48 3 wamp.error.no_such_procedure",
            "SUBSCRIBED 4 1",
            "GOODBYE wamp.close.goodbye_and_out"
        ]
    );
    assert_eq!(net.resumed, [who, who]);
    assert_eq!(net.statistics().sessions, 1);
}

#[test]
fn row15_nothing_follows_the_end_of_a_connection() {
    let mut net = net();
    let who = net.join();
    net.send(who, call(1, "com.example.a", 1));
    net.send(who, hello("realm1"));
    // None of the outputs is behind `Close`: see `Net`.
    answer(&mut net, DENIED());
    assert_eq!(
        net.take(who),
        ["ERROR 48 1 wamp.error.not_authorized", "ABORT wamp.error.protocol_violation"]
    );
    assert_eq!(net.closed(who), Some(CloseCause::Violation));
}

#[test]
fn no_answer_is_an_answer_after_a_while() {
    let mut net = net();
    let [who, other] = [net.join(), net.join()];
    net.send(who, call(1, "com.example.f", 1));
    net.send(who, call(2, "com.open.f", 1));
    net.advance(Duration::from_millis(9_999));
    assert!(net.take(who).is_empty());
    net.advance(Duration::from_millis(1));
    let mut answers = net.take_messages(who);
    assert_eq!(show(&answers.pop().unwrap()), "ERROR 48 2 wamp.error.no_such_procedure");
    let (uri, why) = text(answers.pop().unwrap());
    assert_eq!(uri, "wamp.error.authorization_failed");
    let expected = "cannot tell whether role \"anonymous\" may call \"com.example.f\": \
                    no answer from the authorizer within 10s";
    assert_eq!(why, expected);
    assert_eq!((net.resumed.clone(), net.router.poll_timeout()), (vec![who], None));
    // The late answer is ignored, also if the session waits for another one.
    net.send(who, call(3, "com.example.g", 1));
    let (_, late, _) = net.questions.remove(0);
    net.router.handle_authorized(net.now, who, late, ALLOWED());
    net.router.handle_authorized(net.now, other, late, ALLOWED());
    net.drain();
    assert!(net.take(who).is_empty());
    answer(&mut net, ALLOWED());
    assert_eq!(net.take(who), ["ERROR 48 3 wamp.error.no_such_procedure"]);
}

#[test]
fn a_failed_authorizer_is_no_permission() {
    let mut net = net();
    let who = net.join();
    net.send(who, acknowledged(1, "com.example.t", 1));
    answer(&mut net, None);
    let (uri, why) = text(net.take_one(who));
    assert_eq!(uri, "wamp.error.authorization_failed");
    assert!(why.ends_with("may publish to \"com.example.t\": the authorizer has failed"), "{why}");
    net.send(who, publish(2, "com.example.t", 1));
    answer(&mut net, None);
    assert!(net.take(who).is_empty());
    assert_eq!(&*net.dropped.pop().unwrap().1.uri, "wamp.error.authorization_failed");
}

#[test]
fn an_answer_for_a_session_that_has_gone_is_ignored() {
    let mut net = net();
    let [gone, killed] = [net.join(), net.join()];
    net.send(gone, register(1, "com.example.f"));
    net.disconnect(gone);
    answer(&mut net, ALLOWED());
    assert_eq!(net.router.poll_timeout(), None);
    // It still waits when the router goes down, and is read from again to hear its GOODBYE.
    net.send(killed, register(1, "com.example.f"));
    net.router.shutdown(net.now);
    net.drain();
    assert_eq!(net.take(killed), ["GOODBYE wamp.close.system_shutdown"]);
    assert_eq!(net.resumed, [killed]);
    answer(&mut net, ALLOWED());
    assert!(net.take(killed).is_empty());
    net.send(killed, goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(net.closed(killed), Some(CloseCause::Shutdown));
    assert_eq!(net.statistics().registrations, 0);
}

#[test]
fn who_waits_can_be_thrown_out() {
    let role = Role::new("anonymous").dynamic().meta_api(MetaApi::Full);
    let mut net = Net::with(RouterConfig::new(7).realm("realm1").role(role));
    let [who, admin] = [net.join(), net.join()];
    net.send(who, register(1, "com.example.f"));
    net.send(admin, meta_call("wamp.session.kill_all", vec![], Dict::new()));
    assert_eq!(net.take(who), ["GOODBYE wamp.close.killed"]);
    assert_eq!(net.resumed, [who]);
    answer(&mut net, ALLOWED());
    net.send(who, goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(net.closed(who), Some(CloseCause::Killed));
    // One that does not wait is not said to be read from again.
    let [who, admin] = [net.join(), net.join()];
    net.send(admin, meta_call("wamp.session.kill_all", vec![], Dict::new()));
    assert_eq!(net.take(who), ["GOODBYE wamp.close.killed"]);
    assert_eq!(net.resumed.len(), 1);
}

#[test]
fn answers_can_be_kept_for_a_session_or_a_role() {
    type Cached = fn(Authorization) -> Authorization;
    let ask = |net: &mut Net, who: ConnectionId, uri: &str| {
        net.send(who, call(1, uri, 1));
        !net.questions.is_empty()
    };
    let lifetimes: [(&str, Cached, bool, bool); 3] = [
        ("request", |decided| decided, true, true),
        ("session", Authorization::cached_for_session, false, true),
        ("role", Authorization::cached_for_role, false, false),
    ];
    for (cache, cached, again, other) in lifetimes {
        for decided in [Authorization::allowed(), Authorization::denied()] {
            let mut net = net();
            let [one, two] = [net.join(), net.join()];
            assert!(ask(&mut net, one, "com.example.f"));
            answer(&mut net, Some(cached(decided)));
            let said = net.take(one);
            for (who, expected) in [(one, again), (two, other)] {
                assert_eq!(ask(&mut net, who, "com.example.f"), expected, "{cache}");
                if expected {
                    answer(&mut net, Some(cached(decided)));
                }
                assert_eq!(net.take(who), said);
            }
            // For this very URI and action.
            assert!(ask(&mut net, one, "com.example.g"));
            answer(&mut net, DENIED());
            net.send(one, subscribe(2, "com.example.f"));
            assert_eq!(only_question(&net).0, Action::Subscribe);
            // A new session asks again.
            net.disconnect(one);
            net.questions.clear();
            let three = net.join();
            assert_eq!(ask(&mut net, three, "com.example.f"), other, "{cache}");
        }
    }
}

#[test]
fn it_can_disclose() {
    let mut net = net();
    let [who, other] = [net.join(), net.join()];
    net.send(other, register(1, "com.example.f"));
    answer(&mut net, ALLOWED());
    net.send(other, subscribe(2, "com.example.t"));
    answer(&mut net, ALLOWED());
    assert_eq!(net.take(other), ["REGISTERED 1 1", "SUBSCRIBED 2 1"]);
    for (request, disclose) in [(1, true), (2, false)] {
        let mut decided = Authorization::allowed();
        decided.disclose = disclose;
        net.send(who, call(request, "com.example.f", 1));
        answer(&mut net, Some(decided));
        let Message::Invocation(message) = net.take_one(other) else { panic!() };
        assert_eq!(message.details.caller.is_some(), disclose);
        net.send(who, publish(request, "com.example.t", 1));
        answer(&mut net, Some(decided));
        let Message::Event(message) = net.take_one(other) else { panic!() };
        assert_eq!(message.details.publisher.is_some(), disclose);
    }
}

#[test]
fn calls_of_the_router_itself_are_asked_about_for_what_they_lead_to() {
    let mut net = net();
    let who = net.join();
    let args =
        |topic: &str| -> List { vec![topic.into(), Value::List(List::new()), Dict::new().into()] };
    net.send(who, meta_call("wamp.session.count", vec![], Dict::new()));
    assert_eq!(net.take(who), ["RESULT 1000"]);
    net.send(who, meta_call("wamp.session.add_testament", args("com.example.t"), Dict::new()));
    assert_eq!(only_question(&net), (Action::Publish, "com.example.t".into(), Match::Exact));
    answer(&mut net, DENIED());
    assert_eq!(net.take(who), ["ERROR 48 1000 wamp.error.not_authorized"]);
    net.send(who, meta_call("wamp.session.add_testament", args("com.example.t"), Dict::new()));
    answer(&mut net, ALLOWED());
    assert_eq!(net.take(who), ["RESULT 1000"]);
}

#[test]
fn it_is_told_the_options_of_what_is_decided_about() {
    let mut net = net();
    let who = net.join();
    let mut message = acknowledged(1, "com.example.t", 1);
    message.options.exclude_me = Some(false);
    net.send(who, message);
    let told = Dict::new().with("acknowledge", true).with("exclude_me", false);
    assert_eq!(net.questions[0].2.options, told);
    answer(&mut net, DENIED());
    net.take(who);
    // A testament is a publication, and CALL's options are none of that.
    let args = vec!["com.example.t".into(), Value::List(List::new()), Dict::new().into()];
    let options = Dict::new().with("disclose_me", true).with("eligible", vec![Value::from(7)]);
    for (given, told) in [
        (Dict::new().with("publish_options", options.clone()), options),
        (Dict::new(), Dict::new()),
        (Dict::new().with("publish_options", Value::Null), Dict::new()),
    ] {
        let mut message = meta_call("wamp.session.add_testament", args.clone(), given);
        message.options.timeout = Some(100);
        net.send(who, message);
        assert_eq!(net.questions[0].2.options, told);
        answer(&mut net, ALLOWED());
        assert_eq!(net.take(who), ["RESULT 1000"]);
    }
    // Invalid arguments are refused without a question to the authorizer.
    let wrong = Dict::new().with("publish_options", 7);
    net.send(who, meta_call("wamp.session.add_testament", args, wrong));
    assert_eq!(net.take(who), ["ERROR 48 1000 wamp.error.invalid_argument"]);
    assert!(net.questions.is_empty());
}

#[test]
fn it_is_told_who_wants_it_and_from_where() {
    let mut net = net();
    let peer = Peer {
        transport: "websocket".to_owned(),
        address: "192.0.2.7:4711".to_owned(),
        secure: true,
        channel_id: Some([7; 32]),
    };
    let who = net.router.connect_from(net.now, peer.clone());
    net.send(who, hello("realm1"));
    let Message::Welcome(welcome) = net.take_one(who) else { panic!() };
    net.send(who, call(1, "com.example.f", 1));
    let request = &net.questions[0].2;
    assert_eq!((request.session, &request.peer), (welcome.session, &peer));
    let details = welcome.details;
    assert_eq!(Some(&request.authid), details.authid.as_ref());
    assert_eq!(Some(&request.authmethod), details.authmethod.as_ref());
    assert_eq!(Some(&request.authprovider), details.authprovider.as_ref());
    assert_eq!(request.authmethod, "anonymous");
}

#[test]
fn more_arguments_of_a_call_wait_with_it() {
    let mut net = net();
    let roles = Roles::new()
        .with("caller", &["progressive_call_invocations", "call_canceling"])
        .with("callee", &["progressive_call_invocations", "call_canceling"]);
    let [who, callee] = [net.join_as(&roles), net.join_as(&roles)];
    net.register(callee, 1, "com.open.f");
    net.send(callee, register(2, "com.example.f"));
    answer(&mut net, ALLOWED());
    assert_eq!(net.take(callee), ["REGISTERED 2 2"]);
    for (request, decided) in [(1, DENIED()), (2, ALLOWED())] {
        let mut part = call(request, "com.example.f", 1);
        part.options.progress = Some(true);
        net.send(who, part.clone());
        net.send(who, part);
        net.send(who, call(request, "com.example.f", 2));
        assert_eq!(net.questions.len(), 1);
        answer(&mut net, decided);
    }
    assert_eq!(net.take(who), ["ERROR 48 1 wamp.error.not_authorized"]);
    assert_eq!(net.take(callee), ["INVOCATION 1 2", "INVOCATION 1 2", "INVOCATION 1 2"]);
    net.send(callee, yields(1, 1));
    assert_eq!(net.take(who), ["RESULT 2"]);
    assert!(net.closed(who).is_none());
}
