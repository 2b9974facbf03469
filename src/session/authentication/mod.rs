//! Authentication, as a session does it: which methods it offers, and who answers a challenge.
//!
//! Owns the seam between joining and the methods. What is computed is `auth`'s matter.

use crate::auth::AuthError;
use crate::message::{Challenge, Welcome};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::transport::TransportInfo;
use crate::value::Dict;

/// One way to prove who we are. Autobahn's `IAuthenticator`.
///
/// It is kept as long as whoever connects again and again, and [begins](Authenticator::begin) a new
/// [`Proof`] each time.
pub trait Authenticator: MaybeSend + MaybeSync + 'static {
    /// The name in HELLO.Details.authmethods, as `"ticket"`.
    fn method(&self) -> &str;

    /// Who we want to be, if the method says so.
    fn authid(&self) -> Option<&str> {
        None
    }

    /// The role that we want, if the method says so.
    fn authrole(&self) -> Option<&str> {
        None
    }

    /// Begins one attempt to join.
    ///
    /// # Errors
    /// If the method cannot be used over this transport. Then it is not offered.
    fn begin(&self, transport: &TransportInfo) -> Result<Box<dyn Proof>, AuthError>;
}

/// One attempt to join by one method.
pub trait Proof: MaybeSend {
    /// What goes into HELLO.Details.authextra.
    fn authextra(&self) -> Dict {
        Dict::new()
    }

    /// Answers the router's CHALLENGE.
    ///
    /// # Errors
    /// If it cannot be answered; joining then fails with `wamp.error.cannot_authenticate`.
    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>>;

    /// Whether the router, by its WELCOME, has proved who it is, where the method has that.
    ///
    /// # Errors
    /// If it has not; joining then fails with `wamp.error.cannot_authenticate`.
    fn check(&mut self, welcome: &Welcome) -> Result<(), AuthError> {
        let _ = welcome;
        Ok(())
    }
}

/// What goes into AUTHENTICATE.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Signature {
    /// The proof.
    pub signature: String,
    /// More that the method needs.
    pub extra: Dict,
}

impl Signature {
    /// A signature with nothing more.
    pub fn new(signature: impl Into<String>) -> Self {
        Signature { signature: signature.into(), extra: Dict::new() }
    }
}
