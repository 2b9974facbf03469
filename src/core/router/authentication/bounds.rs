//! Limits of HELLO and AUTHENTICATE from clients that have proved nothing yet.
//!
//! A worker thread is busy while this data is hashed, normalized and looked up, so a client must not
//! choose its size.

use crate::core::router::authentication::attempt::Refusal;
use crate::message::{Authenticate, HelloDetails};
use crate::uri::Uri;
use crate::value::{Dict, Value};

/// Maximum length of authid and authrole in HELLO, in octets.
const MAX_NAME: usize = 256;

/// Maximum number of methods in HELLO.
const MAX_METHODS: usize = 32;

/// Maximum length of a method's name, in octets.
const MAX_METHOD: usize = 64;

/// Maximum weight of authextra and AUTHENTICATE.Extra, in octets; see [`fits`].
const MAX_EXTRA: usize = 16 << 10;

/// Maximum length of the signature in AUTHENTICATE, in octets: tickets may be long.
const MAX_SIGNATURE: usize = 64 << 10;

/// Checks the sizes in HELLO.
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
        Refusal::new(Uri::AUTHENTICATION_FAILED, text)
    })
}

/// Checks the sizes in AUTHENTICATE.
pub(super) fn check_answer(answer: &Authenticate) -> Result<(), Refusal> {
    let good = answer.signature.len() <= MAX_SIGNATURE && fits(&answer.extra);
    good.then_some(()).ok_or_else(|| {
        let text = format!(
            "AUTHENTICATE is too long: Signature may have {MAX_SIGNATURE} octets, Extra {MAX_EXTRA}"
        );
        Refusal::new(Uri::AUTHENTICATION_FAILED, text)
    })
}

/// Returns whether a dict weighs at most [`MAX_EXTRA`]: its texts and octets, and 32 for each
/// value. Stops at the limit.
fn fits(dict: &Dict) -> bool {
    take_dict(&mut { MAX_EXTRA }, dict)
}

fn take_dict(room: &mut usize, dict: &Dict) -> bool {
    dict.iter().all(|(key, value)| take(room, key.len()) && take_value(room, value))
}

/// The recursion is bounded: each level takes room for a value.
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
