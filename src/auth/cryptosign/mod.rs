//! Implements WAMP-cryptosign: the client signs a challenge with an Ed25519 key (spec:
//! "Cryptosign-based Authentication", RFC 8032).

mod key;
mod keyfile;
mod openssh;
pub(in crate::auth) mod router;

use ed25519_dalek::{Signature, VerifyingKey};

use crate::auth::hex::{hex, secret_from_hex};
use crate::auth::{AuthError, constant_time_eq};

pub use key::SigningKey;

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

/// Checks that a [`response`] is the signature of this key over exactly this message.
///
/// # Errors
/// Returns [`AuthError`] if the signature is wrong or the key is not valid.
pub fn verify(public_key: &[u8; 32], message: &[u8; 32], response: &str) -> Result<(), AuthError> {
    let octets = from_hex_array::<96>("the signature", response)?;
    let key = VerifyingKey::from_bytes(public_key)
        .map_err(|_| AuthError::new("the public key is not a valid Ed25519 key"))?;
    let (signature, signed) = octets.split_at(64);
    let signature = Signature::from_slice(signature).map_err(|_| wrong())?;
    if !constant_time_eq(signed, message) {
        return Err(AuthError::new("the signature is about another challenge or channel"));
    }
    // The strict form rejects keys of small order and allows only one signature per key and
    // message.
    key.verify_strict(message, &signature).map_err(|_| wrong())
}

/// Reads a public key from 64 hexadecimal digits, as in the authextra key `pubkey`.
///
/// # Errors
/// Returns [`AuthError`] if the text has another form.
pub fn public_key_from_hex(text: &str) -> Result<[u8; 32], AuthError> {
    from_hex_array("the public key", text)
}

/// Checks that the key is a point of the curve and not one of the few weak keys with which anyone
/// can sign.
pub(in crate::auth) fn check_public_key(key: &[u8; 32]) -> Result<(), AuthError> {
    match VerifyingKey::from_bytes(key) {
        Ok(point) if !point.is_weak() => Ok(()),
        _ => Err(AuthError::new(format_args!("{} is not a valid Ed25519 public key", to_hex(key)))),
    }
}

/// Encodes octets as lower-case hexadecimal digits, the wire form of keys, challenges and
/// signatures.
pub fn to_hex(octets: &[u8]) -> String {
    hex(octets)
}

fn wrong() -> AuthError {
    AuthError::new("the signature is wrong")
}

/// Decodes exactly `N` octets from hexadecimal digits.
fn from_hex_array<const N: usize>(name: &str, text: &str) -> Result<[u8; N], AuthError> {
    secret_from_hex(name, text).map(|octets| *octets)
}
