//! How the router finds out who a client is, by each method: users that it knows.

use std::time::Duration;

use wampwerk::auth::Salt;
use wampwerk::internals::core::router::{AuthenticationConfig, CloseCause, User};
use wampwerk::message::*;
use wampwerk::{Dict, Value};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_auth::*;
use crate::common::router_core::*;

#[test]
fn each_method_lets_in_who_can_prove_it() {
    for method in METHODS {
        let mut net = net();
        let id = net.connect();
        let mut client = Client::new(method, Some("joe"), RIGHT);
        net.send(id, client.hello());
        let challenge = challenge(&mut net, id);
        assert_eq!(challenge.method, method);
        net.send(id, client.answer(&challenge));
        let Message::Welcome(welcome) = net.take_one(id) else { panic!("{method}") };
        let details = welcome.details.into_fields();
        assert_eq!(details.authid.as_deref(), Some("joe"), "{method}");
        assert_eq!(details.authrole.as_deref(), Some("frontend"));
        assert_eq!(details.authmethod.as_deref(), Some(method));
        assert_eq!(details.authprovider.as_deref(), Some("static"));
        assert_eq!(net.statistics().sessions, 1);
        client.check(&details.authextra.unwrap_or_default());
        if method == "wampcra" {
            let text = text(&challenge, "challenge");
            assert!(text.contains(&format!("\"session\":{}", welcome.session)), "{text}");
        }
    }
}

#[test]
fn a_wrong_secret_and_an_unknown_name_look_the_same() {
    for method in METHODS {
        let mut told = Vec::new();
        for (authid, secret) in [("joe", WRONG), ("nobody", RIGHT), ("nobody", WRONG)] {
            let mut net = net();
            let id = net.connect();
            let mut client = Client::new(method, Some(authid), secret);
            net.send(id, client.hello());
            let challenge = challenge(&mut net, id);
            net.send(id, client.answer(&challenge));
            let Message::Abort(abort) = net.take_one(id) else { panic!("{method}") };
            assert_eq!(abort.reason, "wamp.error.authentication_denied");
            assert_eq!(net.statistics().sessions, 0);
            assert_eq!(net.closed(id), None);
            told.push((shape(&challenge), abort.details.into_fields().message));
        }
        assert!(told.iter().all(|it| *it == told[0]), "{method}: {told:?}");
    }
}

#[test]
fn mock_challenges_stay_the_same_and_differ_by_name() {
    for (method, key) in [("wampcra", "salt"), ("wamp-scram", "salt"), ("scram", "salt")] {
        let mut net = salted_net();
        let mut salt_of = |authid: &str| {
            let id = net.connect();
            net.send(id, Client::new(method, Some(authid), WRONG).hello());
            text(&challenge(&mut net, id), key)
        };
        let (nobody, ghost) = (salt_of("nobody"), salt_of("ghost"));
        assert_eq!(salt_of("nobody"), nobody, "{method}");
        assert_ne!(ghost, nobody);
        assert_ne!(salt_of("joe"), nobody);
    }
}

#[test]
fn salted_users_have_strangers_that_look_salted() {
    let mut net = salted_net();
    let mut shape_of = |authid: &str| {
        let id = net.connect();
        net.send(id, Client::new("wampcra", Some(authid), WRONG).hello());
        shape(&challenge(&mut net, id))
    };
    let joe = shape_of("joe");
    assert!(joe.contains("iterations"), "{joe}");
    assert_eq!(shape_of("nobody"), joe);
}

#[test]
fn salted_wampcra_takes_the_secret_of_which_the_key_was_made() {
    let mut net = salted_net();
    let id = net.connect();
    let mut client = Client::new("wampcra", Some("joe"), RIGHT);
    net.send(id, client.hello());
    let challenge = challenge(&mut net, id);
    net.send(id, client.answer(&challenge));
    assert_eq!(net.take(id), ["WELCOME"]);
}

#[test]
fn a_key_says_whose_it_is() {
    let mut net = net();
    let id = net.connect();
    let mut client = Client::new("cryptosign", None, RIGHT);
    net.send(id, client.hello());
    let challenge = challenge(&mut net, id);
    net.send(id, client.answer(&challenge));
    let Message::Welcome(welcome) = net.take_one(id) else { panic!() };
    assert_eq!(welcome.details.authid.as_deref(), Some("joe"));
}

#[test]
fn somebody_elses_key_is_of_no_use() {
    let mut net = net();
    let id = net.connect();
    // The key is Joe's, the name is another user's.
    let mut client = Client::new("cryptosign", Some("jane"), RIGHT);
    net.send(id, client.hello());
    let challenge = challenge(&mut net, id);
    net.send(id, client.answer(&challenge));
    assert_eq!(net.take(id), ["ABORT wamp.error.authentication_denied"]);
}

#[test]
fn the_first_offered_method_counts_that_is_to_be_had() {
    let mut net = net();
    let id = net.connect();
    for (offered, chosen) in [
        (&["tls", "wampcra", "ticket"][..], "wampcra"),
        (&["ticket", "wampcra"], "ticket"),
        (&["anonymous", "cookie", "scram"], "scram"),
    ] {
        let id = net.connect();
        let client = Client::new(chosen, Some("joe"), RIGHT);
        let mut hello = client.hello();
        hello.details.authmethods = Some(offered.iter().map(ToString::to_string).collect());
        net.send(id, hello);
        assert_eq!(challenge(&mut net, id).method, chosen);
    }
    for offered in [None, Some(vec![]), Some(vec!["anonymous".to_owned(), "tls".to_owned()])] {
        let mut hello = hello("realm1");
        hello.details.authmethods = offered;
        net.send(id, hello);
        assert_eq!(net.take(id), ["ABORT wamp.error.no_matching_auth_method"]);
    }
}

#[test]
fn a_realm_has_the_users_who_may_join_it() {
    let mut net = net();
    let id = net.connect();
    // Only Jane may join it, and only by a ticket.
    let mut hello = Client::new("wampcra", Some("joe"), RIGHT).hello();
    hello.realm = "realm2".into();
    net.send(id, hello.clone());
    assert_eq!(net.take(id), ["ABORT wamp.error.no_matching_auth_method"]);
    hello.details.authmethods = Some(vec!["ticket".to_owned()]);
    for (authid, answer) in [("joe", "ABORT wamp.error.authentication_denied"), ("jane", "WELCOME")]
    {
        hello.details.authid = Some(authid.to_owned());
        net.send(id, hello.clone());
        let challenge = challenge(&mut net, id);
        net.send(id, Client::new("ticket", None, RIGHT).answer(&challenge));
        assert_eq!(net.take(id), [answer]);
    }
    hello.realm = "realm3".into();
    let other = net.connect();
    net.send(other, hello);
    assert_eq!(net.take(other), ["ABORT wamp.error.no_such_realm"]);
}

#[test]
fn anonymous_beside_users_has_to_be_said() {
    let mut config = users();
    config.anonymous = Some("guest".to_owned());
    let mut net = net_with(config);
    let id = net.connect();
    net.send(id, hello("realm1"));
    let Message::Welcome(welcome) = net.take_one(id) else { panic!() };
    assert_eq!(welcome.details.authrole.as_deref(), Some("guest"));
    assert_eq!(welcome.details.authmethod.as_deref(), Some("anonymous"));
    assert!(!welcome.details.authid.as_deref().unwrap().is_empty());
}

#[test]
fn what_the_method_needs_is_said_by_name() {
    let mut net = net();
    let id = net.connect();
    for (method, reason, named) in [
        ("wampcra", "wamp.error.authentication_required", "authid"),
        ("ticket", "wamp.error.authentication_required", "authid"),
        ("cryptosign", "wamp.error.authentication_failed", "pubkey"),
    ] {
        let mut hello = hello("realm1");
        hello.details.authmethods = Some(vec![method.to_owned()]);
        net.send(id, hello);
        let Message::Abort(abort) = net.take_one(id) else { panic!() };
        assert_eq!(abort.reason, reason);
        assert!(abort.details.message.as_deref().unwrap().contains(named));
    }
}

#[test]
fn who_fails_may_try_again_but_not_for_ever() {
    let mut net = net();
    let id = net.connect();
    for attempt in 1..=5 {
        assert_eq!(net.closed(id), None);
        let mut client = Client::new("ticket", Some("joe"), WRONG);
        net.send(id, client.hello());
        let challenge = challenge(&mut net, id);
        net.send(id, client.answer(&challenge));
        assert_eq!(net.take(id), ["ABORT wamp.error.authentication_denied"], "{attempt}");
    }
    assert_eq!(net.closed(id), Some(CloseCause::NotAuthenticated));

    // Giving up counts as well.
    let id = net.connect();
    for _ in 0..5 {
        assert_eq!(net.closed(id), None);
        net.send(id, Client::new("ticket", Some("joe"), RIGHT).hello());
        challenge(&mut net, id);
        net.send(id, abort());
    }
    assert_eq!(net.take(id), [""; 0]);
    assert_eq!(net.closed(id), Some(CloseCause::NotAuthenticated));
}

#[test]
fn no_session_in_between_makes_up_for_failed_attempts() {
    let mut config = users();
    config.anonymous = Some("guest".to_owned());
    for between in ["anonymous", "jane"] {
        let mut net = net_with(config.clone());
        let id = net.connect();
        for attempt in 1..=5 {
            let mut client = Client::new("ticket", Some("joe"), WRONG);
            net.send(id, client.hello());
            let challenge = challenge(&mut net, id);
            net.send(id, client.answer(&challenge));
            assert_eq!(net.take(id), ["ABORT wamp.error.authentication_denied"]);
            assert_eq!(net.closed(id).is_some(), attempt == 5, "{between}: {attempt}");
            if attempt < 5 {
                if between == "anonymous" {
                    net.send(id, hello("realm1"));
                    assert_eq!(net.take(id), ["WELCOME"]);
                } else {
                    let_in(&mut net, id, between);
                }
                net.send(id, goodbye("wamp.close.close_realm"));
                net.take(id);
            }
        }
    }
}

#[test]
fn who_can_prove_it_may_join_as_often_as_it_likes() {
    let mut net = net();
    let id = net.connect();
    for _ in 0..10 {
        let mut client = Client::new("ticket", Some("joe"), RIGHT);
        net.send(id, client.hello());
        let challenge = challenge(&mut net, id);
        net.send(id, client.answer(&challenge));
        assert_eq!(net.take(id), ["WELCOME"]);
        net.send(id, goodbye("wamp.close.close_realm"));
        net.take(id);
    }
}

#[test]
fn challenges_wait_as_long_as_hello() {
    let mut net = net();
    let id = net.connect();
    net.advance(Duration::from_secs(9));
    net.send(id, Client::new("wampcra", Some("joe"), RIGHT).hello());
    challenge(&mut net, id);
    net.advance(Duration::from_millis(999));
    assert_eq!(net.closed(id), None);
    net.advance(Duration::from_millis(1));
    assert_eq!(net.take(id), ["ABORT wamp.error.timeout"]);
    assert_eq!(net.closed(id), Some(CloseCause::NotAuthenticated));
    assert_eq!(net.router.poll_timeout(), None);
    assert_eq!(net.statistics().connections, 0);
}

#[test]
fn only_authenticate_answers_challenge() {
    for (message, cause) in [
        (Message::from(hello("realm1")), "HELLO"),
        (call(1, "com.example.add", 1).into(), "CALL"),
        (goodbye("wamp.close.normal").into(), "GOODBYE"),
    ] {
        let mut net = net();
        let id = net.connect();
        net.send(id, Client::new("ticket", Some("joe"), RIGHT).hello());
        challenge(&mut net, id);
        net.send(id, message);
        net.assert_violation(id, cause);
    }
}

#[test]
fn authenticate_answers_nothing_but_challenge() {
    let answer = Authenticate { signature: RIGHT.to_owned(), extra: Default::default() };
    let mut net = net();
    let id = net.connect();
    net.send(id, answer.clone());
    net.assert_violation(id, "AUTHENTICATE");

    let id = net.connect();
    let mut client = Client::new("ticket", Some("joe"), RIGHT);
    net.send(id, client.hello());
    let challenge = challenge(&mut net, id);
    net.send(id, client.answer(&challenge));
    net.send(id, answer);
    net.assert_violation(id, "AUTHENTICATE");
    assert_eq!(net.statistics().sessions, 0);
}

#[test]
fn no_nonce_is_used_twice() {
    let mut net = net();
    let mut seen = std::collections::HashSet::new();
    for method in ["wampcra", "cryptosign", "wamp-scram", "scram"] {
        for _ in 0..20 {
            let id = net.connect();
            net.send(id, Client::new(method, Some("joe"), RIGHT).hello());
            let challenge = challenge(&mut net, id);
            let key = if method.contains("scram") { "nonce" } else { "challenge" };
            assert!(seen.insert(text(&challenge, key)), "{method}");
        }
    }
}

#[test]
fn the_meta_api_tells_who_it_is() {
    let mut net = net();
    let (watcher, joe) = (net.connect(), net.connect());
    let_in(&mut net, watcher, "jane");
    let topic = net.subscribe(watcher, 1, "wamp.session.on_join");
    let_in(&mut net, joe, "joe");
    let Message::Event(event) = net.take_one(watcher) else { panic!() };
    assert_eq!(event.subscription, topic);
    let (args, _) = event.payload.to_values().unwrap();
    let told = args[0].as_dict().unwrap();
    for (key, value) in [
        ("authid", "joe"),
        ("authrole", "frontend"),
        ("authmethod", "ticket"),
        ("authprovider", "static"),
    ] {
        assert_eq!(told.get(key).unwrap().as_str(), Some(value));
    }
}

#[test]
fn shutting_down_closes_those_who_are_challenged() {
    let mut net = net();
    let id = net.connect();
    net.send(id, Client::new("ticket", Some("joe"), RIGHT).hello());
    challenge(&mut net, id);
    net.router.shutdown(net.now);
    net.drain();
    assert_eq!(net.closed(id), Some(CloseCause::Shutdown));
}

fn let_in(net: &mut Net, id: wampwerk::internals::core::router::ConnectionId, authid: &str) {
    let mut client = Client::new("ticket", Some(authid), RIGHT);
    net.send(id, client.hello());
    let challenge = challenge(net, id);
    net.send(id, client.answer(&challenge));
    assert_eq!(net.take(id), ["WELCOME"]);
}

#[test]
fn nobody_is_looked_at_who_says_too_much() {
    /// Changes what is in HELLO.Details.
    type Change = fn(&mut HelloDetails);
    let long: [Change; 6] = [
        |details| details.authid = Some("\u{fb2c}".repeat(86)),
        |details| details.authrole = Some("r".repeat(257)),
        |details| details.authmethods = Some(vec!["wampcra".to_owned(); 33]),
        |details| details.authmethods = Some(vec!["m".repeat(65)]),
        |details| {
            let deep = (0..600).fold(Value::Null, |inner, _| vec![inner].into());
            details.authextra = Some(Dict::new().with("deep", deep));
        },
        |details| details.authextra = Some(Dict::new().with("token", "t".repeat(16 << 10))),
    ];
    let mut told = Vec::new();
    let mut net = net();
    for change in long {
        let id = net.connect();
        let mut hello = Client::new("ticket", Some("joe"), RIGHT).hello();
        change(&mut hello.details);
        net.send(id, hello);
        let Message::Abort(abort) = net.take_one(id) else { panic!() };
        assert_eq!(abort.reason, "wamp.error.authentication_failed");
        told.push(abort.details.into_fields().message.unwrap());
    }
    assert!(told.iter().all(|text| *text == told[0] && text.len() < 300), "{told:?}");

    // As much as that is still taken.
    let id = net.connect();
    let mut hello = Client::new("ticket", Some(&"j".repeat(256)), RIGHT).hello();
    hello.details.authmethods = Some(vec!["ticket".to_owned(); 32]);
    hello.details.authextra = Some(Dict::new().with("token", "t".repeat(16_000)));
    net.send(id, hello);
    challenge(&mut net, id);
}

#[test]
fn a_realm_is_no_longer_than_other_uris() {
    let mut net = net();
    let id = net.connect();
    net.send(id, hello(&"r".repeat(4097)));
    assert_eq!(net.take(id), ["ABORT wamp.error.invalid_uri"]);
}

#[test]
fn an_answer_that_is_too_long_is_not_looked_at() {
    let big = Dict::new().with("nonce", "n".repeat(16 << 10));
    for (signature, extra) in [("s".repeat((64 << 10) + 1), Dict::new()), (String::new(), big)] {
        for method in METHODS {
            let mut net = net();
            let id = net.connect();
            net.send(id, Client::new(method, Some("joe"), RIGHT).hello());
            challenge(&mut net, id);
            net.send(id, Authenticate { signature: signature.clone(), extra: extra.clone() });
            assert_eq!(net.take(id), ["ABORT wamp.error.authentication_failed"], "{method}");
            // It was an attempt all the same.
            net.send(id, Client::new(method, Some("joe"), RIGHT).hello());
            challenge(&mut net, id);
        }
    }
}

/// The salts that names are shown in a router of so many users, kept as the first ones.
fn salts(users: usize, mock_secret: Option<&str>, nonce_key: u8) -> Vec<String> {
    let mut config = AuthenticationConfig::new([nonce_key; 32]);
    config.mock_secret = mock_secret.map(Into::into);
    config.users = (0..users)
        .map(|n| {
            let mut salt = Salt::new(format!("salt{n}"));
            // By which one sees whom a stranger is like.
            salt.iterations = 1000 + u32::try_from(n).unwrap();
            User::new(format!("user{n}"), format!("role{n}")).salted_wampcra("key", salt)
        })
        .collect();
    let mut net = net_with(config);
    let names = (0..100).map(|n| format!("stranger{n}"));
    names
        .map(|name| {
            let id = net.connect();
            net.send(id, Client::new("wampcra", Some(&name), WRONG).hello());
            let challenge = challenge(&mut net, id);
            format!("{} {:?}", text(&challenge, "salt"), challenge.extra.get("iterations"))
        })
        .collect()
}

#[test]
fn strangers_stay_the_same_when_the_router_starts_again() {
    let kept = salts(20, Some("kept"), 1);
    assert_eq!(salts(20, Some("kept"), 2), kept);
    assert_ne!(salts(20, Some("another"), 1), kept);
    assert_ne!(salts(20, None, 1), salts(20, None, 2));
    assert_eq!(salts(20, None, 1), salts(20, None, 1));
}

#[test]
fn few_strangers_change_with_one_user_more() {
    let (before, after) = (salts(20, Some("kept"), 1), salts(21, Some("kept"), 1));
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
    // Of a hundred, about five are like the new one, and no other changes.
    let changed: Vec<_> = changed.map(|(_, after)| after).collect();
    assert!((1..30).contains(&changed.len()), "{changed:?}");
    assert!(changed.iter().all(|it| it.contains("1020")), "{changed:?}");
}
