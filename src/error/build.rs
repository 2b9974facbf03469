//! Contains `BuildError`, the error of building a router.

use super::config::ConfigError;
use super::text::debug_as_text;

/// A router could not be built.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is missing or not valid.
    #[error("{0}")]
    InvalidConfig(#[source] ConfigError),
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

debug_as_text! { BuildError }

impl From<ConfigError> for BuildError {
    fn from(error: ConfigError) -> Self {
        BuildError::InvalidConfig(error)
    }
}
