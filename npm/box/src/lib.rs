//! The WebAssembly module with the arithmetic of cryptobox, for the npm package `wampwerk`: NaCl boxes of
//! X25519, XSalsa20 and Poly1305.
//!
//! Contains computations over octets only. `npm/js/cryptobox.js` has the key ring.

// Elsewhere there is no JavaScript.
#![cfg(target_arch = "wasm32")]
#![allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]

use crypto_secretbox::aead::AeadInPlace;
use crypto_secretbox::aead::consts::U10;
use crypto_secretbox::{KeyInit, XSalsa20Poly1305};
use curve25519_dalek::MontgomeryPoint;
use salsa20::hsalsa;
use wasm_bindgen::prelude::*;

/// Size of the tag at the beginning of what is sealed, in octets.
const TAG: usize = 16;

/// Returns the public key of a private key.
#[wasm_bindgen(js_name = boxPublicKey)]
pub fn box_public_key(private: &[u8]) -> Result<Vec<u8>, JsValue> {
    Ok(MontgomeryPoint::mul_base_clamped(*exactly(private)?).to_bytes().to_vec())
}

/// Returns the key that the owners of two key pairs share.
#[wasm_bindgen(js_name = boxSharedKey)]
pub fn box_shared_key(private: &[u8], public: &[u8]) -> Result<Vec<u8>, JsValue> {
    let point = MontgomeryPoint(*exactly(public)?).mul_clamped(*exactly(private)?);
    Ok(hsalsa::<U10>(&point.to_bytes().into(), &[0; 16].into()).to_vec())
}

/// Returns a message, sealed: the tag, and as many octets as the message has.
#[wasm_bindgen(js_name = boxSeal)]
pub fn box_seal(key: &[u8], nonce: &[u8], message: &[u8]) -> Result<Vec<u8>, JsValue> {
    let nonce: &[u8; 24] = exactly(nonce)?;
    let mut sealed = vec![0; TAG + message.len()];
    let (tag, content) = sealed.split_at_mut(TAG);
    content.copy_from_slice(message);
    let made = cipher(key)?.encrypt_in_place_detached(nonce.into(), &[], content);
    tag.copy_from_slice(&made.map_err(|_| JsValue::from_str("too long to encrypt"))?);
    Ok(sealed)
}

/// Returns the message that was sealed; `undefined` if it was sealed with another key, or changed.
#[wasm_bindgen(js_name = boxOpen)]
pub fn box_open(key: &[u8], nonce: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, JsValue> {
    let nonce: &[u8; 24] = exactly(nonce)?;
    let Some((tag, content)) = sealed.split_first_chunk::<TAG>() else { return Ok(None) };
    let mut message = content.to_vec();
    let opened =
        cipher(key)?.decrypt_in_place_detached(nonce.into(), &[], &mut message, tag.into());
    Ok(opened.ok().map(|()| message))
}

fn cipher(key: &[u8]) -> Result<XSalsa20Poly1305, JsValue> {
    let key: &[u8; 32] = exactly(key)?;
    Ok(XSalsa20Poly1305::new(key.into()))
}

/// The JavaScript has checked the length.
fn exactly<const N: usize>(octets: &[u8]) -> Result<&[u8; N], JsValue> {
    octets.try_into().map_err(|_| JsValue::from_str("the number of octets is wrong"))
}
