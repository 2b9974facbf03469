//! Contains incremental, pure framing: from byte streams and WebSocket messages to WAMP messages as
//! bytes.
//!
//! Decoding the messages is the responsibility of `codec`.

pub mod batch;
pub mod chunks;
pub mod rawsocket;
mod spare;
pub mod websocket;
