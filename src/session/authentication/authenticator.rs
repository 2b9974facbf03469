//! Contains the traits of an authentication method.

use std::fmt;

use super::ChannelBinding;
use crate::auth::AuthError;
use crate::message::{Challenge, Welcome};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::transport::TransportInfo;
use crate::value::Dict;

/// An authentication method. Equivalent of Autobahn's `IAuthenticator`.
///
/// It is used for several connections and [begins](Authenticator::begin) a new [`Proof`] for each
/// attempt. For a function that answers challenges see [`OnChallenge`](super::OnChallenge).
#[doc(alias = "IAuthenticator")]
pub trait Authenticator: MaybeSend + MaybeSync + 'static {
    /// Returns the name in HELLO.Details.authmethods, such as `"ticket"`.
    fn method(&self) -> &str;

    /// Returns all names in HELLO.Details.authmethods, if there are several. Default: the
    /// [method](Authenticator::method).
    fn methods(&self) -> Vec<&str> {
        vec![self.method()]
    }

    /// Returns the requested authid, if the method sets it.
    fn authid(&self) -> Option<&str> {
        None
    }

    /// Returns the requested role, if the method sets it.
    fn authrole(&self) -> Option<&str> {
        None
    }

    /// Returns the content of HELLO.Details.authextra for every attempt.
    fn authextra(&self) -> Dict {
        Dict::new()
    }

    /// Returns the channel binding of the proofs, if any. HELLO has one `channel_binding` for
    /// `cryptosign` and `wamp-scram`, so [`Authentication::with`](super::Authentication::with)
    /// requires them to agree. Default: none.
    fn channel_binding(&self) -> Option<ChannelBinding> {
        None
    }

    /// Begins one attempt to join.
    ///
    /// # Errors
    /// Returns an error if the method cannot be used over this transport. Then it is not offered.
    /// If no method is left, joining fails with `wamp.error.cannot_authenticate`.
    fn begin(&self, transport: &TransportInfo) -> Result<Box<dyn Proof>, AuthError>;
}

/// One attempt to join by one method.
pub trait Proof: MaybeSend {
    /// Returns the content of HELLO.Details.authextra for this attempt.
    fn authextra(&self) -> Dict {
        Dict::new()
    }

    /// Answers the router's CHALLENGE. It may take as long as the join timeout. The future is
    /// dropped if the router disconnects or joining is abandoned.
    ///
    /// # Errors
    /// An error fails joining with `wamp.error.cannot_authenticate`, and the router receives the
    /// text.
    #[doc(alias = "on_challenge")]
    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>>;

    /// Checks that WELCOME proves the router's identity, if the method requires that.
    ///
    /// # Errors
    /// An error fails joining with `wamp.error.cannot_authenticate`.
    #[doc(alias = "on_welcome")]
    fn check(&mut self, welcome: &Welcome) -> Result<(), AuthError> {
        let _ = welcome;
        Ok(())
    }
}

/// The content of AUTHENTICATE. Its `Debug` output is empty.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Signature {
    /// Signature.
    pub signature: String,
    /// Further parameters of the method.
    pub extra: Dict,
}

impl Signature {
    /// Creates a signature without further parameters.
    pub fn new(signature: impl Into<String>) -> Self {
        Signature { signature: signature.into(), extra: Dict::new() }
    }

    /// Sets further parameters.
    #[must_use]
    pub fn with_extra(mut self, extra: Dict) -> Self {
        self.extra = extra;
        self
    }
}

impl From<String> for Signature {
    fn from(signature: String) -> Self {
        Signature::new(signature)
    }
}

impl From<&str> for Signature {
    fn from(signature: &str) -> Self {
        Signature::new(signature)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}
