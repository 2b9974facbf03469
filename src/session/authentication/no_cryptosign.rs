//! Stands in for `cryptosign` when that feature is off.

use super::Authentication;
use super::from_value::Settings;
use crate::auth::{AuthError, cryptosign};

/// Refuses the method in Autobahn's dict.
pub(super) fn add_to(
    _authentication: Authentication,
    settings: &Settings<'_>,
    _method: &str,
) -> Result<Authentication, AuthError> {
    Err(AuthError::new(format_args!("{}: {}", settings.place, cryptosign::off())))
}
