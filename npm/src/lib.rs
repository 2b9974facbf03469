//! The WebAssembly module of the npm package `wampwerk`.
//!
//! Contains sessions, values and errors as the JavaScript in `npm/js` sees them. That JavaScript
//! wraps everything here and defines the package's public interface.

// Elsewhere there is no JavaScript, and futures must be `Send`, which JavaScript values are not.
#![cfg(target_arch = "wasm32")]

mod auth;
mod authentication;
mod call;
mod component;
mod endpoint;
mod error;
mod registration;
mod session;
mod subscription;
mod thrown;
mod value;

use wasm_bindgen::prelude::*;

/// Lets a panic show its text and place in the browser's console.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}
