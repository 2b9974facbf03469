//! `ConfigError`: a setting that is not valid, with its path.

use std::error::Error;
use std::fmt;

use super::cause::Cause;
use super::text::debug_as_text;

/// A setting is not valid: unknown, of a wrong type, out of range, or in conflict with another.
///
/// ```
/// use wampwerk::transport::TransportConfig;
///
/// let text = r#"{"url": "wss://example.com/ws", "endpoint": {"type": "tcp", "hots": "10.0.0.1"}}"#;
/// let error = TransportConfig::from_json(text).unwrap_err();
/// assert_eq!(error.path, "endpoint.hots");
/// assert_eq!(
///     error.message,
///     "unknown key; known are type, host, port, path, timeout, version, tls"
/// );
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ConfigError {
    /// Path of the setting, as in `transports[1].endpoint.tls.trust_root`. Empty for the whole.
    pub path: String,
    /// Description of the error and of a valid value. It contains no secret.
    pub message: String,
    cause: Option<Cause>,
}

impl ConfigError {
    /// Makes an error of the setting at this path.
    pub fn new(path: impl Into<String>, message: impl fmt::Display) -> Self {
        ConfigError { path: path.into(), message: message.to_string(), cause: None }
    }

    /// Adds the cause, which `source()` then returns.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    /// Replaces the path.
    #[must_use]
    pub(crate) fn at(self, path: impl Into<String>) -> Self {
        ConfigError { path: path.into(), ..self }
    }

    /// Puts the name of the enclosing setting in front of the path.
    #[must_use]
    pub fn within(self, outer: impl fmt::Display) -> Self {
        let path = match self.path.as_str() {
            "" => outer.to_string(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        ConfigError { path, ..self }
    }
}

/// The cause does not count.
impl PartialEq for ConfigError {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.message) == (&other.path, &other.message)
    }
}

impl Eq for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "invalid settings: {}", self.message),
            path => write!(f, "invalid {path}: {}", self.message),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

debug_as_text! { ConfigError }
