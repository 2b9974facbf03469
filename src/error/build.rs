//! Contains `BuildError`, the error of building a router.

use super::cause::Cause;
use super::config::ConfigError;
use super::text::debug_as_text;

/// A router could not be built.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is missing or not valid.
    #[error(transparent)]
    InvalidConfig(ConfigError),
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[source] Cause),
}

debug_as_text! { BuildError }

impl From<ConfigError> for BuildError {
    fn from(error: ConfigError) -> Self {
        BuildError::InvalidConfig(error)
    }
}
