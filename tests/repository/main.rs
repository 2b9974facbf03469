//! What the repository holds beside the library: the examples, what fuzzing has found, and the constants of the npm
//! package.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[cfg(all(unix, feature = "router"))]
mod examples;
mod fuzz_corpus;
mod npm_uris;
