//! The embedded router as a program and its clients see it.

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
mod authorization;
mod backpressure;
mod drawn_secrets;
mod forwarding;
mod held_back;
mod leaving;
mod listen;
mod lost_events;
mod meta;
mod offenders;
mod proxied;
mod realms;
mod refusals;
mod shutdown;
mod slow_reader;
mod strangers;
mod tracebacks;
mod turns;
mod watcher;
mod wrapped;
