//! Reads the dicts of the meta API: ids and names are required, everything else is optional.

use crate::error::DecodeError;
use crate::uri::{Match, Uri};
use crate::value::{Dict, Value};

/// Removes and returns a required id.
pub(super) fn take_id(dict: &mut Dict, key: &'static str) -> Result<u64, DecodeError> {
    let value = dict.remove(key);
    value.as_ref().and_then(Value::as_u64).ok_or_else(|| wrong(key, "an id", value.as_ref()))
}

/// Removes and returns a required URI.
pub(super) fn take_uri(dict: &mut Dict, key: &'static str) -> Result<Uri, DecodeError> {
    let value = dict.remove(key);
    value
        .as_ref()
        .and_then(Value::as_str)
        .map(Uri::from)
        .ok_or_else(|| wrong(key, "a URI", value.as_ref()))
}

/// Removes and returns an optional text, which may be null; any other value stays.
pub(super) fn take_text(dict: &mut Dict, key: &str) -> Option<String> {
    match dict.remove(key)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => {
            dict.insert(key, other);
            None
        }
    }
}

/// Removes and returns a match policy; a missing one is exact.
pub(super) fn take_match(dict: &mut Dict) -> Result<Match, DecodeError> {
    match dict.remove("match") {
        None | Some(Value::Null) => Ok(Match::Exact),
        Some(value) => value
            .as_str()
            .and_then(Match::from_wire)
            .ok_or_else(|| wrong("match", "a match policy", Some(&value))),
    }
}

fn wrong(key: &str, expected: &str, value: Option<&Value>) -> DecodeError {
    match value {
        None => DecodeError::new(format!("{key} is missing")),
        Some(value) => DecodeError::new(format!("{key} must be {expected}, is {}", value.kind())),
    }
}
