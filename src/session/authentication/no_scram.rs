//! Stands in for `scram` when that feature is off.

use super::Authentication;
use super::from_value::Settings;
use crate::auth::{AuthError, scram};
use crate::value::Dict;
/// Refuses the method in Autobahn's dict.
pub(super) fn add_to(
    _authentication: Authentication,
    settings: &Settings<'_>,
    _method: &str,
    _methods: &Dict,
) -> Result<Authentication, AuthError> {
    Err(AuthError::new(format_args!("{}: {}", settings.place, scram::off())))
}
