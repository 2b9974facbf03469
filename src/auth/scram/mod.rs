//! Implements SCRAM: both ends prove that they know a password, or keys derived from it, without
//! sending it (spec: "SCRAM Authentication", RFC 5802, RFC 7677).

pub(crate) mod client;
mod credential;
pub(crate) mod kdf;
pub(crate) mod keys;
mod mock;
pub(in crate::auth) mod router;

pub use super::dialect::Dialect;
pub(crate) use client::ClientExchange;
pub use credential::ScramCredential;
pub use kdf::Kdf;
use kdf::salted_password;
pub(crate) use keys::Binding;
use keys::{AuthMessage, Keys, from_base64, is_nonce, saslprep, verifier, xor};
