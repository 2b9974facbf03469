//! Messages to bytes and back, in each serializer; framing; URIs.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

mod encoded;
mod framing_batch;
mod framing_rawsocket;
mod framing_rawsocket_vectors;
mod linear;
mod opaque;
mod properties;
mod spellings;
mod strict;
mod table;
mod types;
mod uri_patterns;
#[cfg(feature = "json")]
mod vectors;
