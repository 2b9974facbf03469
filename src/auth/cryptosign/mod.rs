//! Implements WAMP-cryptosign: the client signs a challenge with an Ed25519 key (spec:
//! "Cryptosign-based Authentication", RFC 8032).

mod key;
mod keyfile;
mod openssh;
pub(crate) mod public_key;
pub(in crate::auth) mod router;

use crate::auth::AuthError;
use crate::auth::hex::secret_from_hex;

pub use key::SigningKey;
pub(in crate::auth) use public_key::check_public_key;
pub use public_key::verify_signature;
pub(crate) use public_key::{public_key_from_hex, to_hex, verify};

/// Returns the message to sign: the challenge, combined by exclusive or with the channel id if a
/// channel binding is used. Both ends of a TLS connection have the same channel id; a man in the
/// middle has two.
///
/// # Errors
/// Returns [`AuthError`] if the challenge is not 32 octets in hexadecimal digits.
pub fn to_be_signed(
    challenge_hex: &str,
    channel_id: Option<&[u8; 32]>,
) -> Result<[u8; 32], AuthError> {
    let mut message = from_hex_array::<32>("the challenge", challenge_hex)?;
    for (octet, mask) in message.iter_mut().zip(channel_id.into_iter().flatten()) {
        *octet ^= mask;
    }
    Ok(message)
}

/// Returns AUTHENTICATE.Signature, which is also the router's answer to a client's challenge: the
/// signature and the signed message, as 192 hexadecimal digits.
#[doc(alias = "sign_challenge")]
pub fn response(signature: &[u8; 64], message: &[u8; 32]) -> String {
    to_hex(signature) + &to_hex(message)
}

/// Decodes exactly `N` octets from hexadecimal digits.
fn from_hex_array<const N: usize>(name: &str, text: &str) -> Result<[u8; N], AuthError> {
    secret_from_hex(name, text).map(|octets| *octets)
}
