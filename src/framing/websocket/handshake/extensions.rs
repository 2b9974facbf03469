//! Contains the syntax of `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).

use http::HeaderMap;
use http::header::SEC_WEBSOCKET_EXTENSIONS;

use super::fields::is_token_text;

/// An extension as it is offered or agreed: its name, and its parameters as they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension {
    /// Name, such as `permessage-deflate`.
    pub name: String,
    /// Whole text, such as `permessage-deflate; client_max_window_bits`.
    pub text: String,
}

/// The header `Sec-WebSocket-Extensions` is not a list of extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the header Sec-WebSocket-Extensions is not a valid list of extensions")]
pub struct ExtensionsError;

/// Returns the extensions of a head, in order, over all lines of the header.
pub(super) fn extensions(headers: &HeaderMap) -> Result<Vec<Extension>, ExtensionsError> {
    let mut all = Vec::new();
    for line in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        let line = line.to_str().map_err(|_| ExtensionsError)?;
        for text in split(line, ',')? {
            if !text.is_empty() {
                all.push(extension(text)?);
            }
        }
    }
    Ok(all)
}

fn extension(text: &str) -> Result<Extension, ExtensionsError> {
    let mut parts = split(text, ';')?.into_iter();
    let name = parts.next().filter(|name| is_token_text(name)).ok_or(ExtensionsError)?;
    for parameter in parts {
        let valid = match parameter.split_once('=') {
            None => is_token_text(parameter),
            Some((name, value)) => is_token_text(name.trim_end()) && is_value(value.trim_start()),
        };
        if !valid {
            return Err(ExtensionsError);
        }
    }
    Ok(Extension { name: name.to_owned(), text: text.to_owned() })
}

/// Returns whether this is a token, or a quoted token.
fn is_value(text: &str) -> bool {
    let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return is_token_text(text);
    };
    // A backslash stands for the character behind it, and is not part of a token.
    let mut plain = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some(escaped) => plain.push(escaped),
                None => return false,
            },
            char => plain.push(char),
        }
    }
    is_token_text(&plain)
}

/// Splits at a separator outside of quotes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, ExtensionsError> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            char if char == separator && !quoted => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err(ExtensionsError);
    }
    parts.push(text[start..].trim());
    Ok(parts)
}
