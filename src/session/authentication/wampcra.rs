//! Contains `WampCra`, challenge and response with a shared secret.

use super::identity::{Identity, identified, identity_debug, identity_getters, identity_setters};
use super::{Authenticator, Proof, Signature};
use crate::auth::{AuthError, Secret, wampcra};
use crate::message::Challenge;
use crate::rt::{self, BoxFuture};
use crate::transport::TransportInfo;

/// The method `wampcra`: the challenge is signed with a shared secret (HMAC-SHA256), with a salt if
/// the router sends one (PBKDF2).
#[doc(alias = "AuthWampCra")]
#[derive(Clone)]
pub struct WampCra {
    secret: Secret,
    identity: Identity,
}

impl WampCra {
    /// Creates the method with an authid and its secret: the password, even if the router stores
    /// only a derived key.
    pub fn new(authid: impl Into<String>, secret: impl Into<Secret>) -> Self {
        WampCra { secret: secret.into(), identity: Identity::default() }.authid(authid)
    }

    identity_setters!();
    identified!();
}

impl Authenticator for WampCra {
    fn method(&self) -> &str {
        "wampcra"
    }

    identity_getters!();

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        Ok(Box::new(WampCraProof(self.secret.clone())))
    }
}

identity_debug!(WampCra);

struct WampCraProof(Secret);

impl Proof for WampCraProof {
    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        let (secret, extra) = (self.0.clone(), challenge.extra.clone());
        Box::pin(async move {
            let answer = rt::work(move || wampcra::answer::answer(&secret, &extra)).await;
            Ok(Signature::new(answer.map_err(AuthError::new)??))
        })
    }
}
