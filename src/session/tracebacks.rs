//! Decides which callers see the causes of errors.

use std::sync::Arc;

use crate::error::ApplicationError;
use crate::rt::guard::record_panics;
use crate::rt::{MaybeSend, MaybeSync};

/// The setting of [`SessionConfig::tracebacks`](crate::session::SessionConfig::tracebacks). A trait, so that a
/// program that does not use it contains none of its code.
pub(super) trait Tracebacks: MaybeSend + MaybeSync {
    /// Returns whether callers of this role see them.
    fn are_for(&self, role: &str) -> bool;

    /// Adds the traceback of an error to it.
    fn add(&self, error: ApplicationError) -> ApplicationError;
}

struct ForRoles(Vec<String>);

/// Returns the setting for these roles.
pub(super) fn for_roles(roles: &[&str]) -> Option<Arc<dyn Tracebacks>> {
    if roles.is_empty() {
        return None;
    }
    record_panics();
    Some(Arc::new(ForRoles(roles.iter().map(|role| (*role).to_owned()).collect())))
}

impl Tracebacks for ForRoles {
    fn are_for(&self, role: &str) -> bool {
        self.0.iter().any(|one| one == role)
    }

    fn add(&self, error: ApplicationError) -> ApplicationError {
        error.with_traceback()
    }
}
