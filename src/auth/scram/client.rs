//! Contains [`ClientExchange`], the client's side of SCRAM.

use std::fmt;

use data_encoding::BASE64;

use crate::auth::encoding::{base64, optional_number, optional_text, text};
use crate::auth::scram::{
    AuthMessage, Binding, Dialect, Kdf, Keys, from_base64, is_nonce, salted_password,
};
use crate::auth::{AuthError, Secret, constant_time_eq};
use crate::value::{Dict, Value};

/// One attempt of a client to join: HELLO, the answer to CHALLENGE, and the check of WELCOME.
pub struct ClientExchange {
    dialect: Dialect,
    authid: String,
    password: Secret,
    nonce: String,
    binding: Option<Binding>,
    accept_weak: bool,
    /// Expected router signature, known after the answer to CHALLENGE.
    verifier: Option<String>,
}

impl ClientExchange {
    /// Creates an exchange with 24 random octets as nonce. With this length the encoded nonce is a
    /// prefix of Crossbar's nonce, which is the Base64 of both nonces.
    pub fn new(
        dialect: Dialect,
        authid: impl Into<String>,
        password: Secret,
        nonce: [u8; 24],
    ) -> Self {
        Self::with_nonce(dialect, authid, password, base64(&nonce))
    }

    /// Creates an exchange with a text as nonce: printable ASCII without commas.
    pub fn with_nonce(
        dialect: Dialect,
        authid: impl Into<String>,
        password: Secret,
        nonce: impl Into<String>,
    ) -> Self {
        let (authid, nonce) = (authid.into(), nonce.into());
        ClientExchange {
            dialect,
            authid,
            password,
            nonce,
            binding: None,
            accept_weak: false,
            verifier: None,
        }
    }

    /// Binds the proof to the channel, so that it is not valid on another channel
    /// ([`Dialect::Spec`] only).
    #[must_use]
    pub fn binding(mut self, binding: Binding) -> Self {
        self.binding = Some(binding).filter(|_| self.dialect == Dialect::Spec);
        self
    }

    /// Sets whether Argon2id may cost less in [`Dialect::Autobahn`] than
    /// [`MIN_ARGON2_WORK`](super::kdf::MIN_ARGON2_WORK), down to 1024 KiB times iterations. A lower cost
    /// also makes it cheaper for a fake router to guess the password. Default: false.
    #[must_use]
    pub fn accept_weak(mut self, accept: bool) -> Self {
        self.accept_weak = accept;
        self
    }

    /// Returns the content of HELLO.Details.authextra.
    pub fn authextra(&self) -> Dict {
        let mut extra = Dict::new().with("nonce", self.nonce.as_str());
        // Without a binding the key is omitted: cryptosign uses the same key, and HELLO has one
        // dict for both.
        if let Some(name) = self.binding_name() {
            extra.insert("channel_binding", name);
        }
        extra
    }

    /// Answers CHALLENGE.Extra: returns Signature and Extra of AUTHENTICATE.
    ///
    /// # Errors
    /// Returns [`AuthError`] in these cases:
    /// - CHALLENGE.Extra is not valid, or its nonce does not start with the client's nonce
    /// - the key derivation cost is too low to protect the password, or too high
    /// - the password or the authid contains characters that SASLprep forbids
    pub fn answer(&mut self, extra: &Dict) -> Result<(String, Dict), AuthError> {
        const PLACE: &str = "CHALLENGE.Extra";
        self.verifier = None;
        let nonce = text(PLACE, extra, "nonce")?;
        if !self.is_own(nonce) {
            return Err(AuthError::new(
                "CHALLENGE.Extra.nonce does not begin with the nonce of HELLO",
            ));
        }
        let binding =
            optional_text(PLACE, extra, "channel_binding")?.filter(|name| !name.is_empty());
        if binding.is_some_and(|name| Some(name) != self.binding.as_ref().map(|own| &*own.name)) {
            return Err(AuthError::new(
                "CHALLENGE.Extra.channel_binding differs from the requested one",
            ));
        }
        let kdf = Kdf::from_name(text(PLACE, extra, "kdf")?)?;
        let salt = text(PLACE, extra, "salt")?;
        let iterations = optional_number(PLACE, extra, "iterations")?
            .ok_or_else(|| AuthError::new("CHALLENGE.Extra.iterations is missing"))?;
        let memory = optional_number(PLACE, extra, "memory")?;
        kdf.check(self.dialect, self.accept_weak, iterations, memory)?;

        let message = AuthMessage {
            dialect: self.dialect,
            authid: &self.authid,
            client_nonce: &self.nonce,
            nonce,
            salt,
            iterations,
            binding: self.binding.as_ref(),
        };
        let message = message.text()?;
        let octets = from_base64("CHALLENGE.Extra.salt", salt)?;
        let keys = Keys::new(&salted_password(
            self.dialect,
            &self.password,
            kdf,
            &octets,
            iterations,
            memory,
        )?);
        self.verifier = Some(keys.verifier(&message));
        Ok((keys.proof(&message), self.extra(nonce)))
    }

    /// Checks in WELCOME.Details.authextra that the router knows the password, or at least the keys
    /// derived from it.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the router's signature is missing or wrong, or if there was no
    /// CHALLENGE.
    pub fn check(&self, authextra: &Dict) -> Result<(), AuthError> {
        let Some(expected) = &self.verifier else {
            return Err(AuthError::new("the router sent WELCOME without a challenge"));
        };
        let key = self.dialect.verifier_key();
        let found = text("WELCOME.Details.authextra", authextra, key)?;
        // The specification's example has RFC 5802's prefix, its text does not.
        let found = found.strip_prefix("v=").unwrap_or(found);
        if constant_time_eq(found.as_bytes(), expected.as_bytes()) {
            Ok(())
        } else {
            Err(AuthError::new(
                "the router did not prove that it knows the user: its signature is wrong",
            ))
        }
    }

    /// Returns whether a nonce starts with the client's nonce and is longer.
    fn is_own(&self, nonce: &str) -> bool {
        if !is_nonce(nonce) || nonce.len() <= self.nonce.len() {
            return false;
        }
        nonce.starts_with(&self.nonce)
            || self.dialect == Dialect::Autobahn
                && match (BASE64.decode(nonce.as_bytes()), BASE64.decode(self.nonce.as_bytes())) {
                    // Crossbar concatenates the octets.
                    (Ok(both), Ok(own)) => both.len() > own.len() && both.starts_with(&own),
                    _ => false,
                }
    }

    fn extra(&self, nonce: &str) -> Dict {
        match (self.dialect, &self.binding) {
            (Dialect::Autobahn, _) => Dict::new(),
            (Dialect::Spec, None) => {
                Dict::new().with("nonce", nonce).with("channel_binding", Value::Null)
            }
            (Dialect::Spec, Some(binding)) => Dict::new()
                .with("nonce", nonce)
                .with("channel_binding", self.binding_name())
                .with("cbind_data", base64(&binding.data)),
        }
    }

    fn binding_name(&self) -> Option<&str> {
        self.binding.as_ref().map(|binding| binding.name.as_str())
    }
}

impl fmt::Debug for ClientExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientExchange")
            .field("dialect", &self.dialect)
            .field("authid", &self.authid)
            .finish_non_exhaustive()
    }
}
