//! `Credential`: what a router knows of a user, by method.

use crate::auth::scram::{Dialect, ScramCredential};
use crate::auth::{AuthError, Secret, cryptosign, wampcra};

/// By what a router recognizes a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// The ticket, as the client sends it.
    Ticket(Secret),
    /// WAMP-CRA.
    WampCra {
        /// The key of the signature: the shared secret; with a salt what
        /// [`derive_key`](wampcra::derive_key) makes of it, so that the router need not have the
        /// secret itself.
        secret: Secret,
        /// How the client makes the key of its secret.
        salt: Option<Salt>,
    },
    /// WAMP-cryptosign: the keys that the user may have, each of 32 octets.
    Cryptosign {
        /// The keys that the user may have.
        public_keys: Vec<[u8; 32]>,
    },
    /// SCRAM.
    Scram {
        /// For which form the credential was derived.
        dialect: Dialect,
        /// What is kept of the password.
        credential: ScramCredential,
    },
}

/// How a client makes a key of its secret (WAMP-CRA).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salt {
    /// Any text.
    pub salt: String,
    /// The iterations of PBKDF2: 1000 is the default.
    pub iterations: u32,
    /// The octets of the key: 32 is the default.
    pub keylen: usize,
}

impl Salt {
    /// A salt with the default work of [`DEFAULT_ITERATIONS`](wampcra::DEFAULT_ITERATIONS) for
    /// [`DEFAULT_KEYLEN`](wampcra::DEFAULT_KEYLEN) octets.
    pub fn new(salt: impl Into<String>) -> Self {
        Salt {
            salt: salt.into(),
            iterations: wampcra::DEFAULT_ITERATIONS,
            keylen: wampcra::DEFAULT_KEYLEN,
        }
    }
}

impl Credential {
    /// WAMP-CRA with a salt, from the user's secret itself. The secret is not kept.
    ///
    /// # Errors
    /// If the salt asks for more work than [`derive_key`](wampcra::derive_key) does.
    pub fn salted_wampcra(secret: &Secret, salt: Salt) -> Result<Self, AuthError> {
        let secret = wampcra::derive_key(secret, &salt.salt, salt.iterations, salt.keylen)?;
        Ok(Credential::WampCra { secret, salt: Some(salt) })
    }

    /// That somebody can prove himself by it, and nobody by nothing.
    ///
    /// # Errors
    /// If a secret is empty, a key is none, or it takes work that no client does. The text names
    /// what, and shows no secret.
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

    /// The name of the method, as in HELLO.Details.authmethods.
    pub fn method(&self) -> &'static str {
        match self {
            Credential::Ticket(_) => "ticket",
            Credential::WampCra { .. } => "wampcra",
            Credential::Cryptosign { .. } => "cryptosign",
            Credential::Scram { dialect, .. } => dialect.method(),
        }
    }
}
