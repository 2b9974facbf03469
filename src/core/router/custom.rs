//! Keys of options and details that only the two ends understand.

use crate::core::router::config::RouterConfig;
use crate::error::ApplicationError;
use crate::message::Payload;
use crate::uri::Uri;
use crate::value::{Dict, Value};

/// Checks the values that pass from the options of a request or an answer to others, where strict
/// readers end their own session over a wrong value. Without
/// [`strict_payloads`](RouterConfig::strict_payloads) everything passes.
///
/// # Errors
/// `wamp.error.invalid_argument`.
pub(super) fn check_forwarded(
    config: &RouterConfig,
    place: &str,
    payload: &Payload,
    [algorithm, serializer]: [&Option<String>; 2],
    extra: &Dict,
) -> Result<(), ApplicationError> {
    if !config.strict_payloads {
        return Ok(());
    }
    let wrong = |text| Err(ApplicationError::new(Uri::INVALID_ARGUMENT).arg(text));
    if let Some(hash) = extra.get("transaction_hash")
        && !matches!(hash, Value::String(_) | Value::Null)
    {
        return wrong(format!("{place}.transaction_hash must be a string, is {}", hash.kind()));
    }
    // Without binary data in place of arguments, readers ignore the keys of its encoding.
    if payload.opaque().is_none() {
        return Ok(());
    }
    let keys =
        [("enc_algo", algorithm, &ALGORITHMS[..]), ("enc_serializer", serializer, &SERIALIZERS)];
    for (key, name, known) in keys {
        if let Some(name) = name.as_deref()
            && !known.contains(&name)
            && !is_custom_name(name)
        {
            let known = known.join(", ");
            return wrong(format!("{place}.{key} must be {known} or x_…, is {name:.100?}"));
        }
    }
    Ok(())
}

/// Names of the encodings of binary data that Autobahn knows.
const ALGORITHMS: [&str; 3] = ["cryptobox", "mqtt", "xbr"];
const SERIALIZERS: [&str; 5] = ["json", "msgpack", "cbor", "ubjson", "flatbuffers"];

/// Returns whether Autobahn takes the name for one of an application.
fn is_custom_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("x_") else { return false };
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    match rest.as_bytes() {
        [] => true,
        [first, more @ ..] => {
            first.is_ascii_lowercase() && !more.is_empty() && more.iter().all(inner)
        }
    }
}

/// Keeps the unknown keys that pass through the router, from CALL, PUBLISH or YIELD to the
/// receiver: `transaction_hash` (Autobahn), and keys of applications and implementations, which
/// begin with `_` (spec) or `x_` (Autobahn). All others are ignored.
pub(super) fn custom(extra: Dict) -> Dict {
    let passes = |key: &str, value: &Value| {
        is_custom(key) && !(key == "transaction_hash" && *value == Value::Null)
    };
    extra.into_iter().filter(|(key, value)| passes(key, value)).collect()
}

/// Returns whether an unknown key passes through the router.
pub(crate) fn is_custom(key: &str) -> bool {
    // The delivery that this key announces is one between a router and its subscribers.
    key.starts_with('_')
        || (key.starts_with("x_") && key != "x_acknowledged_delivery")
        || key == "transaction_hash"
}
