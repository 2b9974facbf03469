//! Implements the removal of registrations and subscriptions of other sessions.

use std::future::IntoFuture;

use super::{Meta, given};
use crate::error::CallError;
use crate::message::Payload;
use crate::rt::BoxFuture;
use crate::session::Session;
use crate::uri::Uri;

/// A builder for removing a registration or subscription from a session. Await it to execute.
///
/// The session is notified, if it announced the feature.
#[must_use = "nothing is taken away until it is awaited"]
#[derive(Debug)]
pub struct RevokeRequest {
    session: Session,
    procedure: &'static str,
    ids: [u64; 2],
    reason: Option<Uri>,
}

impl Meta {
    /// Removes a registration from one of its callees. Fails with `wamp.error.no_such_registration`
    /// or `wamp.error.no_such_session`.
    ///
    /// Crossbar 26 removes it and then fails with `wamp.error.runtime_error` before it notifies the
    /// callee.
    pub fn remove_callee(&self, registration: u64, callee: u64) -> RevokeRequest {
        self.revoking("wamp.registration.remove_callee", [registration, callee])
    }

    /// Removes a subscription from one of its subscribers. Fails with
    /// `wamp.error.no_such_subscription` or `wamp.error.no_such_session`.
    pub fn remove_subscriber(&self, subscription: u64, subscriber: u64) -> RevokeRequest {
        self.revoking("wamp.subscription.remove_subscriber", [subscription, subscriber])
    }

    fn revoking(&self, procedure: &'static str, ids: [u64; 2]) -> RevokeRequest {
        RevokeRequest { session: self.session.clone(), procedure, ids, reason: None }
    }
}

impl RevokeRequest {
    /// Sets the reason that the session receives.
    pub fn reason(mut self, reason: impl Into<Uri>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    async fn send(self) -> Result<(), CallError> {
        let kwargs = given([("reason", self.reason.map(|reason| reason.as_str().into()))]);
        let payload = Payload::from_values(self.ids.map(Into::into).into(), kwargs);
        self.session.call(self.procedure).payload(payload).await?;
        Ok(())
    }
}

impl IntoFuture for RevokeRequest {
    type Output = Result<(), CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
