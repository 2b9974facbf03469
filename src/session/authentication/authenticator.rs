//! The traits of a method, for those of one's own.

use std::fmt;

use super::ChannelBinding;
use crate::auth::AuthError;
use crate::message::{Challenge, Welcome};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::transport::TransportInfo;
use crate::value::Dict;

/// One way to prove who we are. Autobahn's `IAuthenticator`.
///
/// It is kept as long as whoever connects again and again, and [begins](Authenticator::begin) a new
/// [`Proof`] each time. For a function that answers challenges there is
/// [`OnChallenge`](super::OnChallenge).
pub trait Authenticator: MaybeSend + MaybeSync + 'static {
    /// The name in HELLO.Details.authmethods, as `"ticket"`.
    fn method(&self) -> &str;

    /// All names in HELLO.Details.authmethods, if it can do more than one. Default: the
    /// [method](Authenticator::method).
    fn methods(&self) -> Vec<&str> {
        vec![self.method()]
    }

    /// Who we want to be, if the method says so.
    fn authid(&self) -> Option<&str> {
        None
    }

    /// The role that we want, if the method says so.
    fn authrole(&self) -> Option<&str> {
        None
    }

    /// What goes into HELLO.Details.authextra each time.
    fn authextra(&self) -> Dict {
        Dict::new()
    }

    /// To what the proofs are bound, if they are. HELLO has one `channel_binding` for `cryptosign`
    /// and `wamp-scram`, so [`Authentication::with`](super::Authentication::with) wants them to
    /// agree. Default: to nothing.
    fn channel_binding(&self) -> Option<ChannelBinding> {
        None
    }

    /// Begins one attempt to join.
    ///
    /// # Errors
    /// If the method cannot be used over this transport. Then it is not offered; if none is left,
    /// joining fails with `wamp.error.cannot_authenticate`.
    fn begin(&self, transport: &TransportInfo) -> Result<Box<dyn Proof>, AuthError>;
}

/// One attempt to join by one method.
pub trait Proof: MaybeSend {
    /// What goes into HELLO.Details.authextra this time.
    fn authextra(&self) -> Dict {
        Dict::new()
    }

    /// Answers the router's CHALLENGE. It may take up to the join timeout; it is dropped if the
    /// router goes away, or nobody wants to join any more.
    ///
    /// # Errors
    /// If it cannot be answered; joining then fails with `wamp.error.cannot_authenticate`, and the
    /// router is told the text.
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

/// What goes into AUTHENTICATE. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq)]
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

    /// The same with more.
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
