//! Reads public keys and checks signatures.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::auth::cryptosign::from_hex_array;
use crate::auth::hex::hex;
use crate::auth::{AuthError, constant_time_eq};

/// Checks that a [`response`](super::challenge::response) is the signature of this key over exactly this message.
///
/// # Errors
/// Returns [`AuthError`] if the signature is wrong or the key is not valid.
pub fn verify(public_key: &[u8; 32], message: &[u8; 32], response: &str) -> Result<(), AuthError> {
    let octets = from_hex_array::<96>("the signature", response)?;
    let Some((signature, signed)) = octets.split_first_chunk::<64>() else { return Err(wrong()) };
    if !constant_time_eq(signed, message) {
        return Err(AuthError::new("the signature is about another challenge or channel"));
    }
    verify_signature(public_key, message, signature)
}

/// Checks the signature of this key over a message.
///
/// # Errors
/// Returns [`AuthError`] if the signature is wrong or the key is not valid.
pub(super) fn verify_signature(
    public_key: &[u8; 32],
    message: &[u8; 32],
    signature: &[u8; 64],
) -> Result<(), AuthError> {
    let key = VerifyingKey::from_bytes(public_key)
        .map_err(|_| AuthError::new("the public key is not a valid Ed25519 key"))?;
    // The strict form rejects keys of small order and allows only one signature per key and
    // message.
    key.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| wrong())
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
