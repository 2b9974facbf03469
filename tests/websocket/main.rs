//! WebSocket without WAMP. The name of a test of a rule of RFC 6455 or RFC 7692 begins with a letter and a
//! number: H handshake, F framing, C closing, N agreeing on compression, D compressed messages, R the rest.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

mod client;
mod client_closing;
mod client_protocol;
mod compressed;
#[cfg(feature = "deflate")]
mod deflate_common;
#[cfg(feature = "deflate")]
mod deflate_messages;
#[cfg(feature = "deflate")]
mod deflate_parameters;
#[cfg(feature = "deflate")]
mod deflate_random;
mod frames;
mod frames_random;
mod handshake_client;
mod handshake_heads;
mod handshake_server;
mod peer;
#[cfg(feature = "deflate")]
mod puff;
mod rows;
mod server;
mod streaming;
#[cfg(all(feature = "tokio-tungstenite", feature = "router"))]
mod tungstenite;
