//! The native transports: WAMP over WebSocket and RawSocket, for clients and servers.
//!
//! The browser's module beside it offers the same names where both have them. Byte streams are in `net`,
//! WebSocket itself in `websocket`.

#[cfg(feature = "router")]
pub(crate) mod accept;
mod framed;
mod rawsocket;
mod settings;
mod websocket;

#[cfg(feature = "router")]
pub use accept::{
    AcceptError, Acceptor, ConnectionDeny, ConnectionRequest, ConnectionResponse, ServerOptions,
};
pub(crate) use settings::{check_url, rawsocket_connector, websocket_connector};

/// RawSocket is available natively.
pub(crate) const RAW_SOCKET: bool = true;
