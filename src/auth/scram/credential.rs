//! `ScramCredential`: what a router keeps of a user's password.

use crate::auth::encoding::{from_hex, hex, optional_number, secret_from_hex, sha256, text};
use crate::auth::scram::{Dialect, Kdf, Keys, salted_password};
use crate::auth::{AuthError, Secret};
use crate::value::Dict;

/// What a router keeps of a user: nobody can join with it, and the password cannot be read from it.
/// Still it lets whoever has it play the router, and try passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScramCredential {
    /// How the password was made a key.
    pub kdf: Kdf,
    /// The salt: 16 random octets are good.
    pub salt: Vec<u8>,
    /// The iterations.
    pub iterations: u32,
    /// The memory in KiB; Argon2 only.
    pub memory: Option<u32>,
    /// By what a client is recognized: 32 octets.
    pub stored_key: Secret,
    /// By what the router is recognized: 32 octets.
    pub server_key: Secret,
}

impl ScramCredential {
    /// What to keep of a password. In [`Dialect::Autobahn`] Argon2id may have less work than
    /// [`MIN_ARGON2_WORK`](super::MIN_ARGON2_WORK), but most clients refuse it then (see
    /// [`ClientExchange::accept_weak`](super::ClientExchange::accept_weak)).
    ///
    /// # Errors
    /// If the parameters are too weak or too much work, or SASLprep refuses the password.
    pub fn derive(
        dialect: Dialect,
        password: &Secret,
        kdf: Kdf,
        salt: &[u8],
        iterations: u32,
        memory: Option<u32>,
    ) -> Result<Self, AuthError> {
        kdf.check(dialect, true, iterations, memory)?;
        let keys = Keys::new(&salted_password(dialect, password, kdf, salt, iterations, memory)?);
        Ok(ScramCredential {
            kdf,
            salt: salt.to_vec(),
            iterations,
            memory: memory.filter(|_| kdf == Kdf::Argon2id13),
            stored_key: keys.stored_key().clone(),
            server_key: keys.server_key().clone(),
        })
    }

    /// That a client can prove that it has the password.
    pub(in crate::auth) fn check(&self, dialect: Dialect) -> Result<(), AuthError> {
        self.kdf.check(dialect, true, self.iterations, self.memory)?;
        self.kdf.check_salt(&self.salt)?;
        for (name, key) in [("stored", &self.stored_key), ("server", &self.server_key)] {
            let length = key.as_bytes().len();
            if length != 32 {
                return Err(AuthError::new(format_args!(
                    "the {name} key has {length} octets, not 32"
                )));
            }
        }
        Ok(())
    }

    /// Reads the form of Crossbar's configuration: `kdf`, `salt`, `stored-key` and `server-key` in
    /// hexadecimal digits, `iterations`, `memory`. Other keys, as `role`, are not looked at.
    ///
    /// # Errors
    /// If a key is missing, or is not what it should be, or no client would do the work.
    pub fn from_dict(dict: &Dict) -> Result<Self, AuthError> {
        const PLACE: &str = "scram";
        let key = |name: &str| -> Result<Secret, AuthError> {
            let place = format!("{PLACE}.{name}");
            Ok(secret_from_hex::<32>(&place, text(PLACE, dict, name)?)?.as_slice().into())
        };
        let iterations = optional_number(PLACE, dict, "iterations")?
            .ok_or_else(|| AuthError::new("scram.iterations is missing"))?;
        let memory = optional_number(PLACE, dict, "memory")?;
        let kdf = Kdf::from_name(text(PLACE, dict, "kdf")?)?;
        // The dialect is not said; the limits of this one are the wider ones.
        kdf.check(Dialect::Autobahn, true, iterations, memory)?;
        Ok(ScramCredential {
            kdf,
            salt: from_hex("scram.salt", text(PLACE, dict, "salt")?)?,
            iterations,
            memory: memory.filter(|_| kdf == Kdf::Argon2id13),
            stored_key: key("stored-key")?,
            server_key: key("server-key")?,
        })
    }

    /// The form of Crossbar's configuration, as [`from_dict`](ScramCredential::from_dict) reads it.
    /// It holds the keys: treat it as a secret.
    pub fn to_dict(&self) -> Dict {
        let mut dict = Dict::new().with("kdf", self.kdf.name(Dialect::Autobahn));
        if let Some(memory) = self.memory {
            dict.insert("memory", memory);
        }
        dict.with("iterations", self.iterations)
            .with("salt", hex(&self.salt))
            .with("stored-key", hex(self.stored_key.as_bytes()))
            .with("server-key", hex(self.server_key.as_bytes()))
    }
}

/// Autobahn's `derive_scram_credential`: a credential of [`Dialect::Autobahn`] by Argon2id with
/// 4096 iterations over 512 KiB. Without a salt it is the first 16 octets of the SHA-256 of the
/// e-mail address, as there.
///
/// # Errors
/// If the memory is not to be had.
pub fn derive_scram_credential(
    email: &str,
    password: &Secret,
    salt: Option<[u8; 16]>,
) -> Result<ScramCredential, AuthError> {
    let hash = sha256(email.as_bytes());
    let salt = salt.as_ref().map_or(&hash[..16], |salt| &salt[..]);
    ScramCredential::derive(Dialect::Autobahn, password, Kdf::Argon2id13, salt, 4096, Some(512))
}
