//! Implements the router's side of SCRAM.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::auth::encoding::{base64, hmac_sha256, optional_text, sha256, text};
use crate::auth::scram::{
    AuthMessage, Binding, Dialect, ScramCredential, from_base64, is_nonce, verifier, xor,
};
use crate::auth::{AuthError, ChallengeContext, Secret, TLS_EXPORTER, constant_time_eq};
use crate::message::Authenticate;
use crate::value::{Dict, Value};

/// The router's state between CHALLENGE and AUTHENTICATE.
pub(in crate::auth) struct RouterExchange {
    dialect: Dialect,
    nonce: String,
    binding: Option<Binding>,
    message: String,
    stored_key: Secret,
    server_key: Secret,
}

impl RouterExchange {
    /// Returns CHALLENGE.Extra and the state needed to check the answer.
    pub(in crate::auth) fn begin(
        dialect: Dialect,
        credential: &ScramCredential,
        context: &ChallengeContext<'_>,
    ) -> Result<(Dict, Self), AuthError> {
        const PLACE: &str = "HELLO.Details.authextra";
        let client_nonce = text(PLACE, context.authextra, "nonce")?;
        if !is_nonce(client_nonce) {
            return Err(AuthError::new(
                "HELLO.Details.authextra.nonce is not a valid nonce: must be 1 to 1024 printable \
                 characters without commas",
            ));
        }
        let binding = match optional_text(PLACE, context.authextra, "channel_binding")? {
            None => None,
            Some(_) if dialect == Dialect::Autobahn => None,
            Some(TLS_EXPORTER) => Some(Binding {
                name: TLS_EXPORTER.to_owned(),
                data: context.channel_id()?.to_vec(),
            }),
            Some(_) => return Err(context.unknown_binding()),
        };
        let nonce = match dialect {
            Dialect::Spec => client_nonce.to_owned() + &base64(&context.nonce[..24]),
            Dialect::Autobahn => {
                let octets = from_base64("HELLO.Details.authextra.nonce", client_nonce)?;
                base64(&[&octets[..], &context.nonce[..16]].concat())
            }
        };
        let salt = base64(&credential.salt);
        let message = AuthMessage {
            dialect,
            authid: context.authid,
            client_nonce,
            nonce: &nonce,
            salt: &salt,
            iterations: credential.iterations,
            binding: binding.as_ref(),
        };
        let message = message.text()?;
        let mut extra = Dict::new()
            .with("nonce", nonce.as_str())
            .with("kdf", credential.kdf.name(dialect))
            .with("salt", salt)
            .with("iterations", credential.iterations);
        // Only Argon2id has it; some clients do not take null for a number.
        if let Some(memory) = credential.memory {
            extra.insert("memory", memory);
        }
        let stored_key = credential.stored_key.clone();
        let server_key = credential.server_key.clone();
        Ok((extra, RouterExchange { dialect, nonce, binding, message, stored_key, server_key }))
    }

    /// Returns the content of WELCOME.Details.authextra if the client has proved that it has the
    /// password.
    pub(in crate::auth) fn verify(&self, answer: &Authenticate) -> Option<Dict> {
        let message = self.message.as_bytes();
        let signature = hmac_sha256(self.stored_key.as_bytes(), &[message]);
        let proof = BASE64.decode(answer.signature.as_bytes()).unwrap_or_default();
        let client_key = Zeroizing::new(xor(&proof, &signature));
        let stored_key = sha256(&client_key);
        let good = constant_time_eq(&stored_key, self.stored_key.as_bytes());
        let verifier = verifier(&self.server_key, &self.message);
        // Check the length: the code above ignores everything after 32 octets.
        (good && proof.len() == signature.len() && self.same_channel(&answer.extra))
            .then(|| Dict::new().with(self.dialect.verifier_key(), verifier))
    }

    /// Returns whether AUTHENTICATE refers to this nonce and this channel.
    fn same_channel(&self, extra: &Dict) -> bool {
        let is = |key: &str, expected: Option<&str>| match extra.get(key) {
            None | Some(Value::Null) => expected.is_none(),
            Some(found) => found.as_str().is_some_and(|found| Some(found) == expected),
        };
        if self.dialect == Dialect::Autobahn {
            // Autobahn sends nothing here.
            return true;
        }
        let name = self.binding.as_ref().map(|binding| binding.name.as_str());
        let data = self.binding.as_ref().map(|binding| base64(&binding.data));
        is("nonce", Some(&self.nonce))
            && is("channel_binding", name)
            && is("cbind_data", data.as_deref())
    }
}
