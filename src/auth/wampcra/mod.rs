//! Implements WAMP-CRA: the client signs a challenge with a shared secret (spec: "WAMP
//! Challenge-Response Authentication").

pub(crate) mod answer;

use crate::auth::encoding::{base64, hmac_sha256, pbkdf2_sha256};
use crate::auth::{AuthError, Secret};

/// Number of iterations if CHALLENGE has a salt, but no iterations.
pub(in crate::auth) const DEFAULT_ITERATIONS: u32 = 1000;

/// Length of the derived key in octets if CHALLENGE has a salt, but no key length.
pub(in crate::auth) const DEFAULT_KEYLEN: usize = 32;

/// Maximum cost that a router may ask for: iterations times the 32-octet blocks of the key. This
/// takes about one second in a browser.
const MAX_ROUNDS: u64 = 1_000_000;

/// Maximum length of the derived key, in octets.
const MAX_KEYLEN: usize = 1024;

/// Signs a challenge exactly as received and returns Base64 of HMAC-SHA256.
///
/// ```
/// use wampwerk::auth::wampcra;
///
/// let signature = wampcra::sign(b"L3L1YUE8Txlw", "[1, 2, 3]");
/// assert_eq!(signature, "1njQtmmeYO41N5EWEzD2kAjjEKRZ5kPZt/TzpYXOzR0=");
/// ```
#[doc(alias("compute_wcs", "auth_cra.sign"))]
pub fn sign(key: &[u8], challenge: &str) -> String {
    base64(&hmac_sha256(key, &[challenge.as_bytes()]))
}

/// Derives the key of a salted secret; see [`Salt::derive_key`](crate::auth::Salt::derive_key).
pub(in crate::auth) fn derive_key(
    secret: &Secret,
    salt: &str,
    iterations: u32,
    keylen: usize,
) -> Result<Secret, AuthError> {
    check_work(iterations, keylen)?;
    let key = pbkdf2_sha256(secret.as_bytes(), salt.as_bytes(), iterations, keylen)?;
    Ok(base64(key.as_bytes()).into())
}

/// Checks that the key derivation cost is within bounds.
pub(in crate::auth) fn check_work(iterations: u32, keylen: usize) -> Result<(), AuthError> {
    if keylen == 0 || keylen > MAX_KEYLEN {
        return Err(AuthError::new(format_args!(
            "keylen {keylen} is out of range (1 to {MAX_KEYLEN})"
        )));
    }
    let rounds = u64::from(iterations) * keylen.div_ceil(32) as u64;
    if iterations == 0 || rounds > MAX_ROUNDS {
        return Err(AuthError::new(format_args!(
            "{iterations} iterations for {keylen} octets are out of range (1 to {MAX_ROUNDS} rounds)"
        )));
    }
    Ok(())
}
