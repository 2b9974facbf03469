//! Contains the keys of SCRAM and the text that both ends sign. [`ClientExchange`](super::ClientExchange)
//! and the router's side use them.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64_NOPAD;
use zeroize::Zeroizing;

use crate::auth::encoding::{base64, hmac_sha256, sha256};
use crate::auth::scram::Dialect;
use crate::auth::{AuthError, Secret};

/// A channel binding in use: its type and its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Type, such as `tls-exporter`.
    pub name: String,
    /// Data that both ends know about the channel.
    pub data: Vec<u8>,
}

/// The text that both ends sign: everything said so far except the proof (RFC 5802, section 3:
/// AuthMessage).
#[derive(Clone, Copy, Debug)]
pub struct AuthMessage<'a> {
    /// Dialect.
    pub dialect: Dialect,
    /// Authid that the client asks for.
    pub authid: &'a str,
    /// Nonce in HELLO.
    pub client_nonce: &'a str,
    /// Nonce in CHALLENGE, which includes the client's nonce.
    pub nonce: &'a str,
    /// Salt as in CHALLENGE, in Base64.
    pub salt: &'a str,
    /// Number of iterations.
    pub iterations: u32,
    /// Channel binding, if any.
    pub binding: Option<&'a Binding>,
}

impl AuthMessage<'_> {
    /// Returns the text to sign.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the authid contains characters that SASLprep (RFC 4013) forbids,
    /// such as control characters.
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

    /// Returns the header of RFC 5802's messages with the channel binding data.
    fn gs2_header(&self) -> Vec<u8> {
        match self.binding {
            None => b"n,,".to_vec(),
            Some(binding) => [format!("p={},,", binding.name).as_bytes(), &binding.data].concat(),
        }
    }
}

/// The keys derived from a salted password (RFC 5802, section 3).
pub struct Keys {
    /// Key that the client proves to have.
    client_key: Secret,
    /// Key by which a router authenticates the client.
    stored_key: Secret,
    /// Key that the router proves to have.
    server_key: Secret,
}

impl Keys {
    /// Derives the keys of a [`salted_password`](super::salted_password).
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

    /// Returns the client key, the stored key and the server key, one behind the other.
    pub(super) fn concat(&self) -> Secret {
        [&self.client_key, &self.stored_key, &self.server_key].map(Secret::as_bytes).concat().into()
    }

    /// Returns the key by which a router authenticates the client.
    pub fn stored_key(&self) -> &Secret {
        &self.stored_key
    }

    /// Returns the key that the router proves to have.
    pub fn server_key(&self) -> &Secret {
        &self.server_key
    }

    /// Returns AUTHENTICATE.Signature for an [`AuthMessage`]: the client's proof in Base64.
    pub fn proof(&self, auth_message: &str) -> String {
        let signature = hmac_sha256(self.stored_key.as_bytes(), &[auth_message.as_bytes()]);
        base64(&xor(self.client_key.as_bytes(), &signature))
    }

    /// Returns the router's signature over an [`AuthMessage`] in Base64. It proves that the router
    /// knows the user.
    pub fn verifier(&self, auth_message: &str) -> String {
        verifier(&self.server_key, auth_message)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// Applies SASLprep (RFC 4013): different ways to type the same text become equal.
///
/// # Errors
/// Returns [`AuthError`] if the text contains forbidden characters. `name` appears in the error
/// text; the text itself does not.
pub fn saslprep<'a>(name: &str, text: &'a str) -> Result<Cow<'a, str>, AuthError> {
    stringprep::saslprep(text).map_err(|_| {
        AuthError::new(format_args!("{name} contains characters that SASLprep (RFC 4013) forbids"))
    })
}

pub(super) fn verifier(server_key: &Secret, auth_message: &str) -> String {
    base64(&hmac_sha256(server_key.as_bytes(), &[auth_message.as_bytes()]))
}

pub(super) fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

/// Returns whether a text may be used as a nonce in the signed text: printable, without commas (RFC
/// 5802, section 7).
pub(super) fn is_nonce(text: &str) -> bool {
    const MAX_NONCE: usize = 1024;
    (1..=MAX_NONCE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// Decodes Base64 with or without padding. `name` appears in the error text.
pub(super) fn from_base64(name: &str, text: &str) -> Result<Vec<u8>, AuthError> {
    BASE64_NOPAD
        .decode(text.trim_end_matches('=').as_bytes())
        .map_err(|error| AuthError::new(format_args!("{name} is not valid Base64: {}", error.kind)))
}
