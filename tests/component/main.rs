//! Components: what they are read from, how they stay up, and how they end.

#![cfg(all(
    not(target_arch = "wasm32"),
    feature = "router",
    feature = "tls",
    feature = "json",
    feature = "msgpack",
    feature = "cbor"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

#[path = "../common/mod.rs"]
mod common;

mod authenticator_breaks;
mod backoff;
mod callbacks;
mod config;
mod config_refused;
mod config_vectors;
mod declared;
mod endings;
mod net;
mod patience;
mod random;
mod reconnect;
mod refused;
mod secrets;
mod session_config;
mod start;
mod stop;
