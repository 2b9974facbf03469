//! Contains shared primitives: HMAC-SHA256, PBKDF2, Base64, and typed access to dicts.

use data_encoding::BASE64;
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
