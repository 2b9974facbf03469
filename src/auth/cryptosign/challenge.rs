//! The answer to a challenge: the message that is signed, and the form of the signature.

use super::{from_hex_array, to_hex};
use crate::auth::AuthError;

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
pub fn response(signature: &[u8; 64], message: &[u8; 32]) -> String {
    to_hex(signature) + &to_hex(message)
}
