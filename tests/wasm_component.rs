//! A component in a page of a real browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "wasm/component.rs"]
mod component;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
