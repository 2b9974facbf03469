//! The browser's half in a worker, where there is no window. `tools/with-router` starts a router for
//! it.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

#[path = "../wasm/component.rs"]
mod component;
#[path = "../wasm/transport.rs"]
mod transport;
#[path = "../wasm/websocket.rs"]
mod websocket;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
