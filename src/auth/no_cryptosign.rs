//! Stands in for `cryptosign` when that feature is off: there are no keys, and every attempt to get
//! one is an error that names the feature.

use crate::auth::AuthError;

/// A private key. Without the feature `cryptosign` there is none.
#[derive(Clone, Debug)]
pub enum SigningKey {}

impl SigningKey {
    /// Reads a key from hexadecimal digits.
    ///
    /// # Errors
    /// Always: the feature is off.
    pub fn from_hex(_text: &str) -> Result<Self, AuthError> {
        Err(off())
    }

    /// Reads an OpenSSH key.
    ///
    /// # Errors
    /// Always: the feature is off.
    pub fn from_openssh(_text: &str) -> Result<Self, AuthError> {
        Err(off())
    }

    /// Reads a key file of Autobahn.
    ///
    /// # Errors
    /// Always: the feature is off.
    pub fn from_keyfile(_text: &str) -> Result<Self, AuthError> {
        Err(off())
    }

    /// Reads the content of a key file.
    ///
    /// # Errors
    /// Always: the feature is off.
    pub fn parse(_file: &[u8]) -> Result<Self, AuthError> {
        Err(off())
    }

    /// Returns the public key.
    pub fn public_key(&self) -> [u8; 32] {
        match *self {}
    }

    /// Returns the public key as 64 hexadecimal digits.
    pub fn public_key_hex(&self) -> String {
        match *self {}
    }

    /// Signs a message.
    pub fn sign(&self, _message: &[u8]) -> [u8; 64] {
        match *self {}
    }

    /// Returns AUTHENTICATE.Signature for a challenge.
    ///
    /// # Errors
    /// None: there is no key.
    pub fn sign_challenge(
        &self,
        _challenge_hex: &str,
        _channel_id: Option<&[u8; 32]>,
    ) -> Result<String, AuthError> {
        match *self {}
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// Always: the feature is off.
    pub fn verify(
        _public_key: &[u8; 32],
        _message: &[u8; 32],
        _signature: &[u8; 64],
    ) -> Result<(), AuthError> {
        Err(off())
    }
}

/// Reads a public key.
///
/// # Errors
/// Always: the feature is off.
pub fn public_key_from_hex(_text: &str) -> Result<[u8; 32], AuthError> {
    Err(off())
}

pub(in crate::auth) fn check_public_key(_key: &[u8; 32]) -> Result<(), AuthError> {
    Err(off())
}

pub(crate) fn off() -> AuthError {
    AuthError::new("cryptosign is not compiled in (feature `cryptosign` of the crate is off)")
}

pub(in crate::auth) mod router {
    //! The router's end of it, which never begins.

    use crate::auth::{AuthError, ChallengeContext};
    use crate::message::Authenticate;
    use crate::value::Dict;

    pub(in crate::auth) enum RouterExchange {}

    impl RouterExchange {
        pub(in crate::auth) fn begin(
            _public_keys: &[[u8; 32]],
            _context: &ChallengeContext<'_>,
        ) -> Result<(Dict, Self), AuthError> {
            Err(super::off())
        }

        pub(in crate::auth) fn verify(&self, _answer: &Authenticate) -> Option<Dict> {
            match *self {}
        }
    }
}
