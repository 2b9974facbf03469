//! WAMP-cryptosign: a challenge is signed with an Ed25519 key (spec: "Cryptosign-based
//! Authentication", RFC 8032).

mod key;
mod keyfile;
mod openssh;

use ed25519_dalek::{Signature, VerifyingKey};

use crate::auth::encoding::from_hex_array;
use crate::auth::{AuthError, constant_time_eq};

pub use key::SigningKey;

/// The channel binding that both ends can have natively: 32 octets of the TLS exporter (RFC 9266).
pub const TLS_EXPORTER: &str = "tls-exporter";

/// What is signed: the challenge, with a channel binding combined with the channel's id by
/// exclusive or. Both ends of a TLS connection have the same id, a man between them has two.
///
/// # Errors
/// If the challenge is not 32 octets in hexadecimal digits.
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

/// AUTHENTICATE.Signature, and what the router answers to a challenge of ours: the signature and
/// what was signed, as 192 hexadecimal digits.
pub fn response(signature: &[u8; 64], message: &[u8; 32]) -> String {
    to_hex(signature) + &to_hex(message)
}

/// Checks a [`response`]: it must be the signature of this key over this very message.
///
/// # Errors
/// If it is not, or if the key is none.
pub fn verify(public_key: &[u8; 32], message: &[u8; 32], response: &str) -> Result<(), AuthError> {
    let octets = from_hex_array::<96>("the signature", response)?;
    let key = VerifyingKey::from_bytes(public_key)
        .map_err(|_| AuthError::new("the public key is not a valid Ed25519 key"))?;
    let (signature, signed) = octets.split_at(64);
    let signature = Signature::from_slice(signature).map_err(|_| wrong())?;
    if !constant_time_eq(signed, message) {
        return Err(AuthError::new("the signature is about another challenge or channel"));
    }
    // The strict form knows no key of small order and one signature per key and message.
    key.verify_strict(message, &signature).map_err(|_| wrong())
}

/// A public key from 64 hexadecimal digits, as authextra's `pubkey`.
///
/// # Errors
/// If the text is something else.
pub fn public_key_from_hex(text: &str) -> Result<[u8; 32], AuthError> {
    from_hex_array("the public key", text)
}

/// That signatures of this key can be right: it is a point of the curve, and none of those few with
/// which everybody can sign.
pub(in crate::auth) fn check_public_key(key: &[u8; 32]) -> Result<(), AuthError> {
    match VerifyingKey::from_bytes(key) {
        Ok(point) if !point.is_weak() => Ok(()),
        _ => Err(AuthError::new(format_args!("{} is not a valid Ed25519 public key", to_hex(key)))),
    }
}

/// Octets as hexadecimal digits, the letters in lower case: how keys, challenges and signatures
/// travel.
pub fn to_hex(octets: &[u8]) -> String {
    crate::auth::encoding::hex(octets)
}

fn wrong() -> AuthError {
    AuthError::new("the signature is wrong")
}
