//! Contains the conversion of octets to and from hexadecimal digits.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::auth::AuthError;

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
