//! Transports, and sessions over them, on loopback.

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

mod authentication_binding;
mod batched;
mod client_serializers;
mod endpoint_addresses;
mod endpoint_proxy;
mod endpoint_tls;
#[cfg(unix)]
mod endpoint_unix;
mod error_causes;
mod heartbeat;
mod rawsocket_client;
mod rawsocket_closing;
mod rawsocket_frames;
mod rawsocket_handshake;
#[cfg(target_os = "linux")]
mod rawsocket_keepalive;
mod rawsocket_liveness;
mod rawsocket_ping;
mod rawsocket_session;
mod rawsocket_violations;
mod rawsocket_writes;
mod session;
mod session_rawsocket;
mod tls;
mod websocket;
mod websocket_closing;
mod websocket_fragments;
mod websocket_handshake;
mod websocket_limits;
mod websocket_liveness;
#[cfg(target_os = "linux")]
mod websocket_memory;
mod websocket_timeouts;
