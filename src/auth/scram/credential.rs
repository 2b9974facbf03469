//! Contains [`ScramCredential`], the values that a router stores for a user's password.

use crate::auth::encoding::{optional_number, sha256, text};
use crate::auth::hex::{from_hex, hex, secret_from_hex};
use crate::auth::scram::{Dialect, Kdf, Keys, salted_password};
use crate::auth::{AuthError, Secret};
use crate::value::Dict;

/// The values that a router stores for a user. They allow neither joining nor reading the password.
/// They do allow impersonating the router and guessing passwords offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScramCredential {
    /// Key derivation function.
    pub kdf: Kdf,
    /// Salt. Recommended: 16 random octets.
    pub salt: Vec<u8>,
    /// Number of iterations.
    pub iterations: u32,
    /// Memory in KiB; Argon2 only.
    pub memory: Option<u32>,
    /// Key that authenticates the client: 32 octets.
    pub stored_key: Secret,
    /// Key that authenticates the router: 32 octets.
    pub server_key: Secret,
}

impl ScramCredential {
    /// Derives the credential of a password. In [`Dialect::Autobahn`] Argon2id may cost less than
    /// this library's clients accept by default (see
    /// [`Scram::accept_weak`](crate::session::authentication::Scram::accept_weak)).
    ///
    /// # Errors
    /// Returns [`AuthError`] if the cost is too low or too high, or if SASLprep rejects the
    /// password.
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

    /// Derives the credential that Autobahn's `derive_scram_credential` derives:
    /// [`Dialect::Autobahn`], Argon2id with 4096 iterations over 512 KiB. The default salt is the
    /// first 16 octets of the SHA-256 of the e-mail address, as in Autobahn.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the memory cannot be allocated.
    #[doc(alias = "derive_scram_credential")]
    pub fn derive_for_autobahn(
        email: &str,
        password: &Secret,
        salt: Option<[u8; 16]>,
    ) -> Result<Self, AuthError> {
        let hash = sha256(email.as_bytes());
        let salt = salt.as_ref().map_or(&hash[..16], |salt| &salt[..]);
        ScramCredential::derive(Dialect::Autobahn, password, Kdf::Argon2id13, salt, 4096, Some(512))
    }

    /// Checks that a client can authenticate with this credential.
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
    /// hexadecimal digits, `iterations`, `memory`. Other keys, such as `role`, are ignored.
    ///
    /// # Errors
    /// Returns [`AuthError`] if a key is missing or not valid, or if the cost exceeds what clients
    /// accept.
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
        // The dialect is unknown here; this one has the wider limits.
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

    /// Returns the form of Crossbar's configuration, which
    /// [`from_dict`](ScramCredential::from_dict) reads. It contains the keys; treat it as a secret.
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
