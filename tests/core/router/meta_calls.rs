//! What can be called under `wamp.`, how, and what is answered to calls that cannot be.

use wampwerk::internals::core::router::{MetaApi, RouterConfig};
use wampwerk::message::*;
use wampwerk::{Dict, List, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_meta::*;

fn offering(offered: MetaApi) -> Net {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.meta_api = offered;
    Net::with(config)
}

#[test]
fn what_does_not_exist() {
    for offered in [MetaApi::Off, MetaApi::ReadOnly, MetaApi::Full] {
        let mut net = offering(offered);
        let (a, ..) = join(&mut net);
        for name in ["wamp.session.dance", "wamp.nothing", "wamp.session"] {
            let answer = ask(&mut net, a, name, vec![]);
            assert_refused(answer, "no_such_procedure", name);
        }
        assert_refused(ask(&mut net, a, "wamp.a b", vec![]), "invalid_uri", "is not a valid URI");
        assert_refused(ask(&mut net, a, "wamp.", vec![]), "invalid_uri", "is not a valid URI");
    }
}

#[test]
fn by_default_nobody_can_end_what_is_another_ones() {
    assert_eq!(RouterConfig::new(7).meta_api, MetaApi::ReadOnly);
    let mut net = offering(MetaApi::ReadOnly);
    let (a, ..) = join(&mut net);
    let (b, session, _) = join(&mut net);
    let id = net.subscribe(b, 1, "com.example.topic");
    for (procedure, args) in [
        ("wamp.session.kill", vec![session.into()]),
        ("wamp.session.kill_by_authid", vec!["nobody".into()]),
        ("wamp.session.kill_by_authrole", vec!["anonymous".into()]),
        ("wamp.session.kill_all", vec![]),
        ("wamp.registration.remove_callee", vec![1.into(), session.into()]),
        ("wamp.subscription.remove_subscriber", vec![id.into(), session.into()]),
    ] {
        assert_refused(ask(&mut net, a, procedure, args), "not_authorized", "read-only");
    }
    assert_eq!(ask(&mut net, a, "wamp.session.count", vec![]), Ok(2.into()));
    assert_eq!(ask(&mut net, a, "wamp.session.flush_testaments", vec![]), Ok(0.into()));
    assert_eq!((net.take(b), net.statistics().subscriptions), (vec![], 1));
}

#[test]
fn switched_off_it_is_not_announced_answered_or_told() {
    for (offered, there) in
        [(MetaApi::Off, false), (MetaApi::ReadOnly, true), (MetaApi::Full, true)]
    {
        let mut net = offering(offered);
        let a = net.connect();
        net.send(a, hello("realm1"));
        let Message::Welcome(welcome) = net.take_one(a) else { panic!() };
        let roles = welcome.details.into_fields().roles.unwrap();
        for (role, feature) in [
            ("broker", "session_meta_api"),
            ("broker", "subscription_meta_api"),
            ("dealer", "session_meta_api"),
            ("dealer", "registration_meta_api"),
            ("dealer", "testament_meta_api"),
        ] {
            assert_eq!(roles.supports(role, feature), there, "{offered:?} {role} {feature}");
        }
        net.subscribe(a, 1, "wamp.session.on_join");
        net.join();
        assert_eq!(net.take(a).len(), usize::from(there));
        if !there {
            let answer = ask(&mut net, a, "wamp.session.count", vec![]);
            assert_refused(answer, "no_such_procedure", "wamp.session.count");
        }
    }
}

#[test]
fn bad_arguments_are_named() {
    let mut net = full();
    let (a, session, _) = join(&mut net);
    let mut refused = |procedure: &str, args: List, kwargs: Dict, cause: &str| {
        assert_refused(ask_with(&mut net, a, procedure, args, kwargs), "invalid_argument", cause);
    };
    let none = Dict::new;
    refused("wamp.session.get", vec![], none(), "argument \"session\" is missing");
    refused("wamp.session.get", vec![1.into(), 2.into()], none(), "1 positional");
    refused("wamp.session.get", vec!["1".into()], none(), "non-negative integer, is string");
    refused("wamp.session.get", vec![1.5.into()], none(), "is float");
    refused("wamp.session.get", vec![(-1).into()], none(), "non-negative");
    refused("wamp.session.get", vec![Value::Null], none(), "is null");
    let twice = none().with("session", session);
    refused("wamp.session.get", vec![session.into()], twice, "\"session\" is given twice");
    let more = none().with("more", 1);
    refused("wamp.session.get", vec![session.into()], more, "unknown argument \"more\"");
    refused("wamp.session.count", vec!["anonymous".into()], none(), "must be a list of strings");
    refused("wamp.session.count", vec![list([1])], none(), "must be a list of strings");
    refused("wamp.session.kill_by_authid", vec![1.into()], none(), "\"authid\" must be a string");
    refused("wamp.registration.lookup", vec!["a".into(), 1.into()], none(), "\"options\"");
    refused("wamp.registration.match", vec![1.into()], none(), "\"procedure\" must be a URI");
    refused("wamp.registration.remove_callee", vec![1.into()], none(), "\"callee\" is missing");
    refused("wamp.subscription.match", vec![], none(), "\"topic\" is missing");
    refused("wamp.subscription.list", vec!["me".into()], none(), "\"session\"");
    // What answers a request is not much longer than it.
    let long = none().with("x".repeat(10_000), 1);
    let answer = ask_with(&mut net, a, "wamp.session.count", vec![], long);
    assert!(answer.unwrap_err().text.len() < 300);
}

#[test]
fn arguments_come_by_keyword_too() {
    let mut net = full();
    let (a, session, _) = join(&mut net);
    let kwargs = Dict::new().with("session", session);
    assert!(ask_with(&mut net, a, "wamp.session.get", vec![], kwargs).is_ok());
}

#[test]
fn options_that_make_no_sense_change_nothing() {
    let mut net = full();
    let (a, ..) = join(&mut net);
    let mut message = meta_call("wamp.session.count", vec![], Dict::new());
    message.options.timeout = Some(1);
    message.options.receive_progress = Some(true);
    message.options.disclose_me = Some(true);
    net.send(a, message);
    let Message::Result(result) = net.take_one(a) else { panic!() };
    assert_eq!((result.details, only_value(&result.payload)), (ResultDetails::default(), 1.into()));
    // Nothing is left to be cancelled or to time out.
    net.send(a, cancel(1000, CancelMode::Kill));
    net.advance(std::time::Duration::from_secs(60));
    assert_eq!((net.take(a), net.statistics().calls), (vec![], 0));
}

#[test]
fn what_only_another_client_can_read_is_refused() {
    let mut net = full();
    let (a, ..) = join_with(&mut net, able());
    let count = || meta_call("wamp.session.count", vec![], Dict::new());
    let [mut progress, mut passthru, mut transparency] = [count(), count(), count()];
    progress.options.progress = Some(true);
    passthru.options.ppt_scheme = Some("x_mine".to_owned());
    transparency.options.enc_algo = Some("cryptobox".to_owned());
    for (message, more) in [(progress, true), (passthru, false), (transparency, false)] {
        net.send(a, message.clone());
        assert_eq!(net.take(a), ["ERROR 48 1000 wamp.error.feature_not_supported"]);
        if more {
            // The rest of its arguments was on the way.
            net.send(a, message.clone());
            net.send(a, count());
            assert_eq!(net.take(a), [""; 0]);
        }
    }
    assert_eq!(ask(&mut net, a, "wamp.session.count", vec![]), Ok(1.into()));
}

#[test]
fn what_was_not_announced_is_a_violation() {
    for option in ["progress", "ppt_scheme"] {
        let mut net = full();
        let (a, ..) = join(&mut net);
        let mut message = meta_call("wamp.session.count", vec![], Dict::new());
        match option {
            "progress" => message.options.progress = Some(true),
            _ => message.options.ppt_scheme = Some("x_mine".to_owned()),
        }
        net.send(a, message);
        net.assert_violation(a, &format!("CALL.Options.{option} was not announced"));
    }
}

#[test]
fn request_ids_are_checked_as_those_of_any_call() {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.strict_request_ids = true;
    let mut net = Net::with(config);
    let a = net.join();
    net.send(a, call(1, "wamp.session.get", 7));
    assert_eq!(net.take(a), ["ERROR 48 1 wamp.error.no_such_session"]);
    net.send(a, call(3, "wamp.session.get", 7));
    net.assert_violation(a, "out of sequence");

    let mut net = full();
    let (a, ..) = join(&mut net);
    net.register(a, 1, "com.example.add");
    net.send(a, call(1000, "com.example.add", 1));
    net.take(a);
    net.send(a, meta_call("wamp.session.count", vec![], Dict::new()));
    net.assert_violation(a, "a call that is under way");
}
