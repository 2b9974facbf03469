//! What the tests of the state machines share.

#![allow(dead_code, reason = "each program uses its part")]
#![allow(unreachable_pub, reason = "no crate but this one sees it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

#[cfg(not(target_arch = "wasm32"))]
#[path = "../../common/alone.rs"]
pub(crate) mod alone;
pub(crate) mod client_core;
pub(crate) mod pair;
pub(crate) mod router_auth;
pub(crate) mod router_core;
pub(crate) mod router_meta;
pub(crate) mod router_pubsub;
pub(crate) mod rpc;
