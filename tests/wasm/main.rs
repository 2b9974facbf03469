//! The browser's half in a page of a real browser. `tools/with-router` starts a router for it.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

#[path = "../common/behaviour/mod.rs"]
mod behaviour;

mod config;
mod in_process;
mod reconnecting;
mod session;
mod transport;
mod websocket;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
