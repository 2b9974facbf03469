//! Sessions over scripted and in-process routers.

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

mod authentication;
mod authentication_config;
mod authentication_faults;
mod blocking;
mod call_limits;
mod closing;
mod custom_serializers;
mod error_mapping;
mod error_texts;
mod faults;
mod hooks;
mod in_process;
mod meta_answers;
mod own_limits;
mod passing_on;
mod payload_codec;
mod payload_trust;
mod surprises;
#[cfg(feature = "tokio-tungstenite")]
mod tungstenite;
mod unannounced;
