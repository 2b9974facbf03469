//! Challenges for users that there are not: they look like others, and nobody can answer them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[path = "common/auth.rs"]
mod auth;

use auth::{answer, context};
use wampwerk::auth::cryptosign::{self, SigningKey, to_hex};
use wampwerk::auth::scram::{ClientExchange, Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Exchange, Salt, wampcra};
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn hello() -> Dict {
    let key = SigningKey::from_seed([3; 32]);
    Dict::new().with("pubkey", to_hex(&key.public_key())).with("nonce", "CQkJCQkJCQkJ")
}

fn salted(salt: &str) -> Credential {
    let salt = Salt { salt: salt.into(), iterations: 1234, keylen: 24 };
    Credential::salted_wampcra(&"secret".into(), salt).unwrap()
}

fn scram(dialect: Dialect, kdf: Kdf, iterations: u32, memory: Option<u32>) -> Credential {
    let salt = b"0123456789abcdef";
    let credential =
        ScramCredential::derive(dialect, &"secret".into(), kdf, salt, iterations, memory).unwrap();
    Credential::Scram { dialect, credential }
}

fn credentials() -> Vec<Credential> {
    let key = SigningKey::from_seed([3; 32]);
    vec![
        Credential::Ticket("ticket".into()),
        Credential::WampCra { secret: "secret".into(), salt: None },
        salted("salt123"),
        salted("0123456789abcdef"),
        Credential::Cryptosign { public_keys: vec![key.public_key()] },
        scram(Dialect::Spec, Kdf::Pbkdf2, 4096, None),
        scram(Dialect::Spec, Kdf::Argon2id13, 2, Some(8192)),
        scram(Dialect::Autobahn, Kdf::Argon2id13, 2, Some(512)),
    ]
}

/// What is told of a value without its content: its kind, and how long it is.
fn shape(extra: &Dict) -> Vec<(String, String)> {
    let one = |value: &Value| match value {
        Value::String(text) => format!("{} characters", text.len()),
        other => format!("{other:?}"),
    };
    extra.iter().map(|(key, value)| (key.to_owned(), one(value))).collect()
}

#[test]
fn a_mock_challenge_looks_like_a_real_one() {
    let hello = hello();
    for credential in credentials() {
        let (real, _) = Exchange::begin(&credential, &context("joe", &hello)).unwrap();
        let (mock, _) = Exchange::mock_like(&credential, &context("bob", &hello)).unwrap();
        assert_eq!(mock.method, real.method);
        assert_eq!(shape(&mock.extra), shape(&real.extra));
    }
}

#[test]
fn the_salt_stays_the_same_for_an_authid_and_is_another_one_for_others() {
    let hello = hello();
    let salted = credentials().into_iter().filter(|credential| {
        matches!(credential, Credential::WampCra { salt: Some(_), .. } | Credential::Scram { .. })
    });
    for credential in salted {
        let salt =
            |realm: &'static str, authid: &'static str, nonce: u8, secret: &'static [u8; 32]| {
                let mut context = context(authid, &hello);
                (context.realm, context.nonce, context.secret) = (realm, [nonce; 32], secret);
                let (challenge, _) = Exchange::mock_like(&credential, &context).unwrap();
                challenge.extra.get("salt").unwrap().clone()
            };
        let bob = salt("realm1", "bob", 1, &[7; 32]);
        assert_eq!(salt("realm1", "bob", 2, &[7; 32]), bob);
        assert_ne!(salt("realm1", "bo", 1, &[7; 32]), bob);
        assert_ne!(salt("realm", "1bob", 1, &[7; 32]), bob);
        assert_ne!(salt("realm2", "bob", 1, &[7; 32]), bob);
        assert_ne!(salt("realm1", "bob", 1, &[8; 32]), bob);
        let (real, _) = Exchange::begin(&credential, &context("bob", &hello)).unwrap();
        assert_ne!(real.extra.get("salt").unwrap(), &bob);
    }
}

#[test]
fn a_mock_never_lets_anybody_in() {
    let key = SigningKey::from_seed([3; 32]);
    let hello = hello();
    let context = context("bob", &hello);
    for credential in credentials() {
        let (challenge, exchange) = Exchange::mock_like(&credential, &context).unwrap();
        let (real, real_exchange) = Exchange::begin(&credential, &context).unwrap();
        // What the user whom the mock is like would answer.
        let reply = |extra: &Dict| match &credential {
            Credential::Ticket(ticket) => (ticket.as_str().unwrap().to_owned(), Dict::new()),
            Credential::WampCra { .. } => {
                (wampcra::answer(&"secret".into(), extra).unwrap(), Dict::new())
            }
            Credential::Scram { dialect, .. } => {
                let nonce = hello.get("nonce").and_then(Value::as_str).unwrap();
                let mut client =
                    ClientExchange::with_nonce(*dialect, "bob", "secret".into(), nonce);
                client.answer(extra).unwrap()
            }
            _ => {
                let challenge = extra.get("challenge").and_then(Value::as_str).unwrap();
                let message = cryptosign::to_be_signed(challenge, None).unwrap();
                (cryptosign::response(&key.sign(&message), &message), Dict::new())
            }
        };
        let (signature, extra) = reply(&challenge.extra);
        let mock_error = exchange.verify(&answer(&signature, &extra)).unwrap_err();
        let (signature, extra) = reply(&real.extra);
        real_exchange.verify(&answer(&signature, &extra)).unwrap();

        // And a wrong answer is refused in the same words as to a user that there is.
        let (_, exchange) = Exchange::begin(&credential, &context).unwrap();
        let real_error = exchange.verify(&answer("wrong", &extra)).unwrap_err();
        assert_eq!(mock_error, real_error);
    }
}

#[test]
fn every_method_with_a_challenge_has_a_usual_mock() {
    let hello = hello();
    let context = context("bob", &hello);
    for method in ["ticket", "wampcra", "cryptosign", "wamp-scram", "scram"] {
        let (challenge, exchange) = Exchange::mock(method, &context).unwrap();
        assert_eq!(challenge.method, method);
        exchange.verify(&answer("", &Dict::new())).unwrap_err();
    }
    for method in ["anonymous", "cookie", "tls", "", "WAMPCRA"] {
        let error = Exchange::mock(method, &context).unwrap_err().to_string();
        assert_eq!(error, format!("method {method:?} has no challenge"));
    }
    // What is wrong in HELLO is said to everybody in the same words.
    let empty = Dict::new();
    let context = auth::context("bob", &empty);
    for credential in credentials() {
        let real = Exchange::begin(&credential, &context).map(|_| ());
        assert_eq!(Exchange::mock(credential.method(), &context).map(|_| ()), real);
    }
}

#[test]
fn nothing_secret_is_written_out() {
    let hello = hello();
    for credential in credentials() {
        let (_, exchange) = Exchange::begin(&credential, &context("joe", &hello)).unwrap();
        assert_eq!(format!("{exchange:?}"), "Exchange(…)");
        let text = format!("{credential:?}");
        assert!(!text.contains("\"secret\"") && !text.contains("\"ticket\""), "{text}");
    }
    let client = ClientExchange::new(Dialect::Spec, "joe", "hush".into(), [0; 24]);
    assert!(!format!("{client:?}").contains("hush"));
}
