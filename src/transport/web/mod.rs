//! The browser's transport: its own WebSocket, in pages and in workers.
//!
//! Owns every use of `web_sys` for a transport. It offers the native module's names where both have
//! them; what the browser decides itself (TLS, headers, pings) has no name here.

mod settings;
mod websocket;

pub(crate) use settings::{rawsocket_connector, websocket_connector};
pub use websocket::WampWebSocketClientFactory;

/// A page cannot speak it.
pub(crate) const RAW_SOCKET: bool = false;
