//! WAMP-CRA: a challenge is signed with a shared secret (spec: "WAMP Challenge-Response
//! Authentication").

use crate::auth::encoding::{
    base64, hmac_sha256, optional_number, optional_text, pbkdf2_sha256, text,
};
use crate::auth::{AuthError, Secret};
use crate::value::Dict;

/// The iterations if CHALLENGE has a salt and does not say how many.
pub const DEFAULT_ITERATIONS: u32 = 1000;

/// The octets of the derived key if CHALLENGE has a salt and does not say how many.
pub const DEFAULT_KEYLEN: usize = 32;

/// The most work that a router may ask for: iterations times the blocks of 32 octets in the key.
/// It takes about a second in a browser.
pub const MAX_ROUNDS: u64 = 1_000_000;

/// The longest derived key, in octets.
pub const MAX_KEYLEN: usize = 1024;

/// The signature over a challenge, exactly as it was received: Base64 of HMAC-SHA256.
///
/// ```
/// use wampwerk::auth::wampcra;
///
/// let signature = wampcra::sign(b"L3L1YUE8Txlw", "[1, 2, 3]");
/// assert_eq!(signature, "1njQtmmeYO41N5EWEzD2kAjjEKRZ5kPZt/TzpYXOzR0=");
/// ```
pub fn sign(key: &[u8], challenge: &str) -> String {
    base64(&hmac_sha256(key, &[challenge.as_bytes()]))
}

/// The key of a salted secret: Base64 of PBKDF2-HMAC-SHA256. The *text* is the key, here as in
/// Autobahn and Crossbar, and as the specification's own sample has it.
///
/// # Errors
/// If `iterations` or `keylen` is 0, or more than [`MAX_ROUNDS`] and [`MAX_KEYLEN`] allow.
pub fn derive_key(
    secret: &Secret,
    salt: &str,
    iterations: u32,
    keylen: usize,
) -> Result<Secret, AuthError> {
    check_work(iterations, keylen)?;
    let key = pbkdf2_sha256(secret.as_bytes(), salt.as_bytes(), iterations, keylen)?;
    Ok(base64(key.as_bytes()).into())
}

/// That it is work, and not too much.
pub(in crate::auth) fn check_work(iterations: u32, keylen: usize) -> Result<(), AuthError> {
    if keylen == 0 || keylen > MAX_KEYLEN {
        return Err(AuthError::new(format_args!("keylen {keylen} is not 1 to {MAX_KEYLEN}")));
    }
    let rounds = u64::from(iterations) * keylen.div_ceil(32) as u64;
    if iterations == 0 || rounds > MAX_ROUNDS {
        return Err(AuthError::new(format_args!(
            "{iterations} iterations for {keylen} octets are not 1 to {MAX_ROUNDS} rounds"
        )));
    }
    Ok(())
}

/// The client's answer to CHALLENGE.Extra: the key is derived if there is a salt.
///
/// # Errors
/// If CHALLENGE.Extra is not as it should be, or asks for too much work.
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
