//! Listening: limits, shutdown, servers with handlers of their own.

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

mod addresses;
mod close_timeout;
mod closing;
mod compression;
#[cfg(target_os = "linux")]
mod descriptors;
mod factory;
mod factory_shutdown;
mod handler;
mod handler_ahead;
mod handler_faults;
mod limits;
mod mount_shutdown;
mod mounted;
mod negotiation;
mod on_connect;
mod origins;
mod shutdown;
#[cfg(unix)]
mod slow_reader;
mod universal;
#[cfg(unix)]
mod unix;
