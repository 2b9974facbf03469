//! Contains [`Secret`], octets that are never shown, and a comparison in constant time.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::auth::AuthError;

/// A password, a ticket or a key. It is wiped from memory when dropped, compared in constant time,
/// and never printed, not even by `Debug`.
///
/// This applies to the content only. The sources and destinations of a secret are not wiped: the
/// text of a configuration and the [`Value`](crate::Value)s made of it, messages with a ticket or a
/// signature, and their frames and buffers.
///
/// ```
/// use wampwerk::auth::Secret;
///
/// let secret = Secret::from("ticket-secret");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret, Secret::from(b"ticket-secret".to_vec()));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Returns the octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the text.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the secret is not valid UTF-8.
    pub fn as_str(&self) -> Result<&str, AuthError> {
        std::str::from_utf8(&self.0).map_err(|_| AuthError::new("the secret is not valid UTF-8"))
    }
}

/// Returns whether two byte strings are equal. The time depends on their lengths only.
pub fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<Vec<u8>> for Secret {
    fn from(octets: Vec<u8>) -> Self {
        Secret(Zeroizing::new(octets))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<&[u8]> for Secret {
    fn from(octets: &[u8]) -> Self {
        octets.to_vec().into()
    }
}
