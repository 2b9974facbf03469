//! The native transports: WAMP over WebSocket and RawSocket, for clients and servers.
//!
//! The browser's module beside it offers the same names where both have them. Byte streams are in `net`,
//! WebSocket itself in `websocket`.

use std::sync::Arc;

use crate::error::ConfigError;
use crate::message::Serializer;
use crate::transport::{Connector, TransportConfig};

pub(crate) mod accept;
mod framed;
mod rawsocket;
mod settings;
#[cfg(feature = "tokio-tungstenite")]
mod tungstenite;
mod websocket;

pub(crate) use settings::check_url;
#[cfg(feature = "tokio-tungstenite")]
pub use tungstenite::TungsteniteTransport;

/// RawSocket is available natively.
pub(crate) const RAW_SOCKET: bool = true;

/// The settings have been checked one by one. Errors have the path of the key.
pub(crate) fn websocket_connector(
    config: &TransportConfig,
) -> Result<Arc<dyn Connector>, ConfigError> {
    Ok(Arc::new(websocket::WebSocketClient::new(config)?))
}

/// As [`websocket_connector`], with one serializer.
pub(crate) fn rawsocket_connector(
    config: &TransportConfig,
    serializer: Serializer,
) -> Result<Arc<dyn Connector>, ConfigError> {
    Ok(Arc::new(rawsocket::RawSocketClient::new(config, serializer)?))
}
