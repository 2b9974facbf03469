//! From a password to the salted password: PBKDF2 and Argon2id, and how much work is too much.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use zeroize::Zeroizing;

use crate::auth::encoding::pbkdf2_sha256;
use crate::auth::scram::{Dialect, saslprep};
use crate::auth::{AuthError, Secret};

/// The fewest iterations of PBKDF2 (RFC 7677, section 4).
pub const MIN_PBKDF2_ITERATIONS: u32 = 4096;

/// The most iterations of PBKDF2: about a second in a browser.
pub const MAX_PBKDF2_ITERATIONS: u32 = 1_000_000;

/// The least work of Argon2id: memory in KiB times iterations.
pub const MIN_ARGON2_WORK: u64 = 16 * 1024;

/// The same in [`Dialect::Autobahn`] where less is accepted. What Autobahn derives itself has far
/// more (4096 times 512 KiB), but nothing keeps users of Crossbar's from less.
const MIN_WEAK_ARGON2_WORK: u64 = 1024;

/// The most work of Argon2id: memory in KiB times iterations, twice what Autobahn's credentials
/// have (4096 times 512 KiB). A few seconds in a browser.
pub const MAX_ARGON2_WORK: u64 = 4 * 1024 * 1024;

/// The most memory of Argon2id, in KiB: 256 MiB.
pub const MAX_ARGON2_MEMORY: u32 = 256 * 1024;

/// Argon2 wants 8 octets of salt at least (RFC 9106, section 3.1).
const MIN_ARGON2_SALT: usize = 8;
const MAX_SALT: usize = 1024;
const SALTED: usize = 32;

/// How a password becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kdf {
    /// Argon2id, version 1.3 (RFC 9106), one lane.
    Argon2id13,
    /// PBKDF2 with HMAC-SHA256 (RFC 8018).
    Pbkdf2,
}

impl Kdf {
    /// The name in CHALLENGE: Autobahn writes `argon2id-13`, the specification `argon2id13`.
    pub fn name(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Kdf::Argon2id13, Dialect::Spec) => "argon2id13",
            (Kdf::Argon2id13, Dialect::Autobahn) => "argon2id-13",
            (Kdf::Pbkdf2, _) => "pbkdf2",
        }
    }

    /// The function of a name, in either spelling.
    ///
    /// # Errors
    /// If it is unknown.
    pub fn from_name(name: &str) -> Result<Self, AuthError> {
        match name {
            "argon2id13" | "argon2id-13" => Ok(Kdf::Argon2id13),
            "pbkdf2" => Ok(Kdf::Pbkdf2),
            _ => {
                let name: String = name.chars().take(40).collect();
                Err(AuthError::new(format_args!(
                    "kdf {name:?} is unknown: argon2id13 and pbkdf2 are there"
                )))
            }
        }
    }

    /// Whether the work is within what protects a password and what an end may ask of the other.
    /// Both dialects are offered together, so neither may have less than the other: else whoever
    /// plays the router chooses the weaker one.
    pub(in crate::auth) fn check(
        self,
        dialect: Dialect,
        accept_weak: bool,
        iterations: u32,
        memory: Option<u32>,
    ) -> Result<(), AuthError> {
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
                "{work} {what} are too weak: {least} at least"
            )));
        }
        if work > most {
            return Err(AuthError::new(format_args!("{work} {what} are too many: {most} at most")));
        }
        Ok(())
    }

    /// Whether the salt is one.
    pub(in crate::auth) fn check_salt(self, salt: &[u8]) -> Result<(), AuthError> {
        let length = salt.len();
        if length == 0 || length > MAX_SALT {
            return Err(AuthError::new(format_args!(
                "a salt of {length} octets is not 1 to {MAX_SALT}"
            )));
        }
        if self == Kdf::Argon2id13 && length < MIN_ARGON2_SALT {
            return Err(AuthError::new(format_args!(
                "a salt of {length} octets is too short for argon2id13: {MIN_ARGON2_SALT} at least"
            )));
        }
        Ok(())
    }
}

/// The salted password (RFC 5802, section 3), of 32 octets; in [`Dialect::Autobahn`] with Argon2
/// the Base64 text of them. `memory` is in KiB, for Argon2 only.
///
/// What is too much work is refused here; what is too little is refused in exchanges only.
///
/// # Errors
/// If the parameters are out of bounds, or the password holds what SASLprep forbids.
pub fn salted_password(
    dialect: Dialect,
    password: &Secret,
    kdf: Kdf,
    salt: &[u8],
    iterations: u32,
    memory: Option<u32>,
) -> Result<Secret, AuthError> {
    kdf.check_salt(salt)?;
    let prepared;
    let password = match dialect {
        Dialect::Spec => {
            prepared = Secret::from(saslprep("the password", password.as_str()?)?.into_owned());
            prepared.as_bytes()
        }
        Dialect::Autobahn => password.as_bytes(),
    };
    match kdf {
        Kdf::Pbkdf2 => {
            if iterations == 0 || iterations > MAX_PBKDF2_ITERATIONS {
                return Err(AuthError::new(format_args!(
                    "{iterations} iterations of pbkdf2 are not 1 to {MAX_PBKDF2_ITERATIONS}"
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
            "memory of {memory} KiB is not 8 to {MAX_ARGON2_MEMORY}"
        ))),
        None => Err(AuthError::new("argon2id13 needs memory, in KiB")),
    }
}
