//! What goes wrong in a user's handlers: told to whoever wants to know, and logged.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::error::ApplicationError;
use crate::rt::{MaybeSend, MaybeSync};
use crate::uri::Uri;

/// Something went wrong in a handler, and nobody else is told the whole of it: an event did not fit
/// its handler or came too late for it, its encoded payload could not be read, a progressive result
/// came too late for the function that takes it, or a handler panicked; or a listener of a component
/// failed, or what the component registers or subscribes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserError {
    /// The topic or procedure; of a listener its name, as `on_join`.
    pub uri: Uri,
    /// What went wrong.
    pub error: ApplicationError,
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.uri, self.error)
    }
}

/// Who is told of [`UserError`]s.
#[derive(Clone, Default)]
pub(super) struct UserErrors(Option<Arc<dyn Hook>>);

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
        UserErrors(Some(Arc::new(hook)))
    }

    /// Somebody else, too. One that panics does not keep the other from being told.
    pub(super) fn and(self, hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static) -> Self {
        let Some(first) = self.0 else { return UserErrors::new(hook) };
        UserErrors::new(move |error| {
            let told = catch_unwind(AssertUnwindSafe(|| first.call(error)));
            hook(error);
            if let Err(panic) = told {
                resume_unwind(panic);
            }
        })
    }

    pub(super) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn call(&self, error: &UserError) {
        if let Some(hook) = &self.0 {
            hook.call(error);
        }
    }

    pub(super) fn tell(&self, uri: &Uri, error: impl Into<ApplicationError>) {
        let error = UserError { uri: uri.clone(), error: error.into() };
        tracing::warn!(%error, "in a handler");
        if let Some(hook) = &self.0
            && catch_unwind(AssertUnwindSafe(|| hook.call(&error))).is_err()
        {
            tracing::error!("the hook for errors in handlers panicked");
        }
    }
}
