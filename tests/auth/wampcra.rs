//! Ticket and WAMP-CRA: both ends against each other.

use wampwerk::auth::{Credential, Salt, Secret, wampcra};
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common;
use crate::common::{begin, tampered, verify};

#[test]
fn a_ticket_is_sent_as_it_is() {
    let credential = Credential::Ticket("ticket-secret".into());
    let (challenge, exchange) = begin(&credential, &Dict::new());
    assert_eq!((challenge.method.as_str(), challenge.extra.len()), ("ticket", 0));
    let welcome = exchange.verify(&common::answer("ticket-secret", &Dict::new())).unwrap();
    assert!(welcome.is_empty());
    for wrong in ["", "ticket-secre", "ticket-secret ", "Ticket-secret"] {
        verify(&credential, &Dict::new(), wrong, &Dict::new()).unwrap_err();
    }
}

#[test]
fn the_challenge_says_who_when_and_which_session() {
    let credential = Credential::WampCra { secret: "cra-secret".into(), salt: None };
    let (challenge, _) = begin(&credential, &Dict::new());
    assert_eq!((challenge.method.as_str(), challenge.extra.len()), ("wampcra", 1));
    let text = challenge.extra.get("challenge").and_then(Value::as_str).unwrap();
    let text: Dict = serde_json::from_str(text).unwrap();
    let expected = Dict::new()
        .with("authid", "joe")
        .with("authrole", "user")
        .with("authmethod", "wampcra")
        .with("authprovider", "static")
        .with("nonce", "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=")
        .with("timestamp", "2014-06-22T16:36:25.448Z")
        .with("session", 3_251_278_072_152_162_u64);
    assert_eq!(text, expected);
}

#[test]
fn names_that_need_escaping_are_still_json() {
    let authid = "jo\"e\\\n";
    let credential = Credential::WampCra { secret: "s".into(), salt: None };
    let none = Dict::new();
    let context = common::context(authid, &none);
    let (challenge, _) = wampwerk::internals::auth::Exchange::begin(&credential, &context).unwrap();
    let text = challenge.extra.get("challenge").and_then(Value::as_str).unwrap();
    let text: Dict = serde_json::from_str(text).unwrap();
    assert_eq!(text.get("authid").and_then(Value::as_str), Some(authid));
}

#[test]
fn the_secret_joins_and_nothing_else_does() {
    let secret = Secret::from("cra-secret");
    let plain = Credential::WampCra { secret: secret.clone(), salt: None };
    let salt = Salt { salt: "salt123".into(), iterations: 1000, keylen: 32 };
    let salted = Credential::salted_wampcra(&secret, salt).unwrap();
    for credential in [plain, salted] {
        let none = Dict::new();
        let (challenge, exchange) = begin(&credential, &none);
        let signature =
            wampwerk::internals::auth::wampcra::answer(&secret, &challenge.extra).unwrap();
        assert!(exchange.verify(&common::answer(&signature, &none)).unwrap().is_empty());
        for wrong in tampered(&signature) {
            assert!(verify(&credential, &none, &wrong, &none).is_err(), "{wrong}");
        }
        let cut = &signature[..signature.len() - 1];
        verify(&credential, &none, cut, &none).unwrap_err();
        let other =
            wampwerk::internals::auth::wampcra::answer(&"other".into(), &challenge.extra).unwrap();
        verify(&credential, &none, &other, &none).unwrap_err();
    }
}

#[test]
fn a_salt_without_numbers_has_the_defaults() {
    let secret = Secret::from("secret");
    let extra = Dict::new().with("challenge", "{}").with("salt", "salt123");
    let full = extra.clone().with("iterations", 1000).with("keylen", 32);
    assert_eq!(
        wampwerk::internals::auth::wampcra::answer(&secret, &extra),
        wampwerk::internals::auth::wampcra::answer(&secret, &full)
    );
    // Without a salt they mean nothing.
    let unsalted = Dict::new().with("challenge", "{}").with("iterations", u64::MAX);
    assert_eq!(
        wampwerk::internals::auth::wampcra::answer(&secret, &unsalted).unwrap(),
        wampcra::sign(b"secret", "{}")
    );
}

#[test]
fn a_router_cannot_make_the_client_compute_for_minutes() {
    let secret = Secret::from("secret");
    let salted = Dict::new().with("challenge", "{}").with("salt", "salt123");
    for (iterations, keylen) in [
        (0, 32),
        (1_000_001, 32),
        (500_001, 33),
        (u32::MAX, 32),
        (1000, 0),
        (1000, 1025),
        (1, u32::MAX),
        (u32::MAX, u32::MAX),
    ] {
        let extra = salted.clone().with("iterations", iterations).with("keylen", keylen);
        let error =
            wampwerk::internals::auth::wampcra::answer(&secret, &extra).unwrap_err().to_string();
        assert!(error.contains("iterations") || error.contains("keylen"), "{error}");
    }
}

#[test]
fn what_is_wrong_in_a_challenge_is_named() {
    let secret = Secret::from("hush");
    let good = Dict::new().with("challenge", "{}").with("salt", "salt123");
    for (key, value, expected) in [
        ("challenge", Value::Null, "CHALLENGE.Extra.challenge is missing"),
        ("challenge", Value::from(7), "CHALLENGE.Extra.challenge must be a string, not integer"),
        ("salt", Value::from(true), "CHALLENGE.Extra.salt must be a string, not bool"),
        ("keylen", Value::from(-1), "CHALLENGE.Extra.keylen must be an integer from 0 to 2^32 - 1"),
        ("iterations", Value::from("9"), "CHALLENGE.Extra.iterations must be an integer from 0 to"),
        (
            "iterations",
            Value::from(u64::MAX),
            "CHALLENGE.Extra.iterations must be an integer from 0 to",
        ),
    ] {
        let error =
            wampwerk::internals::auth::wampcra::answer(&secret, &good.clone().with(key, value))
                .unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!format!("{error:?}").contains("hush"));
    }
}
