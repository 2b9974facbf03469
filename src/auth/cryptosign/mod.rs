//! Implements WAMP-cryptosign: the client signs a challenge with an Ed25519 key (spec:
//! "Cryptosign-based Authentication", RFC 8032).

pub(crate) mod challenge;
mod key;
mod keyfile;
mod openssh;
pub(crate) mod public_key;
pub(in crate::auth) mod router;

use crate::auth::AuthError;
use crate::auth::hex::secret_from_hex;

pub(crate) use challenge::{response, to_be_signed};
pub use key::SigningKey;
pub(in crate::auth) use public_key::check_public_key;
pub(crate) use public_key::{public_key_from_hex, to_hex, verify};

/// Decodes exactly `N` octets from hexadecimal digits.
fn from_hex_array<const N: usize>(name: &str, text: &str) -> Result<[u8; N], AuthError> {
    secret_from_hex(name, text).map(|octets| *octets)
}
