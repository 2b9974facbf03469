//! Computes authentication answers, for a page that answers challenges itself.

use wasm_bindgen::prelude::*;

use crate::error::Report;
use wampwerk::auth::cryptosign::{SigningKey, response, to_be_signed};
use wampwerk::auth::{Secret, wampcra};

/// Returns WAMP-CRA's signature.
#[wasm_bindgen(js_name = wampcraSign)]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn wampcra_sign(key: &[u8], challenge: &str) -> String {
    wampcra::sign(key, challenge)
}

/// Returns the key of a salted secret.
#[wasm_bindgen(js_name = wampcraDeriveKey)]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn wampcra_derive_key(
    secret: &[u8],
    salt: &str,
    iterations: u32,
    keylen: u32,
) -> Result<String, JsValue> {
    let key = wampcra::derive_key(&Secret::from(secret), salt, iterations, keylen as usize);
    let text = key.and_then(|key| key.as_str().map(ToOwned::to_owned));
    text.map_err(|error| Report::from(error).into())
}

/// Returns the public key of a private key, which may have any form of a key file.
#[wasm_bindgen(js_name = cryptosignPublicKey)]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn cryptosign_public_key(key: &[u8]) -> Result<String, JsValue> {
    let key = SigningKey::parse(key).map_err(Report::from)?;
    Ok(key.public_key_hex())
}

/// Returns the answer to a challenge.
#[wasm_bindgen(js_name = cryptosignAnswer)]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn cryptosign_answer(key: &[u8], challenge: &str) -> Result<String, JsValue> {
    let key = SigningKey::parse(key).map_err(Report::from)?;
    let message = to_be_signed(challenge, None).map_err(Report::from)?;
    Ok(response(&key.sign(&message), &message))
}
