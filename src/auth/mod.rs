//! Proving who one is: the arithmetic of each method, for both ends. Pure.
//!
//! Owns keys, challenges and what is computed from them. When which is asked for, and what is sent,
//! is the matter of `session::authentication` (client) and `core::router` (router).
//!
//! Random octets and the time are always handed in: nobody's clock is asked here, and no die cast.

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

/// Somebody cannot be authenticated, or cannot prove who he is. The text never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct AuthError {
    /// What went wrong.
    pub message: String,
}

impl AuthError {
    /// An error with this text.
    pub fn new(message: impl fmt::Display) -> Self {
        AuthError { message: message.to_string() }
    }
}
