//! What all methods share: HMAC-SHA256, PBKDF2, texts of octets, and reading dicts with names.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::auth::{AuthError, Secret};
use crate::value::{Dict, Value};

/// The octets of SHA-256's blocks.
const BLOCK: usize = 64;

pub(in crate::auth) fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // A key of one block exactly cannot be refused (RFC 2104, section 2: longer ones are hashed,
    // shorter ones filled up with zeros).
    let mut block = Zeroizing::new([0; BLOCK]);
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&*Zeroizing::new(sha256(key)));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut hmac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        hmac.update(part);
    }
    hmac.finalize().into_bytes().into()
}

/// PBKDF2-HMAC-SHA256.
pub(in crate::auth) fn pbkdf2_sha256(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    keylen: usize,
) -> Result<Secret, AuthError> {
    let mut key = Zeroizing::new(vec![0; keylen]);
    pbkdf2::pbkdf2::<Hmac<Sha256>>(password, salt, iterations, &mut key)
        .map_err(|_| AuthError::new("PBKDF2 does not take this password"))?;
    Ok(Secret::from(&key[..]))
}

pub(in crate::auth) fn base64(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

/// Reads Base64 with or without padding. `name` is what the error is about.
pub(in crate::auth) fn from_base64(name: &str, text: &str) -> Result<Vec<u8>, AuthError> {
    BASE64_NOPAD
        .decode(text.trim_end_matches('=').as_bytes())
        .map_err(|error| AuthError::new(format_args!("{name} is not valid Base64: {}", error.kind)))
}

/// Octets as hexadecimal digits, the letters in lower case.
pub(in crate::auth) fn hex(octets: &[u8]) -> String {
    HEXLOWER.encode(octets)
}

/// Reads hexadecimal digits in either case. `name` is what the error is about.
pub(in crate::auth) fn from_hex(name: &str, text: &str) -> Result<Vec<u8>, AuthError> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|_| AuthError::new(format_args!("{name} is not valid hexadecimal")))
}

/// Reads exactly so many octets from hexadecimal digits.
pub(in crate::auth) fn from_hex_array<const N: usize>(
    name: &str,
    text: &str,
) -> Result<[u8; N], AuthError> {
    secret_from_hex(name, text).map(|octets| *octets)
}

/// The same for what is secret: no copy is left behind.
pub(in crate::auth) fn secret_from_hex<const N: usize>(
    name: &str,
    text: &str,
) -> Result<Zeroizing<[u8; N]>, AuthError> {
    let octets = Zeroizing::new(from_hex(name, text)?);
    if octets.len() != N {
        return Err(AuthError::new(format_args!("{name} has {} octets, not {N}", octets.len())));
    }
    let mut array = Zeroizing::new([0; N]);
    array.copy_from_slice(&octets);
    Ok(array)
}

/// The text of a key; `None` if the key is missing or null.
pub(in crate::auth) fn optional_text<'a>(
    place: &str,
    dict: &'a Dict,
    key: &str,
) -> Result<Option<&'a str>, AuthError> {
    match dict.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(AuthError::new(format_args!(
            "{place}.{key} must be a string, not {}",
            other.kind()
        ))),
    }
}

/// The text of a key that must be there.
pub(in crate::auth) fn text<'a>(
    place: &str,
    dict: &'a Dict,
    key: &str,
) -> Result<&'a str, AuthError> {
    optional_text(place, dict, key)?
        .ok_or_else(|| AuthError::new(format_args!("{place}.{key} is missing")))
}

/// The number of a key, 0 to 2^32 - 1; `None` if the key is missing or null.
pub(in crate::auth) fn optional_number(
    place: &str,
    dict: &Dict,
    key: &str,
) -> Result<Option<u32>, AuthError> {
    match dict.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().map(u32::try_from) {
            Some(Ok(number)) => Ok(Some(number)),
            _ => Err(AuthError::new(format_args!(
                "{place}.{key} must be an integer of 0 to 2^32 - 1"
            ))),
        },
    }
}
