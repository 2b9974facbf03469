//! One-time passwords by time (RFC 6238), as tickets: six digits, new ones every 30 seconds.

use std::time::Duration;

use data_encoding::{BASE32, BASE32_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::auth::{AuthError, Secret, constant_time_eq};

/// How long a code is good, in seconds.
pub const STEP: u64 = 30;

/// A new secret in Base32 from random octets. Autobahn takes 10, RFC 4226 wants 16 at least and
/// recommends 20.
pub fn generate_totp_secret(random: &[u8]) -> Secret {
    BASE32.encode(random).into()
}

/// The code of a point in time (since the beginning of 1970), `offset` steps later or earlier.
///
/// # Errors
/// If the secret is no Base32.
pub fn compute_totp(
    secret: &Secret,
    unix_time: Duration,
    offset: i64,
) -> Result<String, AuthError> {
    Ok(code(&key(secret)?, unix_time, offset))
}

/// Whether a code is the one of now, or of the step before or behind: clocks differ, and networks
/// take their time (RFC 6238, section 5.2).
///
/// A code stays good for that long; whoever lets it be used once only, has to remember it.
///
/// # Errors
/// If the secret is no Base32.
pub fn check_totp(secret: &Secret, code: &str, unix_time: Duration) -> Result<bool, AuthError> {
    let key = key(secret)?;
    let good = [0, 1, -1].map(|offset| {
        constant_time_eq(code.as_bytes(), self::code(&key, unix_time, offset).as_bytes())
    });
    Ok(good.contains(&true))
}

fn key(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    // Without padding, in lower case and in groups is how apps show it.
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(
        secret
            .as_bytes()
            .iter()
            .filter(|octet| !b" =".contains(octet))
            .map(u8::to_ascii_uppercase)
            .collect(),
    );
    match BASE32_NOPAD.decode(&text) {
        Ok(key) if !key.is_empty() => Ok(Zeroizing::new(key)),
        _ => Err(AuthError::new("the secret of the one-time password is no Base32")),
    }
}

fn code(key: &[u8], unix_time: Duration, offset: i64) -> String {
    const BLOCK: usize = 64;
    let mut block = Zeroizing::new([0; BLOCK]);
    if key.len() > BLOCK {
        let hash: [u8; 20] = <Sha1 as sha1::Digest>::digest(key).into();
        block[..20].copy_from_slice(&hash);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let step = (unix_time.as_secs() / STEP).wrapping_add_signed(offset);
    let mut hmac = Hmac::<Sha1>::new((&*block).into());
    hmac.update(&step.to_be_bytes());
    let hash: [u8; 20] = hmac.finalize().into_bytes().into();
    // RFC 4226, section 5.3: the last four bits say where the number begins.
    let start = usize::from(hash[19] & 15);
    let number =
        hash[start..start + 4].iter().fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet));
    format!("{:06}", (number & 0x7FFF_FFFF) % 1_000_000)
}
