//! Contains [`Credential`], the data by which a router authenticates a user.

use crate::auth::scram::{Dialect, ScramCredential};
use crate::auth::{AuthError, Secret, cryptosign, wampcra};

/// The data by which a router authenticates a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// The ticket, as the client sends it.
    Ticket(Secret),
    /// WAMP-CRA.
    WampCra {
        /// Key of the signature: the shared secret, or with a salt the key that
        /// [`derive_key`](Salt::derive_key) returns. With a salt the router does not need the
        /// secret itself.
        secret: Secret,
        /// Parameters by which the client derives the key from its secret.
        salt: Option<Salt>,
    },
    /// WAMP-cryptosign.
    Cryptosign {
        /// Accepted public keys, each of 32 octets.
        public_keys: Vec<[u8; 32]>,
    },
    /// SCRAM.
    Scram {
        /// Dialect for which the credential was derived.
        dialect: Dialect,
        /// Values derived from the password.
        credential: ScramCredential,
    },
}

/// Parameters by which a client derives a key from its secret (WAMP-CRA).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salt {
    /// Salt; any text.
    pub salt: String,
    /// Iterations of PBKDF2. Default: 1000.
    pub iterations: u32,
    /// Length of the key in octets. Default: 32.
    pub keylen: usize,
}

impl Salt {
    /// Creates a salt with 1000 iterations and a key of 32 octets.
    pub fn new(salt: impl Into<String>) -> Self {
        Salt {
            salt: salt.into(),
            iterations: wampcra::DEFAULT_ITERATIONS,
            keylen: wampcra::DEFAULT_KEYLEN,
        }
    }

    /// Derives the key of a secret: Base64 of PBKDF2-HMAC-SHA256. The Base64 *text* is the key, as in
    /// Autobahn, in Crossbar and in the specification's sample.
    ///
    /// # Errors
    /// Returns [`AuthError`] if `iterations` or `keylen` is 0, if the key is longer than 1024
    /// octets, or if it takes more than 1 000 000 rounds: iterations times 32-octet blocks of the key.
    #[doc(alias = "pbkdf2")]
    pub fn derive_key(&self, secret: &Secret) -> Result<Secret, AuthError> {
        wampcra::derive_key(secret, &self.salt, self.iterations, self.keylen)
    }
}

impl Credential {
    /// Creates a WAMP-CRA credential with a salt from the user's secret. The secret itself is not
    /// kept.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the salt exceeds the cost limits of
    /// [`derive_key`](Salt::derive_key).
    pub fn salted_wampcra(secret: &Secret, salt: Salt) -> Result<Self, AuthError> {
        let secret = salt.derive_key(secret)?;
        Ok(Credential::WampCra { secret, salt: Some(salt) })
    }

    /// Checks that the credential can authenticate a client and is not empty.
    ///
    /// # Errors
    /// Returns [`AuthError`] if a secret is empty, a key is not valid, or the key derivation cost
    /// exceeds what clients accept. The text names the problem and shows no secret.
    pub fn check(&self) -> Result<(), AuthError> {
        match self {
            Credential::Ticket(ticket) if ticket.as_bytes().is_empty() => {
                Err(AuthError::new("the ticket is empty"))
            }
            Credential::WampCra { secret, .. } if secret.as_bytes().is_empty() => {
                Err(AuthError::new("the secret for wampcra is empty"))
            }
            Credential::WampCra { salt: Some(Salt { iterations, keylen, .. }), .. } => {
                wampcra::check_work(*iterations, *keylen)
                    .map_err(|error| AuthError::new(format_args!("the salt for wampcra: {error}")))
            }
            Credential::Cryptosign { public_keys } if public_keys.is_empty() => {
                Err(AuthError::new("no public key for cryptosign"))
            }
            Credential::Cryptosign { public_keys } => {
                public_keys.iter().try_for_each(cryptosign::check_public_key)
            }
            Credential::Scram { dialect, credential } => credential
                .check(*dialect)
                .map_err(|error| AuthError::new(format_args!("{}: {error}", dialect.method()))),
            Credential::Ticket(_) | Credential::WampCra { salt: None, .. } => Ok(()),
        }
    }

    /// Returns the name of the method, as in HELLO.Details.authmethods.
    pub fn method(&self) -> &'static str {
        match self {
            Credential::Ticket(_) => "ticket",
            Credential::WampCra { .. } => "wampcra",
            Credential::Cryptosign { .. } => "cryptosign",
            Credential::Scram { dialect, .. } => dialect.method(),
        }
    }
}
