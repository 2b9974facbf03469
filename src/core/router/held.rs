//! `Held`: the approximate weight of what the sessions of a realm hold.

use crate::core::router::config::RouterConfig;
use crate::core::router::session::Origin;
use crate::error::ApplicationError;
use crate::uri::Uri;

/// Weight of one session in a subscription or registration.
pub(super) const MEMBERSHIP: usize = 128;

/// The weight in bytes.
#[derive(Debug, Default)]
pub(super) struct Held(usize);

impl Held {
    /// Checks that there is room for so many bytes more.
    ///
    /// # Errors
    /// `wamp.error.unavailable`.
    pub(super) fn check(
        &self,
        config: &RouterConfig,
        bytes: usize,
    ) -> Result<(), ApplicationError> {
        let limit = config.limits.realm_bytes;
        if self.0.saturating_add(bytes) <= limit {
            return Ok(());
        }
        Err(ApplicationError::new(Uri::UNAVAILABLE).arg(format!(
            "the sessions of this realm hold too much: the limit is {limit} bytes (Limits::realm_bytes)"
        )))
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.0 = self.0.saturating_add(bytes);
    }

    pub(super) fn sub(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.0, "more than is held");
        self.0 = self.0.saturating_sub(bytes);
    }

    pub(super) fn bytes(&self) -> usize {
        self.0
    }
}

/// Returns the weight of a subscription or registration without its sessions.
pub(super) fn entry(uri: &Uri) -> usize {
    512 + 2 * uri.len()
}

/// Returns the weight of a running call.
pub(super) fn call(origin: &Origin) -> usize {
    let stream = origin.more.as_ref().and_then(|more| more.stream.as_ref());
    256 + stream.map_or(0, |stream| stream.procedure.len())
}
