//! The arithmetic of each authentication method, both ends. In the browser these run as well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

mod common;
mod cryptosign;
mod keys;
mod mock;
#[cfg(not(target_arch = "wasm32"))]
mod properties;
mod scram;
mod totp;
#[cfg(not(target_arch = "wasm32"))]
mod vectors;
mod wampcra;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
