//! `Secret`: octets that nobody shall see, and comparing in constant time.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::auth::AuthError;

/// A password, a ticket or a key: wiped from memory when it is dropped, compared in constant time,
/// and never written out, not even by `Debug`.
///
/// That holds for what is in it. What a secret is read from and what it is sent in is not wiped: the
/// text of a configuration and the [`Value`](crate::Value)s made of it, messages with a ticket or a
/// signature, and the frames and buffers that carry them.
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
    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text.
    ///
    /// # Errors
    /// If it is no UTF-8.
    pub fn as_str(&self) -> Result<&str, AuthError> {
        std::str::from_utf8(&self.0).map_err(|_| AuthError::new("the secret is not valid UTF-8"))
    }
}

/// Whether two byte strings are the same. How long that takes depends on their lengths alone.
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
