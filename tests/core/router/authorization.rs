//! Roles and their rules: who may do what, what is said to who may not, and who is disclosed.

use wampwerk::internals::core::router::{
    ConnectionId, Disclosure, MetaApi, Role, RouterConfig, Rule,
};
use wampwerk::message::*;
use wampwerk::{Dict, Match, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::{ask, ask_with};

/// One realm with one role, that of sessions without authentication.
fn net(role: Role) -> Net {
    Net::with(RouterConfig::new(7).realm("realm1").role(role))
}

fn anonymous() -> Role {
    Role::new("anonymous")
}

/// What is said to a request: `None` if it is done, else the error's URI and text.
fn refusal(net: &mut Net, who: ConnectionId, message: impl Into<Message>) -> Option<[String; 2]> {
    net.send(who, message);
    said(net.take_one(who))
}

fn said(message: Message) -> Option<[String; 2]> {
    match message {
        Message::Error(error) if error.error == "wamp.error.no_such_procedure" => None,
        Message::Error(error) => {
            let (args, _) = error.payload.to_values().unwrap();
            Some([error.error.to_string(), args[0].as_str().unwrap().to_owned()])
        }
        _ => None,
    }
}

fn denied(text: &str) -> Option<[String; 2]> {
    Some(["wamp.error.not_authorized".to_owned(), text.to_owned()])
}

fn subscribe_by(request: u64, topic: &str, policy: Match) -> Subscribe {
    let mut message = subscribe(request, topic);
    message.options.r#match = Some(policy);
    message
}

fn register_by(request: u64, procedure: &str, policy: Match) -> Register {
    let mut message = register(request, procedure);
    message.options.r#match = Some(policy);
    message
}

#[test]
fn without_roles_everything_is_allowed() {
    let mut net = Net::without_meta_api();
    let who = net.join();
    assert_eq!(refusal(&mut net, who, subscribe_by(1, "", Match::Prefix)), None);
    assert_eq!(refusal(&mut net, who, register(2, "com.example.add")), None);
    assert_eq!(refusal(&mut net, who, call(3, "com.example.sub", 1)), None);
}

#[test]
fn each_action_needs_a_rule_of_its_own() {
    type Case = (&'static str, fn(Rule) -> Rule, fn(&str) -> Message);
    let requests: [Case; 4] = [
        ("call", Rule::call, |uri| call(1, uri, 1).into()),
        ("register", Rule::register, |uri| register(1, uri).into()),
        ("publish to", Rule::publish, |uri| acknowledged(1, uri, 1).into()),
        ("subscribe to", Rule::subscribe, |uri| subscribe(1, uri).into()),
    ];
    for (named, with, _) in requests {
        for (action, _, request) in requests {
            let mut net = net(anonymous().allow(with(Rule::exact("com.example.a"))));
            let who = net.join();
            let expected = format!("role \"anonymous\" may not {action} \"com.example.a\"");
            let expected = if action == named { None } else { denied(&expected) };
            let given = refusal(&mut net, who, request("com.example.a"));
            assert_eq!(given, expected, "{named} {action}");
        }
    }
}

#[test]
fn the_best_rule_decides() {
    let role = anonymous()
        .allow(Rule::prefix("com.").call())
        .deny(Rule::prefix("com.example.").call())
        .allow(Rule::exact("com.example.open").call())
        .deny(Rule::exact("com.shut").call())
        // Shorter than any other, and it is about something else.
        .deny(Rule::exact("com.shut.not").publish())
        .deny(Rule::wildcard("org..secret").call())
        .allow(Rule::wildcard("org..").call())
        .allow(Rule::prefix("org.open").call());
    let mut net = net(role);
    let who = net.join();
    for (uri, allowed) in [
        ("com.a", true),
        ("com.example.a", false),
        ("com.example.open", true),
        ("com.example.open.more", false),
        ("com.shut", false),
        ("com.shut.not", true),
        ("org.a.b", true),
        ("org.a.secret", false),
        ("org.open.secret", true),
        ("org.a.b.c", false),
        ("net.a", false),
    ] {
        let text = format!("role \"anonymous\" may not call {uri:?}");
        let expected = if allowed { None } else { denied(&text) };
        assert_eq!(refusal(&mut net, who, call(1, uri, 1)), expected, "{uri}");
    }
}

#[test]
fn all_that_a_pattern_matches_must_be_allowed() {
    let role = anonymous()
        .allow(Rule::prefix("com.example.").subscribe())
        .deny(Rule::prefix("com.example.secret.").subscribe())
        .allow(Rule::exact("com.example.secret.not").subscribe())
        .allow(Rule::wildcard("org..news").subscribe().register())
        .deny(Rule::wildcard("net..").register())
        .allow(Rule::prefix("net.a.").register());
    let mut net = net(role);
    let who = net.join();
    let cases = [
        ("com.example.", Match::Prefix, false),
        ("com.example.a", Match::Prefix, true),
        ("com.example", Match::Prefix, false),
        ("com.", Match::Prefix, false),
        ("", Match::Prefix, false),
        ("com.example.s", Match::Prefix, false),
        ("com.example.secret.", Match::Prefix, false),
        ("com.example.secret.not", Match::Exact, true),
        // Matches "com.example.secret.not.really", too.
        ("com.example.secret.not", Match::Prefix, false),
        ("com.example..a", Match::Wildcard, false),
        ("com.example.a.", Match::Wildcard, true),
        ("com..a", Match::Wildcard, false),
        ("org..news", Match::Wildcard, true),
        ("org.a.news", Match::Wildcard, true),
        ("org..", Match::Wildcard, false),
        ("org.", Match::Prefix, false),
    ];
    for (uri, policy, allowed) in cases {
        let given = refusal(&mut net, who, subscribe_by(1, uri, policy));
        let suffix = match policy {
            Match::Exact => String::new(),
            policy => format!(" ({})", policy.as_str()),
        };
        let text = format!("role \"anonymous\" may not subscribe to {uri:?}{suffix}");
        assert_eq!(given, if allowed { None } else { denied(&text) }, "{uri} {policy:?}");
    }
    // A rule that decides before another one stands in its place.
    assert_eq!(refusal(&mut net, who, register_by(1, "net.a.", Match::Prefix)), None);
    assert_eq!(refusal(&mut net, who, register_by(1, "net.a.", Match::Wildcard)), None);
    assert!(refusal(&mut net, who, register_by(1, "net..a", Match::Wildcard)).is_some());
    assert_eq!(refusal(&mut net, who, register_by(1, "org..news", Match::Wildcard)), None);
}

#[test]
fn what_is_no_uri_is_said_first() {
    let mut net = net(anonymous());
    let who = net.join();
    for message in [
        Message::from(call(1, "com..a", 1)),
        subscribe(1, "com..a").into(),
        register(1, "wamp.a").into(),
        acknowledged(1, "wamp.a", 1).into(),
    ] {
        let [uri, _] = refusal(&mut net, who, message).unwrap();
        assert_eq!(uri, "wamp.error.invalid_uri");
    }
}

#[test]
fn nobody_is_told_of_a_publication_without_acknowledgement() {
    let mut net = net(anonymous().allow(Rule::prefix("").subscribe()));
    let [publisher, subscriber] = [net.join(), net.join()];
    net.subscribe(subscriber, 1, "com.example.a");
    net.send(publisher, publish(1, "com.example.a", 1));
    assert!(net.take(publisher).is_empty() && net.take(subscriber).is_empty());
    let (who, error) = net.dropped.pop().unwrap();
    assert_eq!((who, &*error.uri), (publisher, "wamp.error.not_authorized"));
    let text = "role \"anonymous\" may not publish to \"com.example.a\"";
    assert_eq!(error.args, [Value::from(text)]);
    assert!(net.dropped.is_empty());
}

#[test]
fn a_denied_call_does_not_tell_what_is_registered() {
    let role = anonymous().allow(Rule::prefix("").register()).allow(Rule::exact("com.a").call());
    let mut net = net(role);
    let [callee, caller] = [net.join(), net.join()];
    net.register(callee, 1, "com.example.there");
    for procedure in ["com.example.there", "com.example.not"] {
        let text = format!("role \"anonymous\" may not call {procedure:?}");
        assert_eq!(refusal(&mut net, caller, call(1, procedure, 1)), denied(&text));
    }
    assert!(net.take(callee).is_empty());
    // What has been refused may still be going on.
    let mut message = call(2, "com.example.there", 1);
    message.options.progress = Some(true);
    let streams = Roles::new().with("caller", &["progressive_call_invocations", "call_canceling"]);
    let caller = net.join_as(&streams);
    assert!(refusal(&mut net, caller, message.clone()).is_some());
    net.send(caller, message.clone());
    message.options.progress = None;
    net.send(caller, message);
    assert!(net.take(caller).is_empty() && net.closed(caller).is_none());
}

#[test]
fn leaving_what_one_is_in_is_always_allowed() {
    let mut net = net(anonymous().allow(Rule::exact("com.example.a").subscribe().register()));
    let who = net.join();
    let subscription = net.subscribe(who, 1, "com.example.a");
    let registration = net.register(who, 2, "com.example.a");
    net.send(who, unsubscribe(3, subscription));
    net.send(who, unregister(4, registration));
    assert_eq!(net.take(who), ["UNSUBSCRIBED 3", "UNREGISTERED 4"]);
}

#[test]
fn a_rule_discloses_whatever_else_is_set() {
    for disclosure in [Disclosure::OnRequest, Disclosure::Never] {
        let role = anonymous()
            .allow(Rule::prefix("com.").all())
            .allow(Rule::prefix("com.example.").call().publish().disclose())
            .allow(Rule::prefix("com.example.").subscribe().register());
        let mut config = RouterConfig::new(7).realm("realm1").role(role);
        config.disclosure = disclosure;
        let mut net = Net::with(config);
        let [other, who] = [net.join(), net.join()];
        net.register(other, 1, "com.example.f");
        net.register(other, 2, "com.f");
        net.subscribe(other, 3, "com.example.t");
        net.subscribe(other, 4, "com.t");
        for (request, part, disclosed) in [(1, "com.example.", true), (2, "com.", false)] {
            net.send(who, call(request, &format!("{part}f"), 1));
            let Message::Invocation(message) = net.take_one(other) else { panic!() };
            assert_eq!(message.details.caller.is_some(), disclosed, "{part}");
            let role = message.details.caller_authrole.as_deref();
            assert_eq!(role, disclosed.then_some("anonymous"));
            net.send(who, publish(2, &format!("{part}t"), 1));
            let Message::Event(message) = net.take_one(other) else { panic!() };
            assert_eq!(message.details.publisher.is_some(), disclosed, "{part}");
        }
    }
}

fn features(net: &mut Net) -> [Vec<String>; 2] {
    let id = net.connect();
    net.send(id, hello("realm1"));
    let Message::Welcome(welcome) = net.take_one(id) else { panic!() };
    let roles = welcome.details.into_fields().roles.unwrap();
    let all = [
        "caller_identification",
        "publisher_identification",
        "session_meta_api",
        "subscription_meta_api",
        "registration_meta_api",
        "testament_meta_api",
        "subscription_revocation",
    ];
    ["broker", "dealer"].map(|role| {
        let of = all.iter().filter(|feature| roles.supports(role, feature));
        of.map(|feature| (*feature).to_owned()).collect()
    })
}

#[test]
fn welcome_announces_what_the_role_finds() {
    let silent = |role: Role| {
        let mut config = RouterConfig::new(7).realm("realm1").role(role);
        config.disclosure = Disclosure::Never;
        config.meta_api = MetaApi::Off;
        features(&mut Net::with(config))
    };
    assert_eq!(silent(anonymous()), [vec![""; 0], vec![]]);
    let role = anonymous().allow(Rule::prefix("com.").call().disclose());
    assert_eq!(silent(role), [vec![], vec!["caller_identification"]]);
    let role = anonymous().allow(Rule::prefix("com.").publish().disclose());
    assert_eq!(silent(role), [vec!["publisher_identification"], vec![]]);
    assert_eq!(
        silent(anonymous().meta_api(MetaApi::ReadOnly)),
        [
            vec!["session_meta_api", "subscription_meta_api"],
            vec!["session_meta_api", "registration_meta_api", "testament_meta_api"],
        ]
    );
    let role = anonymous().allow(Rule::exact("wamp.registration.count_callees").call());
    assert_eq!(silent(role), [vec![], vec!["registration_meta_api"]]);
    // It happens to every session, whoever may do it.
    let role = Role::new("admin").meta_api(MetaApi::Full);
    let mut config = RouterConfig::new(7).realm("realm1").role(role).role(anonymous());
    config.meta_api = MetaApi::Off;
    let [broker, _] = features(&mut Net::with(config));
    assert_eq!(broker, ["publisher_identification", "subscription_revocation"]);
}

#[test]
fn the_meta_api_goes_by_role_and_by_rules_that_name_it() {
    let count = |net: &mut Net, who| ask(net, who, "wamp.session.count", vec![]);
    let kill = |net: &mut Net, who| ask(net, who, "wamp.session.kill_all", vec![]);
    // No rule for "" reaches it, neither allowing nor denying.
    let mut all = net(anonymous().allow(Rule::prefix("").all()));
    let who = all.join();
    assert_eq!(count(&mut all, who), Ok(1.into()));
    assert_eq!(kill(&mut all, who).unwrap_err().uri, "wamp.error.not_authorized");
    let mut none = net(anonymous().deny(Rule::prefix("").all()).meta_api(MetaApi::Full));
    let who = none.join();
    assert_eq!(count(&mut none, who), Ok(1.into()));
    assert_eq!(kill(&mut none, who), Ok(0.into()));
    let mut off = net(anonymous().meta_api(MetaApi::Off));
    let who = off.join();
    assert_eq!(count(&mut off, who).unwrap_err().uri, "wamp.error.no_such_procedure");
    let role = anonymous()
        .meta_api(MetaApi::Off)
        .allow(Rule::prefix("wamp.session.").call())
        .deny(Rule::exact("wamp.session.count").call());
    let mut named = net(role);
    let who = named.join();
    let refused = count(&mut named, who).unwrap_err();
    assert_eq!(refused.uri, "wamp.error.not_authorized");
    assert_eq!(refused.text, "role \"anonymous\" may not call \"wamp.session.count\"");
    assert_eq!(kill(&mut named, who), Ok(0.into()));
    let refused = ask(&mut named, who, "wamp.registration.list", vec![]).unwrap_err();
    assert_eq!(refused.uri, "wamp.error.no_such_procedure");
}

#[test]
fn meta_events_are_topics_like_others() {
    let mut net = net(anonymous().allow(Rule::exact("wamp.session.on_join").subscribe()));
    let who = net.join();
    net.subscribe(who, 1, "wamp.session.on_join");
    net.join();
    assert_eq!(net.take(who).len(), 1);
    assert!(refusal(&mut net, who, subscribe(2, "wamp.session.on_leave")).is_some());
}

/// The refusal of what a role that the meta API is off for subscribes to; others have it.
fn watching(role: Role, topic: &str, policy: Match) -> Option<[String; 2]> {
    let admin = Role::new("admin").meta_api(MetaApi::Full);
    let role = role.meta_api(MetaApi::Off);
    let mut net = Net::with(RouterConfig::new(7).realm("realm1").role(admin).role(role));
    let who = net.join();
    net.send(who, subscribe_by(1, topic, policy));
    // Who watches is told of its own subscription.
    let refusal = said(net.take_messages(who).swap_remove(0));
    net.join();
    let events = net.take(who).len();
    assert!(refusal.is_none() || events == 0, "{events} events of {topic:?}");
    refusal
}

#[test]
fn where_the_meta_api_is_off_a_rule_for_all_brings_no_meta_events() {
    let all = || anonymous().allow(Rule::prefix("").all());
    for (topic, policy) in [
        ("", Match::Prefix),
        ("w", Match::Prefix),
        ("wamp.session.", Match::Prefix),
        ("..", Match::Wildcard),
        ("wamp..on_join", Match::Wildcard),
        (".session.", Match::Wildcard),
        ("wamp.session.on_join", Match::Exact),
    ] {
        let shown = if policy == Match::Exact { "" } else { &format!(" ({})", policy.as_str()) };
        let text = format!("role \"anonymous\" may not subscribe to {topic:?}{shown}");
        assert_eq!(watching(all(), topic, policy), denied(&text));
        // A dynamic role is refused too, and the authorizer is not asked.
        assert_eq!(watching(all().dynamic(), topic, policy), denied(&text));
        // Rules that name it decide.
        let named = all().allow(Rule::prefix("wamp.").subscribe());
        assert_eq!(watching(named.clone(), topic, policy), None, "{topic}");
        let partly = named.deny(Rule::exact("wamp.session.on_join").subscribe());
        assert!(watching(partly, topic, policy).is_some(), "{topic}");
        // To call is something else.
        let called = all().allow(Rule::prefix("wamp.").call());
        assert!(watching(called, topic, policy).is_some(), "{topic}");
    }
    for (topic, policy) in [
        ("com.", Match::Prefix),
        ("wampum.", Match::Prefix),
        ("com..x", Match::Wildcard),
        ("com.example.t", Match::Exact),
    ] {
        assert_eq!(watching(all(), topic, policy), None, "{topic}");
    }
    let only = anonymous().allow(Rule::exact("wamp.session.on_join").subscribe());
    assert_eq!(watching(only, "wamp.session.on_join", Match::Exact), None);
    // If the meta API is off for all roles, there are no meta events to hide.
    let mut config = RouterConfig::new(7).realm("realm1").role(all());
    config.meta_api = MetaApi::Off;
    let mut net = Net::with(config);
    let who = net.join();
    assert_eq!(refusal(&mut net, who, subscribe_by(1, "", Match::Prefix)), None);
}

#[test]
fn testaments_are_publications() {
    let role = anonymous()
        .allow(Rule::prefix("com.").subscribe())
        .allow(Rule::exact("com.example.bye").publish().disclose());
    let mut net = net(role);
    let [watcher, who] = [net.join(), net.join()];
    net.subscribe(watcher, 1, "com.example.bye");
    let testament = |net: &mut Net, topic: &str| {
        let args = vec![topic.into(), Value::List(vec![1.into()]), Dict::new().into()];
        ask(net, who, "wamp.session.add_testament", args)
    };
    let refused = testament(&mut net, "com.example.other").unwrap_err();
    assert_eq!(refused.uri, "wamp.error.not_authorized");
    assert_eq!(refused.text, "role \"anonymous\" may not publish to \"com.example.other\"");
    let refused = testament(&mut net, "com..other").unwrap_err();
    assert_eq!(refused.uri, "wamp.error.invalid_uri");
    let refused = ask(&mut net, who, "wamp.session.add_testament", vec![]).unwrap_err();
    assert_eq!(refused.uri, "wamp.error.invalid_argument");
    assert_eq!(testament(&mut net, "com.example.bye"), Ok(Value::Null));
    net.disconnect(who);
    let Message::Event(event) = net.take_one(watcher) else { panic!() };
    assert!(event.details.publisher.is_some());
}

#[test]
fn history_is_for_who_may_subscribe() {
    let role = anonymous()
        .allow(Rule::prefix("com.").publish())
        .allow(Rule::prefix("com.open").subscribe());
    let mut config = RouterConfig::new(7).realm("realm1").role(role);
    config = config.history("com.open", Match::Exact, 5).history("com.", Match::Prefix, 5);
    let mut net = Net::with(config);
    let who = net.join();
    net.send(who, publish(1, "com.open", 1));
    let lookup = |net: &mut Net, topic: &str, policy: &str| {
        let args = vec![topic.into(), Dict::new().with("match", policy).into()];
        ask(net, who, "wamp.subscription.lookup", args).unwrap()
    };
    let [open, all] = [lookup(&mut net, "com.open", "exact"), lookup(&mut net, "com.", "prefix")];
    let events = ask(&mut net, who, "wamp.subscription.get_events", vec![open]).unwrap();
    assert_eq!(events.as_list().map(<[Value]>::len), Some(1));
    let kwargs = Dict::new().with("subscription", all);
    let refused = ask_with(&mut net, who, "wamp.subscription.get_events", vec![], kwargs);
    let refused = refused.unwrap_err();
    assert_eq!(refused.uri, "wamp.error.not_authorized");
    assert_eq!(refused.text, "role \"anonymous\" may not subscribe to \"com.\" (prefix)");
    let refused = ask(&mut net, who, "wamp.subscription.get_events", vec![99.into()]);
    assert_eq!(refused.unwrap_err().uri, "wamp.error.no_such_subscription");
}

#[test]
fn a_realm_can_have_roles_of_its_own() {
    let config = RouterConfig::new(7)
        .realm("realm1")
        .realm("realm2")
        .realm("realm3")
        .role(anonymous().allow(Rule::exact("com.a").call()))
        .role_on("realm2", anonymous().allow(Rule::exact("com.b").call()))
        .role_on("realm3", Role::new("admin"));
    let mut net = Net::with(config);
    for (realm, allowed) in [("realm1", "com.a"), ("realm2", "com.b"), ("realm3", "com.a")] {
        let who = net.connect();
        net.send(who, hello(realm));
        assert!(matches!(net.take_one(who), Message::Welcome(_)));
        for uri in ["com.a", "com.b"] {
            let given = refusal(&mut net, who, call(1, uri, 1));
            assert_eq!(given.is_none(), uri == allowed, "{realm} {uri}");
        }
    }
}

#[test]
fn who_has_no_role_cannot_join() {
    let mut net = net(Role::new("admin").allow(Rule::prefix("").all()));
    let who = net.connect();
    net.send(who, hello("realm1"));
    let Message::Abort(abort) = net.take_one(who) else { panic!() };
    assert_eq!(abort.reason, "wamp.error.no_such_role");
    let text = "\"realm1\" has no role \"anonymous\"";
    assert_eq!(abort.details.into_fields().message.as_deref(), Some(text));
}
