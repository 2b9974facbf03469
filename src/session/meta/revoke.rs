//! Implements the removal of registrations and subscriptions of other sessions.

use super::{Meta, MetaRequest};
use crate::uri::Uri;

impl Meta {
    /// Removes a registration from one of its callees. Fails with `wamp.error.no_such_registration`
    /// or `wamp.error.no_such_session`.
    ///
    /// Crossbar 26 removes it and then fails with `wamp.error.runtime_error` before it notifies the
    /// callee.
    pub fn remove_callee(&self, registration: u64, callee: u64) -> MetaRequest<()> {
        self.revoking("wamp.registration.remove_callee", [registration, callee])
    }

    /// Removes a subscription from one of its subscribers. Fails with
    /// `wamp.error.no_such_subscription` or `wamp.error.no_such_session`.
    pub fn remove_subscriber(&self, subscription: u64, subscriber: u64) -> MetaRequest<()> {
        self.revoking("wamp.subscription.remove_subscriber", [subscription, subscriber])
    }

    fn revoking(&self, procedure: &'static str, ids: [u64; 2]) -> MetaRequest<()> {
        self.request(procedure, ids.map(Into::into), |_, _| Ok(()))
    }
}

/// For [`Meta::remove_callee`] and [`Meta::remove_subscriber`]. The session is notified, if it
/// announced the feature.
impl MetaRequest<()> {
    /// Sets the reason that the session receives.
    pub fn reason(self, reason: impl Into<Uri>) -> Self {
        self.with_reason(reason.into())
    }
}
