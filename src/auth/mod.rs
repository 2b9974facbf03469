//! Implements the computations of each authentication method, for both ends. Pure.
//!
//! The client side of the protocol is in
//! [`session::authentication`](crate::session::authentication), the router side in `core::router`.
//! Random octets and the current time are arguments; this module reads no clock and no random
//! source.

#[cfg(any(feature = "cryptosign", feature = "scram"))]
mod binding;
pub(crate) mod context;
mod credential;
#[cfg_attr(not(feature = "cryptosign"), path = "no_cryptosign.rs")]
pub mod cryptosign;
mod dialect;
pub(crate) mod encoding;
pub(crate) mod exchange;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
mod hex;
mod mock;
#[cfg_attr(not(feature = "scram"), path = "no_scram.rs")]
pub mod scram;
pub(crate) mod secret;
mod totp;
pub mod wampcra;

use std::fmt;

use crate::error::text::debug_as_text;

pub(crate) use context::ChallengeContext;
pub use credential::{Credential, Salt};
pub use secret::Secret;
pub(crate) use secret::constant_time_eq;
pub use totp::Totp;

/// The channel binding type available natively: 32 octets of the TLS exporter (RFC 9266).
pub(crate) const TLS_EXPORTER: &str = "tls-exporter";

/// Authentication failed, or the credentials cannot be used. The text never contains a secret.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct AuthError {
    /// Description of the error.
    pub message: String,
}

debug_as_text! { AuthError }

impl AuthError {
    /// Creates an error with this text.
    pub fn new(message: impl fmt::Display) -> Self {
        AuthError { message: message.to_string() }
    }
}
