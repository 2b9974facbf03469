//! Contains the methods without a challenge: `anonymous`, and those where the transport proves the
//! identity.

use super::identity::{Identity, identified, identity_debug, identity_getters, identity_setters};
use super::{Authenticator, Proof, Signature};
use crate::auth::AuthError;
use crate::message::Challenge;
use crate::rt::BoxFuture;
use crate::transport::TransportInfo;

/// The method `anonymous`, without a proof.
#[doc(alias = "AuthAnonymous")]
#[derive(Clone, Default)]
pub struct Anonymous {
    proxy: bool,
    identity: Identity,
}

impl Anonymous {
    /// Creates the method `anonymous`.
    pub fn new() -> Self {
        Anonymous::default()
    }

    /// Creates the method `anonymous-proxy`, which Crossbar accepts from its own proxy workers.
    #[doc(alias("AuthAnonymousProxy", "anonymous-proxy"))]
    pub fn proxy() -> Self {
        Anonymous { proxy: true, ..Anonymous::default() }
    }

    identity_setters!();
    identified!();
}

impl Authenticator for Anonymous {
    fn method(&self) -> &str {
        if self.proxy { "anonymous-proxy" } else { "anonymous" }
    }

    identity_getters!();

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        Ok(Box::new(Nothing))
    }
}

/// A method that is offered by name and needs no answer: `cookie` (sent by the browser), `tls` (the
/// client certificate was shown).
#[derive(Clone)]
pub struct Named {
    method: String,
    identity: Identity,
}

impl Named {
    /// Creates the method with this name.
    pub fn new(method: impl Into<String>) -> Self {
        Named { method: method.into(), identity: Identity::default() }
    }

    identity_setters!();
    identified!();
}

impl Authenticator for Named {
    fn method(&self) -> &str {
        &self.method
    }

    identity_getters!();

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        Ok(Box::new(Nothing))
    }
}

identity_debug!(Anonymous Named);

struct Nothing;

impl Proof for Nothing {
    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        let text = format!("{:?} has no answer to a challenge", challenge.method);
        Box::pin(async move { Err(AuthError::new(text)) })
    }
}
