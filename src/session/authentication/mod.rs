//! Contains the authentication methods of a session.
//!
//! A session offers one or several methods; the router selects one. The computations are in
//! [`auth`](crate::auth).
//!
//! ```
//! use wampwerk::session::authentication::{Anonymous, Authentication, Ticket};
//!
//! // The router uses the first method that it supports.
//! let authentication =
//!     Authentication::new().with(Ticket::new("joe", "secret!!!"))?.with(Anonymous::new())?;
//! let connecting =
//!     wampwerk::connect("ws://127.0.0.1:8080/ws", "realm1").authentication(authentication);
//! # let _ = connecting;
//! # Ok::<(), wampwerk::auth::AuthError>(())
//! ```
//!
//! Secrets never appear in error texts, log lines or the `Debug` output of these types.

mod anonymous;
mod attempt;
mod authenticator;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
mod binding;
mod channel_binding;
#[cfg_attr(not(feature = "cryptosign"), path = "no_cryptosign.rs")]
mod cryptosign;
mod drawn;
mod from_value;
mod identity;
mod on_challenge;
#[cfg_attr(not(feature = "scram"), path = "no_scram.rs")]
mod scram;
mod set;
mod ticket;
mod wampcra;

pub use anonymous::Anonymous;
pub(super) use attempt::{Attempt, cannot_authenticate};
pub use authenticator::{Authenticator, Proof, Signature};
pub use channel_binding::ChannelBinding;
#[cfg(feature = "cryptosign")]
pub use cryptosign::{Cryptosign, Signer};
pub(super) use identity::Identity;
pub use on_challenge::OnChallenge;
#[cfg(feature = "scram")]
pub use scram::Scram;
pub use set::Authentication;
pub use ticket::Ticket;
pub use wampcra::WampCra;

use crate::auth::AuthError;
use crate::error::{ConfigError, ConnectError};

/// Converts invalid credentials.
impl From<AuthError> for ConnectError {
    fn from(error: AuthError) -> Self {
        ConfigError::new("authentication", error.message).into()
    }
}
