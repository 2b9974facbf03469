//! The state machines: a client's session and the router. Pure.
//!
//! Time is passed in as a [`Duration`](std::time::Duration) since any fixed start, randomness as a
//! seed. Nothing here waits, spawns, reads or writes. After any input, drain the outputs.

mod chacha;
pub mod client;
pub mod ids;
pub mod retry;
#[cfg(feature = "router")]
pub mod router;
