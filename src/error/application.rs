//! `ApplicationError`: an error that travels through WAMP.

use std::fmt;

use super::cause::Cause;
use super::text::debug_as_text;
use crate::decimal::Shown;
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// An error that travels through WAMP: the answer of a callee or of the router, and what a handler
/// returns.
///
/// ```
/// use wampwerk::ApplicationError;
///
/// let error = ApplicationError::new("com.example.error.too_big").arg(17).kwarg("limit", 10);
/// assert_eq!(error.uri, "com.example.error.too_big");
/// assert_eq!(error.to_string(), "com.example.error.too_big: 17 (limit: 10)");
/// ```
///
/// [`wamp_errors!`](crate::wamp_errors) defines error types of your own that travel as such and are
/// read back by the caller.
#[derive(Clone)]
#[non_exhaustive]
pub struct ApplicationError {
    /// URI of the error.
    pub uri: Uri,
    /// Positional values, often one text for people.
    pub args: List,
    /// Keyword values.
    pub kwargs: Dict,
    /// ERROR.Details of a received error, as they came: the callee, `forward_for`, and keys of extensions such as
    /// `x_…`. Empty in errors made locally. They are not sent.
    pub details: Dict,
    pub(super) cause: Option<Cause>,
    /// True if a peer has sent it.
    pub(crate) is_received: bool,
}

debug_as_text! { ApplicationError }

impl ApplicationError {
    /// Makes an error without values.
    pub fn new(uri: impl Into<Uri>) -> Self {
        let (args, kwargs, details) = (List::new(), Dict::new(), Dict::new());
        ApplicationError { uri: uri.into(), args, kwargs, details, cause: None, is_received: false }
    }

    /// Adds a positional value.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Adds a keyword value.
    #[must_use]
    pub fn kwarg(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.kwargs.insert(key, value);
        self
    }

    /// Returns the session id of the callee that sent the error, if the router discloses it.
    pub fn callee(&self) -> Option<u64> {
        self.details.get("callee").and_then(Value::as_u64)
    }

    /// Returns the authid of that callee.
    pub fn callee_authid(&self) -> Option<&str> {
        self.details.get("callee_authid").and_then(Value::as_str)
    }

    /// Returns the role of that callee.
    pub fn callee_authrole(&self) -> Option<&str> {
        self.details.get("callee_authrole").and_then(Value::as_str)
    }

    /// Makes a `wamp.error.runtime_error` with a text, for failures that have no URI of their own.
    pub fn runtime(text: impl fmt::Display) -> Self {
        ApplicationError::new(Uri::RUNTIME_ERROR).arg(text.to_string())
    }
}

impl fmt::Display for ApplicationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)?;
        if let Some(first) = self.args.first() {
            write!(f, ": {}", Plain(first))?;
        }
        let mut between = " (";
        for (key, value) in self.kwargs.iter().filter(|(key, _)| !self.is_traceback(key)) {
            write!(f, "{between}{key}: {}", Plain(value))?;
            between = ", ";
        }
        f.write_str(if between == ", " { ")" } else { "" })
    }
}

/// A value as people read it.
struct Plain<'a>(&'a Value);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::UInt(value) => write!(f, "{value}"),
            Value::Int128(value) => write!(f, "{value}"),
            Value::UInt128(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{:?}", Shown(*value)),
            Value::String(text) => f.write_str(text),
            Value::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Value::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    write!(f, "{}{}", if index == 0 { "" } else { ", " }, Plain(value))?;
                }
                f.write_str("]")
            }
            Value::Dict(dict) => {
                f.write_str("{")?;
                for (index, (key, value)) in dict.iter().enumerate() {
                    write!(f, "{}{key}: {}", if index == 0 { "" } else { ", " }, Plain(value))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Causes are not compared.
impl PartialEq for ApplicationError {
    fn eq(&self, other: &Self) -> bool {
        let ApplicationError { uri, args, kwargs, details, .. } = self;
        *uri == other.uri
            && *args == other.args
            && *kwargs == other.kwargs
            && *details == other.details
    }
}

impl std::error::Error for ApplicationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&**self.cause.as_ref()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_invalid_uri_has_an_error_of_its_own() {
        let error = ApplicationError::from(Uri::parse("a..b").unwrap_err());
        assert_eq!(
            error.to_string(),
            "wamp.error.invalid_uri: \"a..b\" is not a valid URI: component 2 is empty"
        );
    }

    #[test]
    fn its_text_has_plain_values() {
        let list = vec![Value::Null, 1.5.into(), true.into()];
        let error = ApplicationError::new("a.b").arg(list).kwarg("retry", false).kwarg("of", "x");
        assert_eq!(error.to_string(), "a.b: [null, 1.5, true] (retry: false, of: x)");
    }
}
