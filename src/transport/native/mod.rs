//! The native transports: WAMP over WebSocket and RawSocket, for clients and servers.
//!
//! The browser's module beside it offers the same names where both have them. Byte streams are in `net`,
//! WebSocket itself in `websocket`.

#[cfg(feature = "router")]
pub(crate) mod accept;
#[cfg(any(feature = "client", feature = "router"))]
mod framed;
#[cfg(any(feature = "client", feature = "router"))]
mod rawsocket;
#[cfg(feature = "client")]
mod settings;
#[cfg(any(feature = "client", feature = "router"))]
mod websocket;

#[cfg(feature = "router")]
pub use accept::{
    AcceptError, Acceptor, ConnectionDeny, ConnectionRequest, ConnectionResponse, ServerOptions,
};
#[cfg(feature = "client")]
pub(crate) use settings::{check_url, rawsocket_connector, websocket_connector};

/// RawSocket is available natively.
pub(crate) const RAW_SOCKET: bool = true;

/// Without the feature `client` there is nothing that connects.
#[cfg(not(feature = "client"))]
mod no_client {
    use std::sync::Arc;

    use crate::error::{ConfigError, UrlError};
    use crate::message::Serializer;
    use crate::transport::{Connector, TransportConfig};

    type Refused = Result<Arc<dyn Connector>, ConfigError>;

    pub(crate) fn websocket_connector(_config: &TransportConfig) -> Refused {
        let text = "connecting needs the feature `client` of the crate wampwerk";
        Err(ConfigError::new("url", text))
    }

    pub(crate) fn rawsocket_connector(config: &TransportConfig, _: Serializer) -> Refused {
        websocket_connector(config)
    }

    pub(crate) fn check_url<U>(_given: &str, _url: U) -> Result<(), UrlError> {
        Ok(())
    }
}

#[cfg(not(feature = "client"))]
pub(crate) use no_client::{check_url, rawsocket_connector, websocket_connector};
