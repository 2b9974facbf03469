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

#[cfg(feature = "client")]
pub use crate::net::dial::{Endpoint, IpVersion, Proxy};
#[cfg(any(feature = "client", feature = "router"))]
pub use crate::net::liveness::AutoPing;
#[cfg(all(feature = "tls", feature = "client"))]
pub use crate::net::tls::TlsConfig;
#[cfg(all(feature = "tls", any(feature = "client", feature = "router")))]
pub use crate::net::tls::TlsConfigError;
#[cfg(all(feature = "tls", feature = "router"))]
pub use crate::net::tls::TlsServerConfig;
#[cfg(feature = "router")]
pub use accept::{
    AcceptError, Acceptor, ConnectionDeny, ConnectionRequest, ConnectionResponse, ServerOptions,
};
#[cfg(feature = "client")]
pub use rawsocket::WampRawSocketClientFactory;
#[cfg(feature = "client")]
pub(crate) use settings::{rawsocket_connector, websocket_connector};
#[cfg(feature = "client")]
pub use websocket::WampWebSocketClientFactory;

/// RawSocket is available natively.
pub(crate) const RAW_SOCKET: bool = true;

/// Without the feature `client` there is nothing that connects.
#[cfg(not(feature = "client"))]
mod no_client {
    use std::sync::Arc;

    use crate::error::ConfigError;
    use crate::message::Serializer;
    use crate::transport::{ClientSettings, Connector};

    type Refused = Result<Arc<dyn Connector>, ConfigError>;

    pub(crate) fn websocket_connector(_settings: &ClientSettings) -> Refused {
        let text = "connecting needs the feature `client` of the crate wampwerk";
        Err(ConfigError::new("url", text))
    }

    pub(crate) fn rawsocket_connector(settings: &ClientSettings, _: Serializer) -> Refused {
        websocket_connector(settings)
    }
}

#[cfg(not(feature = "client"))]
pub(crate) use no_client::{rawsocket_connector, websocket_connector};
