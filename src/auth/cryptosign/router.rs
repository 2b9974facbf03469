//! Implements the router's side of cryptosign.

use crate::auth::cryptosign::{from_hex_array, response, to_be_signed, verify};
use crate::auth::encoding::{optional_text, text};
use crate::auth::hex::hex;
use crate::auth::{AuthError, ChallengeContext, TLS_EXPORTER};
use crate::message::Authenticate;
use crate::value::Dict;

/// The router's state between CHALLENGE and AUTHENTICATE.
pub(in crate::auth) struct RouterExchange {
    key: [u8; 32],
    /// True if it is one of the user's keys.
    known: bool,
    message: [u8; 32],
}

impl RouterExchange {
    /// Returns CHALLENGE.Extra and the state needed to check the answer.
    pub(in crate::auth) fn begin(
        public_keys: &[[u8; 32]],
        context: &ChallengeContext<'_>,
    ) -> Result<(Dict, Self), AuthError> {
        const PLACE: &str = "HELLO.Details.authextra";
        let key = text(PLACE, context.authextra, "pubkey")?;
        let key = from_hex_array::<32>("HELLO.Details.authextra.pubkey", key)?;
        let binding = optional_text(PLACE, context.authextra, "channel_binding")?;
        let channel_id = match binding {
            None => None,
            Some(TLS_EXPORTER) => Some(context.channel_id()?),
            Some(_) => return Err(context.unknown_binding()),
        };
        let challenge = hex(&context.nonce);
        let message = to_be_signed(&challenge, channel_id.as_ref())?;
        let mut extra = Dict::new().with("challenge", challenge).with("channel_binding", binding);
        let asked = optional_text(PLACE, context.authextra, "challenge")?;
        if let (Some(challenge), Some(router_key)) = (asked, context.router_key) {
            let message = to_be_signed(challenge, channel_id.as_ref())?;
            let signature = response(&router_key.sign(&message), &message);
            extra =
                extra.with("pubkey", hex(&router_key.public_key())).with("signature", signature);
        }
        let known = public_keys.contains(&key);
        Ok((extra, RouterExchange { key, known, message }))
    }

    /// Returns the content of WELCOME.Details.authextra if the client has proved that it has the key.
    pub(in crate::auth) fn verify(&self, answer: &Authenticate) -> Option<Dict> {
        let verified = verify(&self.key, &self.message, &answer.signature);
        (verified.is_ok() && self.known).then(Dict::new)
    }
}
