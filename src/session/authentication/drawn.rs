//! Draws secrets, keys and salts from the system's random numbers, which `auth` does not read.

use data_encoding::{BASE32_NOPAD, BASE64};
use zeroize::Zeroizing;

#[cfg(feature = "cryptosign")]
use crate::auth::cryptosign::SigningKey;
#[cfg(feature = "scram")]
use crate::auth::scram::{Dialect, Kdf, ScramCredential};
use crate::auth::{AuthError, Salt, Secret, Totp};
use crate::rt;

impl Secret {
    /// Draws a ticket, password or shared secret: 32 characters of `a` to `z` and `2` to `7`, which are 160 random bits.
    ///
    /// ```
    /// use wampwerk::auth::Secret;
    /// use wampwerk::router::User;
    ///
    /// let ticket = Secret::generate()?;
    /// assert_eq!(ticket.as_str()?.len(), 32);
    /// let user = User::new("joe", "frontend").ticket(ticket);
    /// # let _ = user;
    /// # Ok::<(), wampwerk::auth::AuthError>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`AuthError`] if the system has no random numbers.
    #[doc(alias("generate_wcs", "generate_token", "generate_user_password"))]
    pub fn generate() -> Result<Self, AuthError> {
        let octets = octets::<20>()?;
        Ok(BASE32_NOPAD.encode(&*octets).to_ascii_lowercase().into())
    }
}

impl Salt {
    /// Draws a salt of 16 random octets, in Base64, with 1000 iterations and a key of 32 octets.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the system has no random numbers.
    pub fn generate() -> Result<Self, AuthError> {
        Ok(Salt::new(BASE64.encode(&*octets::<16>()?)))
    }
}

impl Totp {
    /// Draws a secret in Base32: 20 random octets, as RFC 4226 recommends.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the system has no random numbers.
    #[doc(alias = "generate_totp_secret")]
    pub fn generate_secret() -> Result<Secret, AuthError> {
        Ok(Totp::encode_secret(&*octets::<20>()?))
    }
}

#[cfg(feature = "cryptosign")]
impl SigningKey {
    /// Draws a new private key. [`to_hex`](Self::to_hex) is the form to store, and
    /// [`public_key_hex`](Self::public_key_hex) is for the router.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the system has no random numbers.
    pub fn generate() -> Result<Self, AuthError> {
        Ok(SigningKey::from_seed(*octets()?))
    }
}

#[cfg(feature = "scram")]
impl ScramCredential {
    /// Draws a salt of 16 octets, and derives the credential of a password with a cost that this library's clients accept:
    /// Argon2id with 3 iterations over 64 MiB, or PBKDF2 with 600 000 iterations. It takes some tenths of a second.
    ///
    /// ```
    /// use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
    ///
    /// # fn main() -> Result<(), wampwerk::auth::AuthError> {
    /// let credential =
    ///     ScramCredential::generate(Dialect::Spec, &"pencil".into(), Kdf::Argon2id13)?;
    /// assert_eq!(credential.salt.len(), 16);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns [`AuthError`] if the system has no random numbers, if the memory cannot be allocated, or if SASLprep
    /// rejects the password.
    pub fn generate(dialect: Dialect, password: &Secret, kdf: Kdf) -> Result<Self, AuthError> {
        let (iterations, memory) = match kdf {
            Kdf::Argon2id13 => (3, Some(64 << 10)),
            Kdf::Pbkdf2 => (600_000, None),
        };
        let salt = octets::<16>()?;
        ScramCredential::derive(dialect, password, kdf, &*salt, iterations, memory)
    }
}

fn octets<const N: usize>() -> Result<Zeroizing<[u8; N]>, AuthError> {
    let drawn = rt::random_bytes().map_err(|error| {
        AuthError::new(format_args!("the system has no random numbers: {error}"))
    })?;
    Ok(Zeroizing::new(drawn))
}
