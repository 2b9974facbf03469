//! Frames that hold messages: pure, from bytes to bytes.
//!
//! Owns what lies between a transport's unit and one WAMP message. It reads no message.

pub mod batch;
pub mod rawsocket;
