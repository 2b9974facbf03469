//! The browser's transport: its own WebSocket, in pages and in workers.
//!
//! Settings that the browser decides itself (TLS, headers, pings) are refused by name.

mod settings;
mod websocket;

pub(crate) use settings::{check_url, rawsocket_connector, websocket_connector};

/// RawSocket is not available in a page.
pub(crate) const RAW_SOCKET: bool = false;
