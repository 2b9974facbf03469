//! Stands in for `scram` when that feature is off.

use super::Authentication;
use super::from_value::Settings;
use crate::auth::scram;
use crate::error::ConfigError;
use crate::value::Dict;
/// Refuses the method in Autobahn's dict.
pub(super) fn add_to(
    _authentication: Authentication,
    _settings: &Settings<'_>,
    _method: &str,
    _methods: &Dict,
) -> Result<Authentication, ConfigError> {
    Err(ConfigError::new("", scram::off()))
}
