//! Contains [`UserError`], an error in a user's handler, and the hooks that receive it.

use std::fmt;
use std::sync::Arc;

use crate::error::ApplicationError;
use crate::rt::guard::catch;
use crate::rt::{MaybeSend, MaybeSync};
use crate::uri::Uri;

/// An error in a handler that no peer is told about completely:
///
/// - an event did not fit its handler, the handler returned an error, the event arrived too late for it, or its encoded payload could not be
///   decoded
/// - a progressive result arrived too late for the function that takes it
/// - a handler panicked
/// - a listener of a component failed, or one of the component's registrations or subscriptions
#[doc(alias = "onUserError")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserError {
    /// Topic or procedure; for a listener its name, such as `on_join`.
    pub uri: Uri,
    /// The error.
    pub error: ApplicationError,
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.uri, self.error)
    }
}

/// The hooks for [`UserError`]s, in the order in which they are called.
#[derive(Clone, Default)]
pub(super) struct UserErrors(Vec<Arc<dyn Hook>>);

trait Hook: MaybeSend + MaybeSync {
    fn call(&self, error: &UserError);
}

impl<F: Fn(&UserError) + MaybeSend + MaybeSync> Hook for F {
    fn call(&self, error: &UserError) {
        self(error);
    }
}

impl UserErrors {
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub(super) fn new(hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static) -> Self {
        UserErrors(vec![Arc::new(hook)])
    }

    /// Adds the hooks of `other` behind its own.
    pub(super) fn extend(&mut self, other: UserErrors) {
        self.0.extend(other.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Logs the error and calls each hook. A hook that panics does not keep the others from being
    /// called.
    pub(super) fn tell(&self, uri: &Uri, error: impl Into<ApplicationError>) {
        let error = UserError { uri: uri.clone(), error: error.into() };
        tracing::warn!(%error, "in a handler");
        for hook in &self.0 {
            if let Err(panic) = catch(|| hook.call(&error)) {
                tracing::error!("the hook for errors in handlers {panic}");
            }
        }
    }
}
