//! The state machines of client and router in virtual time, without a socket. In the browser these
//! run as well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

mod client;
mod common;
mod pair;
#[cfg(not(target_arch = "wasm32"))]
mod pair_random;
#[cfg(not(target_arch = "wasm32"))]
mod retry;
mod router;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
