//! Contains the methods without a challenge: `anonymous`, and those where the transport proves the
//! identity.

use std::borrow::Cow;

use super::identity::{Identity, identified, identity_debug, identity_getters, identity_setters};
use super::{Authenticator, Proof, Signature};
use crate::auth::AuthError;
use crate::message::Challenge;
use crate::rt::BoxFuture;
use crate::transport::TransportInfo;

/// The method `anonymous`, without a proof, and other methods that need no answer.
#[doc(alias = "AuthAnonymous")]
#[derive(Clone)]
pub struct Anonymous {
    method: Cow<'static, str>,
    identity: Identity,
}

impl Anonymous {
    /// Creates the method `anonymous`.
    pub fn new() -> Self {
        Anonymous::default()
    }

    /// Creates a method that is offered by name and needs no answer, because the transport proves the
    /// identity: `cookie` (sent by the browser), `tls` (by the client certificate).
    pub fn named(method: impl Into<String>) -> Self {
        Anonymous { method: Cow::Owned(method.into()), identity: Identity::default() }
    }

    /// Creates the method `anonymous-proxy`, which Crossbar accepts from its own proxy workers.
    #[doc(alias("AuthAnonymousProxy", "anonymous-proxy"))]
    pub fn proxy() -> Self {
        Anonymous { method: "anonymous-proxy".into(), ..Anonymous::default() }
    }

    identity_setters!();
    identified!();
}

impl Default for Anonymous {
    fn default() -> Self {
        Anonymous { method: "anonymous".into(), identity: Identity::default() }
    }
}

impl Authenticator for Anonymous {
    fn method(&self) -> &str {
        &self.method
    }

    identity_getters!();

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        Ok(Box::new(Nothing))
    }
}

identity_debug!(Anonymous);

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
