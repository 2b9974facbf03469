//! How much a client may say of itself before it has proved anything.
//!
//! What it says is hashed, normalized and looked for while all other connections wait, so that its
//! length must not be the client's choice.

use crate::core::router::authentication::attempt::Refusal;
use crate::message::{Authenticate, HelloDetails};
use crate::uri::uris;
use crate::value::{Dict, Value};

/// The longest authid and authrole in HELLO, in octets.
const MAX_NAME: usize = 256;

/// The most methods that HELLO may offer.
const MAX_METHODS: usize = 32;

/// The longest name of a method, in octets.
const MAX_METHOD: usize = 64;

/// What authextra and AUTHENTICATE.Extra may weigh, in octets; see [`fits`].
const MAX_EXTRA: usize = 16 << 10;

/// The longest signature in AUTHENTICATE, in octets: tickets may be long.
const MAX_SIGNATURE: usize = 64 << 10;

/// That HELLO can be looked at.
pub(super) fn check_hello(details: &HelloDetails) -> Result<(), Refusal> {
    let short = |name: &Option<String>| name.as_ref().is_none_or(|name| name.len() <= MAX_NAME);
    let methods = details.authmethods.as_deref().unwrap_or_default();
    let good = short(&details.authid)
        && short(&details.authrole)
        && methods.len() <= MAX_METHODS
        && methods.iter().all(|method| method.len() <= MAX_METHOD)
        && details.authextra.as_ref().is_none_or(fits);
    good.then_some(()).ok_or_else(|| {
        let text = format!(
            "HELLO.Details is too long: authid and authrole may have {MAX_NAME} octets, \
             authmethods {MAX_METHODS} elements of {MAX_METHOD} octets, authextra {MAX_EXTRA} octets"
        );
        Refusal::new(uris::AUTHENTICATION_FAILED, text)
    })
}

/// That AUTHENTICATE can be looked at.
pub(super) fn check_answer(answer: &Authenticate) -> Result<(), Refusal> {
    let good = answer.signature.len() <= MAX_SIGNATURE && fits(&answer.extra);
    good.then_some(()).ok_or_else(|| {
        let text = format!(
            "AUTHENTICATE is too long: Signature may have {MAX_SIGNATURE} octets, Extra {MAX_EXTRA}"
        );
        Refusal::new(uris::AUTHENTICATION_FAILED, text)
    })
}

/// Whether a dict weighs no more than [`MAX_EXTRA`]: its texts and octets, and 32 for each value.
/// Looks no further than to there.
fn fits(dict: &Dict) -> bool {
    take_dict(&mut { MAX_EXTRA }, dict)
}

fn take_dict(room: &mut usize, dict: &Dict) -> bool {
    dict.iter().all(|(key, value)| take(room, key.len()) && take_value(room, value))
}

/// It calls itself at most as often as values fit in.
fn take_value(room: &mut usize, value: &Value) -> bool {
    const VALUE: usize = 32;
    take(room, VALUE)
        && match value {
            Value::String(text) => take(room, text.len()),
            Value::Bytes(octets) => take(room, octets.len()),
            Value::List(list) => list.iter().all(|value| take_value(room, value)),
            Value::Dict(dict) => take_dict(room, dict),
            _ => true,
        }
}

fn take(room: &mut usize, octets: usize) -> bool {
    let left = room.checked_sub(octets);
    *room = left.unwrap_or_default();
    left.is_some()
}
