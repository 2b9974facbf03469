//! WAMP over WebSocket natively: the client, and the accepting side.
//!
//! Implements WAMP's rules for WebSocket (spec: "WebSocket Transport"): subprotocols, one message per
//! WebSocket message, text for JSON and binary for the others. The connection itself is in the room
//! `websocket`.

mod client;
mod framing;
mod server;

pub(super) use self::client::WebSocketClient;
#[cfg(feature = "tokio-tungstenite")]
pub(super) use self::framing::{WebSocketFraming, over};
pub(crate) use self::server::{Agreed, Checked};
pub(super) use self::server::{Terms, answer, open};
