//! `ConfigError`: a setting that cannot be used, by its key.

use std::fmt;

use crate::error::ConnectError;

/// A setting cannot be used: unknown, of a wrong type, out of its range, or not in company with
/// another.
///
/// ```
/// use wampwerk::component::TransportConfig;
///
/// let text = r#"{"url": "wss://example.com/ws", "endpoint": {"type": "tcp", "hots": "10.0.0.1"}}"#;
/// let error = TransportConfig::from_json(text).unwrap_err();
/// assert_eq!(error.path, "endpoint.hots");
/// assert_eq!(
///     error.message,
///     "unknown key; known are type, host, port, path, timeout, version, tls"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// Where it is, as in `transports[1].endpoint.tls.trust_root`; empty for the whole.
    pub path: String,
    /// What is wrong with it. It repeats no secret.
    pub message: String,
}

impl ConfigError {
    /// An error of the setting at this path.
    pub fn new(path: impl Into<String>, message: impl fmt::Display) -> Self {
        ConfigError { path: path.into(), message: message.to_string() }
    }

    /// Prefixes the path with the name of the enclosing setting.
    #[must_use]
    pub fn within(self, outer: impl fmt::Display) -> Self {
        let path = match self.path.as_str() {
            "" => outer.to_string(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        ConfigError { path, message: self.message }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for ConnectError {
    fn from(error: ConfigError) -> Self {
        ConnectError::InvalidConfig(error.to_string())
    }
}
