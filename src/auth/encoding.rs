//! Contains shared primitives: HMAC-SHA256, PBKDF2, text encodings of octets, and typed access to
//! dicts.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::auth::{AuthError, Secret};
use crate::value::{Dict, Value};

/// Block size of SHA-256 in octets.
const BLOCK: usize = 64;

pub(in crate::auth) fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

/// Computes HMAC-SHA256 over the concatenated parts.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // A key of exactly one block is always valid (RFC 2104, section 2: longer keys are hashed,
    // shorter ones padded with zeros).
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

/// Computes PBKDF2-HMAC-SHA256.
pub(in crate::auth) fn pbkdf2_sha256(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    keylen: usize,
) -> Result<Secret, AuthError> {
    let mut key = Zeroizing::new(vec![0; keylen]);
    pbkdf2::pbkdf2::<Hmac<Sha256>>(password, salt, iterations, &mut key)
        .map_err(|_| AuthError::new("PBKDF2 rejects this password"))?;
    Ok(Secret::from(&key[..]))
}

pub(in crate::auth) fn base64(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

/// Decodes Base64 with or without padding. `name` appears in the error text.
pub(in crate::auth) fn from_base64(name: &str, text: &str) -> Result<Vec<u8>, AuthError> {
    BASE64_NOPAD
        .decode(text.trim_end_matches('=').as_bytes())
        .map_err(|error| AuthError::new(format_args!("{name} is not valid Base64: {}", error.kind)))
}

/// Encodes octets as lower-case hexadecimal digits.
pub(in crate::auth) fn hex(octets: &[u8]) -> String {
    HEXLOWER.encode(octets)
}

/// Decodes hexadecimal digits in either case. `name` appears in the error text.
pub(in crate::auth) fn from_hex(name: &str, text: &str) -> Result<Vec<u8>, AuthError> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|_| AuthError::new(format_args!("{name} is not valid hexadecimal")))
}

/// Decodes exactly `N` octets from hexadecimal digits.
pub(in crate::auth) fn from_hex_array<const N: usize>(
    name: &str,
    text: &str,
) -> Result<[u8; N], AuthError> {
    secret_from_hex(name, text).map(|octets| *octets)
}

/// Decodes `N` secret octets from hexadecimal digits without leaving a copy in memory.
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

/// Returns the text of a key, or `None` if the key is missing or null.
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

/// Returns the text of a required key.
pub(in crate::auth) fn text<'a>(
    place: &str,
    dict: &'a Dict,
    key: &str,
) -> Result<&'a str, AuthError> {
    optional_text(place, dict, key)?
        .ok_or_else(|| AuthError::new(format_args!("{place}.{key} is missing")))
}

/// Returns the number of a key, 0 to 2^32 - 1, or `None` if the key is missing or null.
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
                "{place}.{key} must be an integer from 0 to 2^32 - 1"
            ))),
        },
    }
}
