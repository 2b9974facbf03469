//! Derives the salted password by PBKDF2 or Argon2id, and limits the cost of the derivation.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use zeroize::Zeroizing;

use crate::auth::encoding::pbkdf2_sha256;
use crate::auth::scram::{Dialect, Keys, saslprep};
use crate::auth::{AuthError, Secret};

/// Minimum number of iterations of PBKDF2 (RFC 7677, section 4).
pub const MIN_PBKDF2_ITERATIONS: u32 = 4096;

/// Maximum number of iterations of PBKDF2: about one second in a browser.
pub const MAX_PBKDF2_ITERATIONS: u32 = 1_000_000;

/// Minimum cost of Argon2id: memory in KiB times iterations.
pub const MIN_ARGON2_WORK: u64 = 16 * 1024;

/// Minimum cost of Argon2id in [`Dialect::Autobahn`] where a weak cost is accepted. The credentials
/// that Autobahn derives cost far more (4096 times 512 KiB), but Crossbar allows any cost.
const MIN_WEAK_ARGON2_WORK: u64 = 1024;

/// Maximum cost of Argon2id: memory in KiB times iterations. Twice the cost of Autobahn's
/// credentials (4096 times 512 KiB); a few seconds in a browser.
pub const MAX_ARGON2_WORK: u64 = 4 * 1024 * 1024;

/// Maximum memory of Argon2id, in KiB: 256 MiB.
pub const MAX_ARGON2_MEMORY: u32 = 256 * 1024;

/// Minimum length of the salt of Argon2, in octets (RFC 9106, section 3.1).
const MIN_ARGON2_SALT: usize = 8;
const MAX_SALT: usize = 1024;
const SALTED: usize = 32;

/// A key derivation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kdf {
    /// Argon2id, version 1.3 (RFC 9106), one lane.
    Argon2id13,
    /// PBKDF2 with HMAC-SHA256 (RFC 8018).
    Pbkdf2,
}

impl Kdf {
    /// Returns the name in CHALLENGE: Autobahn writes `argon2id-13`, the specification
    /// `argon2id13`.
    pub fn name(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Kdf::Argon2id13, Dialect::Spec) => "argon2id13",
            (Kdf::Argon2id13, Dialect::Autobahn) => "argon2id-13",
            (Kdf::Pbkdf2, _) => "pbkdf2",
        }
    }

    /// Returns the function with a name, in either spelling.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the name is unknown.
    pub fn from_name(name: &str) -> Result<Self, AuthError> {
        match name {
            "argon2id13" | "argon2id-13" => Ok(Kdf::Argon2id13),
            "pbkdf2" => Ok(Kdf::Pbkdf2),
            _ => {
                let name: String = name.chars().take(40).collect();
                Err(AuthError::new(format_args!(
                    "unknown kdf {name:?}; known are argon2id13 and pbkdf2"
                )))
            }
        }
    }

    /// Checks that the cost protects a password and does not exceed what one end may ask of the
    /// other. `accept_weak` is a client's setting: see
    /// [`Scram::accept_weak`](crate::session::authentication::Scram::accept_weak).
    ///
    /// # Errors
    /// Returns [`AuthError`] if the cost is out of bounds, or if Argon2 has no `memory`.
    pub fn check(
        self,
        dialect: Dialect,
        accept_weak: bool,
        iterations: u32,
        memory: Option<u32>,
    ) -> Result<(), AuthError> {
        // A client may offer both dialects at once, so both have the same minimum. Otherwise a fake
        // router could choose the weaker one.
        let (least, work, most, what) = match self {
            Kdf::Pbkdf2 => (
                u64::from(MIN_PBKDF2_ITERATIONS),
                u64::from(iterations),
                u64::from(MAX_PBKDF2_ITERATIONS),
                "iterations of pbkdf2",
            ),
            Kdf::Argon2id13 => {
                let memory = memory_of(memory)?;
                let least = match dialect {
                    Dialect::Autobahn if accept_weak => MIN_WEAK_ARGON2_WORK,
                    _ => MIN_ARGON2_WORK,
                };
                let work = u64::from(memory) * u64::from(iterations);
                (least, work, MAX_ARGON2_WORK, "KiB times iterations of argon2id13")
            }
        };
        if work < least {
            return Err(AuthError::new(format_args!(
                "{work} {what} are too weak (minimum {least})"
            )));
        }
        if work > most {
            return Err(AuthError::new(format_args!(
                "{work} {what} are too many (maximum {most})"
            )));
        }
        Ok(())
    }

    /// Computes a client's proof for AUTHENTICATE.Signature, and the router's signature that must be in
    /// WELCOME, both in Base64. It is for clients that answer challenges by a function of their own.
    ///
    /// `password` is prepared: for [`Dialect::Spec`] by SASLprep (RFC 4013), which changes no ASCII.
    /// `auth_message` is the text that both ends sign (RFC 5802, section 3).
    ///
    /// # Errors
    /// Returns [`AuthError`] if the salt or the cost cannot be used. The cost may be lower than
    /// [`check`](Self::check) demands.
    pub fn prove(
        self,
        dialect: Dialect,
        password: &Secret,
        salt: &[u8],
        iterations: u32,
        memory: Option<u32>,
        auth_message: &str,
    ) -> Result<(String, String), AuthError> {
        let salted = self.salted(dialect, password.as_bytes(), salt, iterations, memory)?;
        let keys = Keys::new(&salted);
        Ok((keys.proof(auth_message), keys.verifier(auth_message)))
    }

    /// Derives the keys of a prepared password, one behind the other, 32 octets each (RFC 5802, section 3): the client key,
    /// and the stored and the server key of a [`ScramCredential`](crate::auth::scram::ScramCredential). As
    /// [`prove`](Self::prove) otherwise.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the salt or the cost cannot be used.
    pub fn keys(
        self,
        dialect: Dialect,
        password: &Secret,
        salt: &[u8],
        iterations: u32,
        memory: Option<u32>,
    ) -> Result<Secret, AuthError> {
        let salted = self.salted(dialect, password.as_bytes(), salt, iterations, memory)?;
        Ok(Keys::new(&salted).concat())
    }

    /// Derives the salted password from a prepared one.
    fn salted(
        self,
        dialect: Dialect,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        memory: Option<u32>,
    ) -> Result<Secret, AuthError> {
        self.check_salt(salt)?;
        match self {
            Kdf::Pbkdf2 => {
                if iterations == 0 || iterations > MAX_PBKDF2_ITERATIONS {
                    return Err(AuthError::new(format_args!(
                        "{iterations} iterations of pbkdf2 are out of range (1 to {MAX_PBKDF2_ITERATIONS})"
                    )));
                }
                pbkdf2_sha256(password, salt, iterations, SALTED)
            }
            Kdf::Argon2id13 => {
                let hash = argon2id13(password, salt, iterations, memory_of(memory)?)?;
                Ok(match dialect {
                    Dialect::Spec => hash,
                    Dialect::Autobahn => BASE64_NOPAD.encode(hash.as_bytes()).into(),
                })
            }
        }
    }

    /// Checks the length of the salt.
    pub(in crate::auth) fn check_salt(self, salt: &[u8]) -> Result<(), AuthError> {
        let length = salt.len();
        if length == 0 || length > MAX_SALT {
            return Err(AuthError::new(format_args!(
                "salt length of {length} octets is out of range (1 to {MAX_SALT})"
            )));
        }
        if self == Kdf::Argon2id13 && length < MIN_ARGON2_SALT {
            return Err(AuthError::new(format_args!(
                "salt length of {length} octets is too short for argon2id13 (minimum {MIN_ARGON2_SALT})"
            )));
        }
        Ok(())
    }
}

/// Derives the salted password (RFC 5802, section 3): 32 octets, or their Base64 text in
/// [`Dialect::Autobahn`] with Argon2. `memory` is in KiB, for Argon2 only.
///
/// This function rejects a cost that is too high. Only exchanges reject a cost that is too low.
///
/// # Errors
/// Returns [`AuthError`] if a parameter is out of bounds, or if the password contains characters
/// that SASLprep forbids.
pub fn salted_password(
    dialect: Dialect,
    password: &Secret,
    kdf: Kdf,
    salt: &[u8],
    iterations: u32,
    memory: Option<u32>,
) -> Result<Secret, AuthError> {
    // Refused before the password is looked at.
    kdf.check_salt(salt)?;
    match dialect {
        Dialect::Spec => {
            let prepared = Secret::from(saslprep("the password", password.as_str()?)?.into_owned());
            kdf.salted(dialect, prepared.as_bytes(), salt, iterations, memory)
        }
        Dialect::Autobahn => kdf.salted(dialect, password.as_bytes(), salt, iterations, memory),
    }
}

fn argon2id13(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    memory: u32,
) -> Result<Secret, AuthError> {
    if u64::from(memory) * u64::from(iterations) > MAX_ARGON2_WORK {
        return Err(AuthError::new(format_args!(
            "{iterations} iterations of argon2id13 over {memory} KiB are too many"
        )));
    }
    let failed = |error| AuthError::new(format_args!("argon2id13 cannot be computed: {error}"));
    let params = Params::new(memory, iterations, 1, Some(SALTED)).map_err(failed)?;
    let mut hash = Zeroizing::new([0; SALTED]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut *hash)
        .map_err(failed)?;
    Ok(Secret::from(&hash[..]))
}

fn memory_of(memory: Option<u32>) -> Result<u32, AuthError> {
    match memory {
        Some(memory @ 8..=MAX_ARGON2_MEMORY) => Ok(memory),
        Some(memory) => Err(AuthError::new(format_args!(
            "memory of {memory} KiB is out of range (8 to {MAX_ARGON2_MEMORY})"
        ))),
        None => Err(AuthError::new("argon2id13 requires the parameter memory, in KiB")),
    }
}
