//! Reads and writes the dicts that cross as JSON: settings, options and reports; and the details of
//! messages, which cross in the format of their session.

use wampwerk::error::EncodeError;
use wampwerk::message::{Payload, Serializer};
use wampwerk::value::{Dict, Value};

/// Reads a dict. An empty text is an empty dict.
pub(crate) fn read(text: &[u8]) -> Result<Dict, EncodeError> {
    if text.is_empty() {
        return Ok(Dict::new());
    }
    let payload = Payload::from_encoded(Serializer::Json, b"[]", Some(text))?;
    let values = payload.to_values().map_err(|error| EncodeError::new(error.message));
    values.map(|(_, dict)| dict)
}

/// Writes a dict of a report.
pub(crate) fn write(dict: Dict) -> Payload {
    encoded(Serializer::Json, dict)
}

/// Writes details in the format of a session. Empty details are an empty payload.
pub(crate) fn details(serializer: Serializer, details: Dict) -> Payload {
    if details.is_empty() { Payload::empty() } else { encoded(serializer, details) }
}

/// Returns a payload with the dict as its only argument. What cannot be written is left out: these
/// are details that came in the same format, or texts.
fn encoded(serializer: Serializer, dict: Dict) -> Payload {
    Payload::from_values(vec![Value::Dict(dict)], Dict::new())
        .into_serializer(serializer)
        .unwrap_or_default()
}

/// Returns a text of a dict.
pub(crate) fn text<'a>(dict: &'a Dict, key: &str) -> Option<&'a str> {
    dict.get(key).and_then(Value::as_str)
}

/// Returns a number of a dict.
pub(crate) fn number(dict: &Dict, key: &str) -> Option<f64> {
    dict.get(key).and_then(Value::as_f64)
}

/// Returns a flag of a dict.
pub(crate) fn flag(dict: &Dict, key: &str) -> Option<bool> {
    dict.get(key).and_then(Value::as_bool)
}

/// Returns the elements of a list of a dict; none without the list.
pub(crate) fn list<'a>(dict: &'a Dict, key: &str) -> &'a [Value] {
    dict.get(key).and_then(Value::as_list).unwrap_or_default()
}
