//! The JavaScript face: what the npm package is built from.
//!
//! Owns sessions, values and errors as the glue sees them. How they look to users is the matter of
//! `npm/`, which wraps all that is here.

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
