//! Contains the rules for header fields: lists, and fields that an application adds.

use http::HeaderMap;
use http::header::{AsHeaderName, HeaderName};

use super::scanner::is_token;

/// Headers that belong to the handshake or describe a body, besides `Sec-WebSocket-*`.
const OWN: [&str; 5] = ["host", "connection", "upgrade", "content-length", "transfer-encoding"];

/// Checks a header that an application adds to a request or a response.
///
/// # Errors
/// Returns what is wrong: an invalid name, a name that belongs to the handshake, or control characters in the
/// value.
pub fn check_field(name: &str, value: &str) -> Result<(), String> {
    if !is_token_text(name) {
        return Err(format!("{name:?} is not the name of a header"));
    }
    let lower = name.to_ascii_lowercase();
    if OWN.contains(&lower.as_str()) || lower.starts_with("sec-websocket-") {
        return Err(format!("the header {name} belongs to the handshake"));
    }
    check_value(value)
        .map_err(|()| format!("the value of the header {name} has control characters"))
}

/// Checks that a value has no control characters, such as CR, LF and NUL.
pub(super) fn check_value(value: &str) -> Result<(), ()> {
    if value.chars().any(char::is_control) { Err(()) } else { Ok(()) }
}

/// Returns whether the text is a token (RFC 9110, section 5.6.2).
pub(super) fn is_token_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token)
}

/// Returns the elements of a header that is a comma-separated list, over all its lines. Empty elements are
/// left out (RFC 9110, section 5.6.1).
pub(super) fn elements<'a>(
    headers: &'a HeaderMap,
    name: &'static HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).into_iter();
    let elements = lines.flat_map(|line| line.as_bytes().split(|&octet| octet == b','));
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// Returns whether the list has this token, in any case.
pub(super) fn has_token(headers: &HeaderMap, name: &'static HeaderName, token: &str) -> bool {
    elements(headers, name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
}

/// Returns the value of a header that occurs exactly once, without white space around it.
pub(super) fn once<'a>(headers: &'a HeaderMap, name: impl AsHeaderName) -> Once<'a> {
    let mut lines = headers.get_all(name).into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => Once::Missing,
        (Some(_), Some(_)) => Once::Repeated,
        (Some(value), None) => Once::Value(value.as_bytes().trim_ascii()),
    }
}

/// Occurrences of a header that may occur once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Once<'a> {
    Missing,
    Value(&'a [u8]),
    Repeated,
}
