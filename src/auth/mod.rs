//! Implements the computations of each authentication method, for both ends. Pure.
//!
//! The client side of the protocol is in
//! [`session::authentication`](crate::session::authentication), the router side in `core::router`.
//! Random octets and the current time are arguments; this module reads no clock and no random
//! source.

mod credential;
pub mod cryptosign;
mod encoding;
mod exchange;
mod mock;
pub mod scram;
mod secret;
pub mod totp;
pub mod wampcra;

use std::fmt;

#[cfg(feature = "router")]
pub(crate) use encoding::hmac_sha256;

pub use credential::{Credential, Salt};
pub use exchange::{ChallengeContext, Exchange};
pub use secret::{Secret, constant_time_eq};

/// Authentication failed, or the credentials cannot be used. The text never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct AuthError {
    /// Description of the error.
    pub message: String,
}

impl AuthError {
    /// Creates an error with this text.
    pub fn new(message: impl fmt::Display) -> Self {
        AuthError { message: message.to_string() }
    }
}
