//! The WebAssembly module with the arithmetic of authentication, for the npm package `wampwerk`.
//!
//! Contains computations over octets only. The JavaScript in `npm/js` reads settings, keys and
//! challenges, decodes them, and prepares passwords (SASLprep) by what JavaScript knows of Unicode:
//! here, all that would be larger than the computations. Errors are texts.

// Elsewhere there is no JavaScript.
#![cfg(target_arch = "wasm32")]
#![allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]

use wasm_bindgen::prelude::*;

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf};
use wampwerk::auth::{AuthError, Salt, Secret, wampcra};

/// Returns WAMP-CRA's signature.
#[wasm_bindgen(js_name = wampcraSign)]
pub fn wampcra_sign(key: &[u8], challenge: &str) -> String {
    wampcra::sign(key, challenge)
}

/// Returns the key of a salted secret: the octets of a Base64 text.
#[wasm_bindgen(js_name = wampcraDeriveKey)]
pub fn wampcra_derive_key(
    secret: &[u8],
    salt: &str,
    iterations: u32,
    keylen: u32,
) -> Result<Vec<u8>, JsValue> {
    let mut salt = Salt::new(salt);
    (salt.iterations, salt.keylen) = (iterations, keylen as usize);
    let key = salt.derive_key(&Secret::from(secret));
    key.map(|key| key.as_bytes().to_vec()).map_err(thrown)
}

/// Returns the public key of a private key.
#[wasm_bindgen(js_name = cryptosignPublicKey)]
pub fn cryptosign_public_key(seed: &[u8]) -> Result<Vec<u8>, JsValue> {
    Ok(key(seed)?.public_key().to_vec())
}

/// Returns the signature of a message.
#[wasm_bindgen(js_name = cryptosignSign)]
pub fn cryptosign_sign(seed: &[u8], message: &[u8]) -> Result<Vec<u8>, JsValue> {
    Ok(key(seed)?.sign(message).to_vec())
}

/// Checks the signature of a message of 32 octets.
#[wasm_bindgen(js_name = cryptosignVerify)]
pub fn cryptosign_verify(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), JsValue> {
    let verified = SigningKey::verify(exactly(public_key)?, exactly(message)?, exactly(signature)?);
    verified.map_err(thrown)
}

/// Returns the keys of SCRAM: that of the client, the stored one and that of the router, 32 octets each.
/// `password` is prepared. The dialect is that of the specification or that of Autobahn, and the
/// key derivation function Argon2 or PBKDF2.
#[wasm_bindgen(js_name = scramKeys)]
pub fn scram_keys(
    is_spec: bool,
    is_argon2: bool,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    memory: Option<u32>,
    accept_weak: bool,
) -> Result<Vec<u8>, JsValue> {
    let dialect = if is_spec { Dialect::Spec } else { Dialect::Autobahn };
    let kdf = if is_argon2 { Kdf::Argon2id13 } else { Kdf::Pbkdf2 };
    kdf.check(dialect, accept_weak, iterations, memory).map_err(thrown)?;
    let password = Secret::from(password);
    let keys = kdf.keys(dialect, &password, salt, iterations, memory);
    keys.map(|keys| keys.as_bytes().to_vec()).map_err(thrown)
}

fn key(seed: &[u8]) -> Result<SigningKey, JsValue> {
    exactly(seed).map(|seed| SigningKey::from_seed(*seed))
}

/// The JavaScript has checked the length.
fn exactly<const N: usize>(octets: &[u8]) -> Result<&[u8; N], JsValue> {
    octets.try_into().map_err(|_| JsValue::from_str("the number of octets is wrong"))
}

fn thrown(error: AuthError) -> JsValue {
    JsValue::from_str(&error.message)
}
