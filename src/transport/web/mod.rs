//! The browser's transport: its own WebSocket, in pages and in workers.
//!
//! Contains every use of `web_sys` for a transport. It offers the native module's names where both have
//! them; settings that the browser decides itself (TLS, headers, pings) do not exist here.

mod settings;
mod websocket;

pub(crate) use settings::{rawsocket_connector, websocket_connector};
pub use websocket::WampWebSocketClientFactory;

/// RawSocket is not available in a page.
pub(crate) const RAW_SOCKET: bool = false;
