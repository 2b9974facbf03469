//! A router's side of authentication for tests: what its challenges are made of.

use std::time::Duration;

use wampwerk::Dict;
use wampwerk::auth::{AuthError, Credential};
use wampwerk::internals::auth::{ChallengeContext, Exchange};
use wampwerk::message::{Authenticate, Challenge};

/// A context with authextra; everything else is the same each time.
pub(crate) fn context<'a>(authid: &'a str, authextra: &'a Dict) -> ChallengeContext<'a> {
    ChallengeContext {
        realm: "realm1",
        authid,
        authrole: "user",
        authprovider: "static",
        session: 3_251_278_072_152_162,
        nonce: [0x5A; 32],
        unix_time: Duration::from_millis(1_403_454_985_448),
        authextra,
        channel_id: None,
        secret: &[7; 32],
        router_key: None,
    }
}

/// Challenges joe.
pub(crate) fn begin(credential: &Credential, authextra: &Dict) -> (Challenge, Exchange) {
    Exchange::begin(credential, &context("joe", authextra)).unwrap()
}

/// Challenges joe and gives this answer.
pub(crate) fn verify(
    credential: &Credential,
    authextra: &Dict,
    signature: &str,
    extra: &Dict,
) -> Result<Dict, AuthError> {
    begin(credential, authextra).1.verify(&answer(signature, extra))
}

pub(crate) fn answer(signature: &str, extra: &Dict) -> Authenticate {
    Authenticate { signature: signature.to_owned(), extra: extra.clone() }
}

/// The same text with each character in turn made another one of the same alphabet.
pub(crate) fn tampered(text: &str) -> impl Iterator<Item = String> {
    text.char_indices().map(|(index, char)| {
        let other = if char == 'a' { 'b' } else { 'a' };
        format!("{}{other}{}", &text[..index], &text[index + char.len_utf8()..])
    })
}
