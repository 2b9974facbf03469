//! Implements time-based one-time passwords (RFC 6238), used as tickets: six digits, a new code
//! every 30 seconds.

use std::fmt;
use std::time::Duration;

use data_encoding::{BASE32, BASE32_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::auth::{AuthError, Secret, constant_time_eq};

/// Validity period of a code, in seconds.
const STEP: u64 = 30;

/// One-time passwords by time (RFC 6238), made and checked with one secret.
///
/// ```
/// use std::time::Duration;
/// use wampwerk::auth::Totp;
///
/// let totp = Totp::new(&Totp::generate_secret()?)?;
/// let now = Duration::from_secs(1_700_000_000);
/// assert!(totp.check(&totp.compute(now, 0)?, now));
/// # Ok::<(), wampwerk::auth::AuthError>(())
/// ```
#[derive(Clone)]
pub struct Totp(Hmac<Sha1>);

impl Totp {
    /// Returns a secret of random octets in Base32. Autobahn uses 10 octets; RFC 4226 requires at
    /// least 16 and recommends 20. [`generate_secret`](Self::generate_secret) draws them.
    pub fn encode_secret(random: &[u8]) -> Secret {
        BASE32.encode(random).into()
    }

    /// Reads a secret, as people type it: in Base32, with or without padding, spaces and capitals.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the secret is not valid Base32.
    pub fn new(secret: &Secret) -> Result<Self, AuthError> {
        Ok(Totp(hmac(secret)?))
    }

    /// Computes the code for a time since 1970-01-01, shifted by `offset` steps.
    ///
    /// # Errors
    /// Returns [`AuthError`] if `offset` leads to a time before 1970.
    #[doc(alias = "compute_totp")]
    pub fn compute(&self, unix_time: Duration, offset: i64) -> Result<String, AuthError> {
        code(&self.0, unix_time, offset)
    }

    /// Returns whether a code is valid now, or was valid one step before or will be one step after. The
    /// tolerance covers clock differences and network delay (RFC 6238, section 5.2).
    ///
    /// A code stays valid for that whole time. To accept a code only once, remember the used codes.
    #[doc(alias = "check_totp")]
    pub fn check(&self, code: &str, unix_time: Duration) -> bool {
        let mut good = false;
        for offset in [-1, 0, 1] {
            // The first step has no predecessor.
            if let Ok(expected) = self.compute(unix_time, offset) {
                good |= constant_time_eq(code.as_bytes(), expected.as_bytes());
            }
        }
        good
    }
}

/// The secret is not shown.
impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totp").finish_non_exhaustive()
    }
}

/// Creates an HMAC-SHA1 keyed with the secret.
fn hmac(secret: &Secret) -> Result<Hmac<Sha1>, AuthError> {
    // Authenticator apps show secrets without padding, in lower case and in groups.
    let text = secret.as_bytes().iter().filter(|octet| !b" =".contains(octet));
    let text = Zeroizing::new(text.map(u8::to_ascii_uppercase).collect::<Vec<u8>>());
    let key = BASE32_NOPAD.decode(&text).map(Zeroizing::new);
    let hmac = key.ok().filter(|key| !key.is_empty()).map(|key| Hmac::new_from_slice(&key));
    match hmac {
        Some(Ok(hmac)) => Ok(hmac),
        _ => Err(AuthError::new("the secret of the one-time password is not valid Base32")),
    }
}

fn code(hmac: &Hmac<Sha1>, unix_time: Duration, offset: i64) -> Result<String, AuthError> {
    let step = (unix_time.as_secs() / STEP)
        .checked_add_signed(offset)
        .ok_or_else(|| AuthError::new(format_args!("offset of {offset} steps is out of range")))?;
    let mut hmac = hmac.clone();
    hmac.update(&step.to_be_bytes());
    let hash: [u8; 20] = hmac.finalize().into_bytes().into();
    // RFC 4226, section 5.3: the last four bits are the offset of the number.
    let start = usize::from(hash[19] & 15);
    let octets = &hash[start..start + 4];
    let number = octets.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet));
    Ok(format!("{:06}", (number & 0x7FFF_FFFF) % 1_000_000))
}
