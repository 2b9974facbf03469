//! Cryptosign: both ends against each other.

use wampwerk::auth::Credential;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::internals::auth::{Exchange, to_hex};
use wampwerk::message::Challenge;
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::{answer, context, tampered};

fn key() -> SigningKey {
    SigningKey::from_seed([3; 32])
}

fn credential() -> Credential {
    let other = SigningKey::from_seed([4; 32]);
    Credential::Cryptosign { public_keys: vec![other.public_key(), key().public_key()] }
}

fn hello() -> Dict {
    Dict::new().with("pubkey", to_hex(&key().public_key()))
}

fn respond(key: &SigningKey, challenge: &Challenge, channel_id: Option<&[u8; 32]>) -> String {
    let challenge = challenge.extra.get("challenge").and_then(Value::as_str).unwrap();
    let message = wampwerk::internals::auth::to_be_signed(challenge, channel_id).unwrap();
    wampwerk::internals::auth::response(&key.sign(&message), &message)
}

#[test]
fn a_known_key_joins() {
    let hello = hello();
    let (challenge, exchange) = Exchange::begin(&credential(), &context("joe", &hello)).unwrap();
    assert_eq!(challenge.method, "cryptosign");
    assert_eq!(challenge.extra.get("challenge"), Some(&"5a".repeat(32).into()));
    assert_eq!(challenge.extra.get("channel_binding"), Some(&Value::Null));
    let signature = respond(&key(), &challenge, None);
    assert!(exchange.verify(&answer(&signature, &Dict::new())).unwrap().is_empty());
}

#[test]
fn nothing_else_joins() {
    let hello = hello();
    let none = Dict::new();
    let begin = || Exchange::begin(&credential(), &context("joe", &hello)).unwrap();
    let (challenge, _) = begin();
    let signature = respond(&key(), &challenge, None);
    for wrong in tampered(&signature) {
        assert!(begin().1.verify(&answer(&wrong, &none)).is_err(), "{wrong}");
    }
    for wrong in ["", "zz", &signature[2..], &format!("{signature}00")] {
        begin().1.verify(&answer(wrong, &none)).unwrap_err();
    }
    // Signed by another key of the same user than HELLO says, and by a stranger's.
    let other = SigningKey::from_seed([4; 32]);
    let stranger = SigningKey::from_seed([5; 32]);
    for key in [&other, &stranger] {
        let signature = respond(key, &challenge, None);
        begin().1.verify(&answer(&signature, &none)).unwrap_err();
    }
    // A stranger's key is challenged as any other, and not let in.
    let hello = Dict::new().with("pubkey", to_hex(&stranger.public_key()));
    let (asked, exchange) = Exchange::begin(&credential(), &context("joe", &hello)).unwrap();
    assert_eq!(asked.extra, challenge.extra);
    exchange.verify(&answer(&respond(&stranger, &asked, None), &none)).unwrap_err();
    // A good signature over something else than the challenge.
    let message = [9; 32];
    let signature = wampwerk::internals::auth::response(&key().sign(&message), &message);
    begin().1.verify(&answer(&signature, &none)).unwrap_err();
}

#[test]
fn a_key_of_small_order_signs_nothing() {
    // The neutral element: with it, a signature of zeros holds for every message.
    let mut weak = [0; 32];
    weak[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let message = [9; 32];
    let response = wampwerk::internals::auth::response(&signature, &message);
    wampwerk::internals::auth::verify(&weak, &message, &response).unwrap_err();
}

#[test]
fn the_channel_is_part_of_what_is_signed() {
    let channel_id = [0xC3; 32];
    let hello = hello().with("channel_binding", "tls-exporter");
    let mut context = context("joe", &hello);
    context.channel_id = Some(channel_id);
    let begin = || Exchange::begin(&credential(), &context).unwrap();
    let (challenge, exchange) = begin();
    assert_eq!(challenge.extra.get("channel_binding"), Some(&"tls-exporter".into()));
    let signature = respond(&key(), &challenge, Some(&channel_id));
    exchange.verify(&answer(&signature, &Dict::new())).unwrap();
    for other in [None, Some(&[0xC4; 32])] {
        let signature = respond(&key(), &challenge, other);
        begin().1.verify(&answer(&signature, &Dict::new())).unwrap_err();
    }
}

#[test]
fn a_binding_that_there_is_not_is_refused() {
    for (binding, expected) in [
        ("tls-exporter", "this transport does not support channel binding"),
        ("tls-unique", "the only supported type is"),
    ] {
        let hello = hello().with("channel_binding", binding);
        let error = Exchange::begin(&credential(), &context("joe", &hello)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        // As for users that there are not.
        let mock = Exchange::mock("cryptosign", &context("ghost", &hello)).unwrap_err();
        assert_eq!(mock, error);
    }
}

#[test]
fn the_router_proves_itself_if_it_is_asked_to() {
    let router_key = SigningKey::from_seed([11; 32]);
    let asked = "ab".repeat(32);
    let channel_id = [0xC3; 32];
    for binding in [None, Some("tls-exporter")] {
        let hello = hello().with("challenge", asked.as_str()).with("channel_binding", binding);
        let mut context = context("joe", &hello);
        context.channel_id = Some(channel_id);
        context.router_key = Some(&router_key);
        let (challenge, _) = Exchange::begin(&credential(), &context).unwrap();
        let text = |key| challenge.extra.get(key).and_then(Value::as_str).unwrap();
        let key = wampwerk::internals::auth::public_key_from_hex(text("pubkey")).unwrap();
        assert_eq!(key, router_key.public_key());
        let channel_id = binding.map(|_| &channel_id);
        let message = wampwerk::internals::auth::to_be_signed(&asked, channel_id).unwrap();
        wampwerk::internals::auth::verify(&key, &message, text("signature")).unwrap();
        // The challenge for an unknown user looks the same.
        let (mock, _) = Exchange::mock("cryptosign", &context).unwrap();
        assert_eq!(mock.extra, challenge.extra);
    }
}

#[test]
fn what_is_wrong_in_hello_is_named() {
    let pubkey = to_hex(&key().public_key());
    for (hello, expected) in [
        (Dict::new(), "HELLO.Details.authextra.pubkey is missing"),
        (Dict::new().with("pubkey", 7), "HELLO.Details.authextra.pubkey must be a string, not"),
        (
            Dict::new().with("pubkey", "xyz"),
            "HELLO.Details.authextra.pubkey is not valid hexadecimal",
        ),
        (Dict::new().with("pubkey", "abcd"), "HELLO.Details.authextra.pubkey has 2 octets, not 32"),
        (
            hello().with("channel_binding", 1),
            "HELLO.Details.authextra.channel_binding must be a string",
        ),
    ] {
        let error = Exchange::begin(&credential(), &context("joe", &hello)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let upper = Dict::new().with("pubkey", pubkey.to_uppercase());
    Exchange::begin(&credential(), &context("joe", &upper)).unwrap();
}
