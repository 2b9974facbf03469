//! Contains the functions that set the options of a request, for what is declared before there is a session.

use std::sync::Arc;

use crate::rt::{MaybeSend, MaybeSync};

/// A function that sets the options of each request `R`.
pub(crate) type DynSetup<R> = Arc<dyn Setup<R>>;

pub(crate) trait Setup<R>: MaybeSend + MaybeSync {
    fn apply(&self, request: R) -> R;
}

impl<R, F: Fn(R) -> R + MaybeSend + MaybeSync> Setup<R> for F {
    fn apply(&self, request: R) -> R {
        self(request)
    }
}

#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(crate) fn setup<R>(set: impl Fn(R) -> R + MaybeSend + MaybeSync + 'static) -> DynSetup<R> {
    Arc::new(set)
}
