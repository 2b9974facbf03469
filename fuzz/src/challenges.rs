//! Challenges of a router: a client answers them or refuses, and computes no more than its bounds allow.

use wampwerk::auth::scram::Dialect;
use wampwerk::internals::auth::{ClientExchange, MAX_ARGON2_WORK, MAX_PBKDF2_ITERATIONS, wampcra};
use wampwerk::internals::codec;
use wampwerk::message::Message;
use wampwerk::{Dict, Serializer, Value};

/// Most that one run computes: what is allowed takes seconds.
const ITERATIONS: u64 = 10_000;
const WORK: u64 = 32 * 1024;

const NONCE: &str = "abcdefghijklmnopqrstuvwxyz012345";

/// An octet of choices, then CHALLENGE.Extra in JSON; `NONCE` in a text is the client's nonce.
pub fn scram(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let Some(extra) = extra(rest) else { return };
    if is_too_long(&extra) {
        return;
    }
    let dialect = if choice & 1 > 0 { Dialect::Spec } else { Dialect::Autobahn };
    let mut exchange = ClientExchange::with_nonce(dialect, "peter", "secret".into(), NONCE)
        .accept_weak(choice & 2 > 0);
    match exchange.answer(&extra) {
        Ok((signature, answer)) => {
            assert!(!signature.is_empty() && signature.is_ascii());
            let nonce = extra.get("nonce").and_then(Value::as_str).unwrap();
            assert!(nonce.len() > NONCE.len(), "the router added nothing");
            assert_eq!(answer.is_empty(), dialect == Dialect::Autobahn);
            // No router's signature by chance.
            assert!(exchange.check(&extra).is_err());
        }
        Err(error) => {
            assert!(!error.to_string().contains("secret"));
            assert!(exchange.check(&extra).is_err());
        }
    }
}

/// CHALLENGE.Extra in JSON.
pub fn cra(input: &[u8]) {
    let Some(extra) = extra(input) else { return };
    if is_too_long(&extra) {
        return;
    }
    let (bytes, answer) = super::allocated(|| wampcra::answer(&"secret".into(), &extra));
    let most = (64 << 10) + 16 * input.len();
    assert!(bytes < most, "{bytes} bytes were allocated for a challenge of {}", input.len());
    match answer {
        Ok(signature) => {
            assert_eq!(signature.len(), 44, "HMAC-SHA256 in Base64");
            assert!(extra.get("challenge").is_some_and(|it| it.as_str().is_some()));
        }
        Err(error) => assert!(!error.to_string().contains("secret")),
    }
}

fn extra(text: &[u8]) -> Option<Dict> {
    let text = std::str::from_utf8(text).ok()?.replace("NONCE", NONCE);
    let frame = format!(r#"[4,"m",{text}]"#);
    match codec::decode(Serializer::Json, &frame.into()) {
        Ok(Message::Challenge(challenge)) => Some(challenge.extra),
        _ => None,
    }
}

/// Returns whether the challenge asks for much that is allowed.
fn is_too_long(extra: &Dict) -> bool {
    let number = |key| extra.get(key).and_then(Value::as_u64).unwrap_or(1);
    let (iterations, memory) = (number("iterations"), number("memory"));
    let keylen = number("keylen").div_ceil(32);
    let pbkdf2 = iterations.saturating_mul(keylen);
    let (most, argon2) = (u64::from(MAX_PBKDF2_ITERATIONS), iterations.saturating_mul(memory));
    (ITERATIONS..=most.saturating_mul(64)).contains(&pbkdf2)
        || (WORK..=MAX_ARGON2_WORK).contains(&argon2)
}
