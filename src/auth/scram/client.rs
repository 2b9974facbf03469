//! `ClientExchange`: the client's end of SCRAM.

use std::fmt;

use data_encoding::BASE64;

use crate::auth::encoding::{base64, from_base64, optional_number, optional_text, text};
use crate::auth::scram::{AuthMessage, Binding, Dialect, Kdf, Keys, is_nonce, salted_password};
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
    /// What the router has to prove itself with, once it was answered.
    verifier: Option<String>,
}

impl ClientExchange {
    /// Begins, with random octets as nonce. It is of 24 octets, so that it stands as it is at the
    /// beginning of Crossbar's nonce, which is Base64 of both.
    pub fn new(
        dialect: Dialect,
        authid: impl Into<String>,
        password: Secret,
        nonce: [u8; 24],
    ) -> Self {
        Self::with_nonce(dialect, authid, password, base64(&nonce))
    }

    /// The same with a text as nonce: printable ASCII without commas.
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

    /// Binds the proof to the channel, so that it is worth nothing on another one
    /// ([`Dialect::Spec`] only).
    #[must_use]
    pub fn binding(mut self, binding: Binding) -> Self {
        self.binding = Some(binding).filter(|_| self.dialect == Dialect::Spec);
        self
    }

    /// Whether Argon2id may have less work in [`Dialect::Autobahn`] than
    /// [`MIN_ARGON2_WORK`](super::MIN_ARGON2_WORK), down to 1024 KiB times iterations. Whoever
    /// plays the router can then find the password out with less work, too. Default: no.
    #[must_use]
    pub fn accept_weak(mut self, accept: bool) -> Self {
        self.accept_weak = accept;
        self
    }

    /// What goes into HELLO.Details.authextra.
    pub fn authextra(&self) -> Dict {
        let mut extra = Dict::new().with("nonce", self.nonce.as_str());
        // Without one the key is left out: cryptosign has it, too, and HELLO has one for both.
        if let Some(name) = self.binding_name() {
            extra.insert("channel_binding", name);
        }
        extra
    }

    /// Answers CHALLENGE.Extra: what goes into AUTHENTICATE as Signature and Extra.
    ///
    /// # Errors
    /// If CHALLENGE.Extra is not as it should be: the nonce does not begin with ours, the work is
    /// too little to protect the password or too much to be done, or the password or the authid
    /// holds what SASLprep forbids.
    pub fn answer(&mut self, extra: &Dict) -> Result<(String, Dict), AuthError> {
        const PLACE: &str = "CHALLENGE.Extra";
        self.verifier = None;
        let nonce = text(PLACE, extra, "nonce")?;
        if !self.is_own(nonce) {
            return Err(AuthError::new("CHALLENGE.Extra.nonce does not begin with that of HELLO"));
        }
        let binding =
            optional_text(PLACE, extra, "channel_binding")?.filter(|name| !name.is_empty());
        if binding.is_some_and(|name| Some(name) != self.binding.as_ref().map(|own| &*own.name)) {
            return Err(AuthError::new(
                "CHALLENGE.Extra.channel_binding is not what was asked for",
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

    /// Checks WELCOME.Details.authextra: whether the router knows the password too, or at least
    /// what is derived from it.
    ///
    /// # Errors
    /// If it does not say so, or there was no CHALLENGE before.
    pub fn check(&self, authextra: &Dict) -> Result<(), AuthError> {
        let Some(expected) = &self.verifier else {
            return Err(AuthError::new("the router let us in without a challenge"));
        };
        let key = self.dialect.verifier_key();
        let found = text("WELCOME.Details.authextra", authextra, key)?;
        // The specification's example has RFC 5802's prefix, its text has not.
        let found = found.strip_prefix("v=").unwrap_or(found);
        if constant_time_eq(found.as_bytes(), expected.as_bytes()) {
            Ok(())
        } else {
            Err(AuthError::new(
                "the router did not prove that it knows the user: its signature is wrong",
            ))
        }
    }

    /// Whether a nonce begins with ours and goes on.
    fn is_own(&self, nonce: &str) -> bool {
        if !is_nonce(nonce) || nonce.len() <= self.nonce.len() {
            return false;
        }
        nonce.starts_with(&self.nonce)
            || self.dialect == Dialect::Autobahn
                && match (BASE64.decode(nonce.as_bytes()), BASE64.decode(self.nonce.as_bytes())) {
                    // Crossbar puts the octets together.
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
