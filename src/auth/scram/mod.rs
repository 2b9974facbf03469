//! SCRAM: both ends prove that they know a password, or what is derived from it, without sending
//! it (spec: "SCRAM Authentication", RFC 5802, RFC 7677).
//!
//! Owns the keys and the text that is signed; [`ClientExchange`] and the router's end use them.

mod client;
mod credential;
mod kdf;
pub(in crate::auth) mod router;

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use crate::auth::encoding::{base64, hmac_sha256, sha256};
use crate::auth::{AuthError, Secret};

pub use client::ClientExchange;
pub use credential::{ScramCredential, derive_scram_credential};
pub use kdf::{
    Kdf, MAX_ARGON2_MEMORY, MAX_ARGON2_WORK, MAX_PBKDF2_ITERATIONS, MIN_ARGON2_WORK,
    MIN_PBKDF2_ITERATIONS, salted_password,
};

/// The two forms of SCRAM. They do not understand one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// As the specification says: method `wamp-scram`.
    Spec,
    /// As Autobahn and Crossbar do it: method `scram`. With Argon2 the keys are made of the
    /// unpadded Base64 text of the hash, the password is taken as it is (no SASLprep), and authid
    /// is not escaped. There is no channel binding.
    Autobahn,
}

impl Dialect {
    /// The name of the method.
    pub fn method(self) -> &'static str {
        match self {
            Dialect::Spec => "wamp-scram",
            Dialect::Autobahn => "scram",
        }
    }

    /// The dialect of a method, if it is one.
    pub fn of_method(method: &str) -> Option<Self> {
        [Dialect::Spec, Dialect::Autobahn].into_iter().find(|dialect| dialect.method() == method)
    }

    /// The key of WELCOME.authextra that holds the router's signature.
    pub fn verifier_key(self) -> &'static str {
        match self {
            Dialect::Spec => "verifier",
            Dialect::Autobahn => "scram_server_signature",
        }
    }
}

/// A channel binding in use: its type, as `tls-exporter`, and its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The type, as `tls-exporter`.
    pub name: String,
    /// What both ends know about the channel.
    pub data: Vec<u8>,
}

/// What both ends sign: everything said so far but the proof (RFC 5802, section 3: AuthMessage).
#[derive(Clone, Copy, Debug)]
pub struct AuthMessage<'a> {
    /// Which form.
    pub dialect: Dialect,
    /// Who the client wants to be.
    pub authid: &'a str,
    /// The nonce in HELLO.
    pub client_nonce: &'a str,
    /// The nonce in CHALLENGE, which has that of the client in it.
    pub nonce: &'a str,
    /// The salt as CHALLENGE has it, in Base64.
    pub salt: &'a str,
    /// The iterations.
    pub iterations: u32,
    /// The channel binding, if there is one.
    pub binding: Option<&'a Binding>,
}

impl AuthMessage<'_> {
    /// The text.
    ///
    /// # Errors
    /// If the authid holds what SASLprep (RFC 4013) forbids, as control characters.
    pub fn text(&self) -> Result<String, AuthError> {
        let AuthMessage { client_nonce, nonce, salt, iterations, .. } = self;
        let authid = saslprep("the authid", self.authid)?;
        let (authid, bound) = match self.dialect {
            Dialect::Spec => {
                let authid = authid.replace('=', "=3D").replace(',', "=2C");
                (Cow::Owned(authid), base64(&self.gs2_header()))
            }
            Dialect::Autobahn => (authid, String::new()),
        };
        Ok(format!(
            "n={authid},r={client_nonce},r={nonce},s={salt},i={iterations},c={bound},r={nonce}"
        ))
    }

    /// The beginning of RFC 5802's messages and what the channel is bound to.
    fn gs2_header(&self) -> Vec<u8> {
        match self.binding {
            None => b"n,,".to_vec(),
            Some(binding) => [format!("p={},,", binding.name).as_bytes(), &binding.data].concat(),
        }
    }
}

/// What is derived from a salted password (RFC 5802, section 3).
pub struct Keys {
    /// What the client proves to have.
    client_key: Secret,
    /// By what a router recognizes it.
    stored_key: Secret,
    /// What the router proves to have.
    server_key: Secret,
}

impl Keys {
    /// The keys of a [`salted_password`].
    pub fn new(salted_password: &Secret) -> Self {
        let salted_password = salted_password.as_bytes();
        let client_key = Zeroizing::new(hmac_sha256(salted_password, &[b"Client Key"]));
        let stored_key = Zeroizing::new(sha256(&*client_key));
        let server_key = Zeroizing::new(hmac_sha256(salted_password, &[b"Server Key"]));
        Keys {
            client_key: client_key.as_slice().into(),
            stored_key: stored_key.as_slice().into(),
            server_key: server_key.as_slice().into(),
        }
    }

    /// By what a router recognizes the client.
    pub fn stored_key(&self) -> &Secret {
        &self.stored_key
    }

    /// What the router proves to have.
    pub fn server_key(&self) -> &Secret {
        &self.server_key
    }

    /// AUTHENTICATE.Signature for an [`AuthMessage`]: the client's proof in Base64.
    pub fn proof(&self, auth_message: &str) -> String {
        let signature = hmac_sha256(self.stored_key.as_bytes(), &[auth_message.as_bytes()]);
        base64(&xor(self.client_key.as_bytes(), &signature))
    }

    /// The router's signature over an [`AuthMessage`], in Base64: what proves that it knows the
    /// user too.
    pub fn verifier(&self, auth_message: &str) -> String {
        verifier(&self.server_key, auth_message)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// SASLprep (RFC 4013): different ways to type the same text become one.
///
/// # Errors
/// If the text holds what it forbids. `name` is what the error is about; the text is not shown.
pub fn saslprep<'a>(name: &str, text: &'a str) -> Result<Cow<'a, str>, AuthError> {
    stringprep::saslprep(text).map_err(|_| {
        AuthError::new(format_args!("{name} holds characters that SASLprep (RFC 4013) forbids"))
    })
}

pub(in crate::auth) fn verifier(server_key: &Secret, auth_message: &str) -> String {
    base64(&hmac_sha256(server_key.as_bytes(), &[auth_message.as_bytes()]))
}

pub(in crate::auth) fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

/// Whether a text can stand as a nonce in the signed text: printable, and no comma (RFC 5802,
/// section 7).
pub(in crate::auth) fn is_nonce(text: &str) -> bool {
    const MAX_NONCE: usize = 1024;
    (1..=MAX_NONCE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}
