//! What the tests of authentication share.

#![allow(dead_code, reason = "each program uses its part")]
#![allow(unreachable_pub, reason = "no crate but this one sees it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

pub(crate) mod auth;
#[cfg(not(target_arch = "wasm32"))]
#[path = "../../common/shared_vectors.rs"]
pub(crate) mod shared_vectors;
