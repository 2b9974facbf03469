//! Stands in for `cryptosign` when that feature is off.

use super::Authentication;
use super::from_value::Settings;
use crate::auth::cryptosign;
use crate::error::ConfigError;

/// Refuses the method in Autobahn's dict.
pub(super) fn add_to(
    _authentication: Authentication,
    _settings: &Settings<'_>,
    _method: &str,
) -> Result<Authentication, ConfigError> {
    Err(ConfigError::new("", cryptosign::off()))
}
