//! Contains the client's answer to a challenge, which takes the settings of the key from it.

use crate::auth::encoding::{optional_number, optional_text, text};
use crate::auth::wampcra::{DEFAULT_ITERATIONS, DEFAULT_KEYLEN, derive_key, sign};
use crate::auth::{AuthError, Secret};
use crate::value::Dict;

/// Computes the answer to CHALLENGE.Extra. The key is derived if there is a salt.
///
/// # Errors
/// Returns [`AuthError`] if CHALLENGE.Extra is not valid or the key derivation cost is out of
/// bounds.
pub fn answer(secret: &Secret, extra: &Dict) -> Result<String, AuthError> {
    const PLACE: &str = "CHALLENGE.Extra";
    let challenge = text(PLACE, extra, "challenge")?;
    let Some(salt) = optional_text(PLACE, extra, "salt")? else {
        return Ok(sign(secret.as_bytes(), challenge));
    };
    let iterations = optional_number(PLACE, extra, "iterations")?.unwrap_or(DEFAULT_ITERATIONS);
    let keylen = optional_number(PLACE, extra, "keylen")?;
    let keylen = keylen.map_or(DEFAULT_KEYLEN, |keylen| keylen as usize);
    let key = derive_key(secret, salt, iterations, keylen)?;
    Ok(sign(key.as_bytes(), challenge))
}
