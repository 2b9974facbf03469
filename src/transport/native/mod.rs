//! The native transports: WebSocket over TCP, with or without TLS, and over unix sockets; and the
//! ways there.
//!
//! Owns sockets. The browser's module beside it offers the same names where both have them.

#[cfg(feature = "router")]
pub(crate) mod accept;
#[cfg(feature = "client")]
mod endpoint;
#[cfg(any(feature = "client", feature = "router"))]
mod limits;
#[cfg(feature = "router")]
mod linger;
#[cfg(any(feature = "client", feature = "router"))]
mod liveness;
#[cfg(feature = "client")]
mod lookup;
#[cfg(any(feature = "client", feature = "router"))]
mod protection;
#[cfg(feature = "client")]
mod proxy;
#[cfg(any(feature = "client", feature = "router"))]
#[allow(dead_code, unused_imports, reason = "until the client's factory and the acceptor use it")]
mod rawsocket;
#[cfg(feature = "client")]
mod settings;
#[cfg(feature = "client")]
mod tcp;
#[cfg(all(feature = "tls", any(feature = "client", feature = "router")))]
mod tls;
#[cfg(any(feature = "client", feature = "router"))]
mod websocket;

#[cfg(any(feature = "client", feature = "router"))]
use std::time::Duration;

#[cfg(feature = "router")]
pub use accept::{AcceptError, Acceptor, ServerOptions};
#[cfg(feature = "client")]
pub use endpoint::Endpoint;
#[cfg(any(feature = "client", feature = "router"))]
pub use liveness::AutoPing;
#[cfg(feature = "client")]
pub use proxy::Proxy;
#[cfg(feature = "client")]
pub(crate) use settings::websocket_connector;
#[cfg(feature = "client")]
pub use tcp::IpVersion;
#[cfg(all(feature = "tls", feature = "client"))]
pub use tls::TlsConfig;
#[cfg(all(feature = "tls", any(feature = "client", feature = "router")))]
pub use tls::TlsConfigError;
#[cfg(all(feature = "tls", feature = "router"))]
pub use tls::TlsServerConfig;
#[cfg(feature = "client")]
pub use websocket::WampWebSocketClientFactory;

/// 16 MiB: what Autobahn's and Crossbar's users have settled on as the longest message.
#[cfg(any(feature = "client", feature = "router"))]
const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 << 20;

/// TLS and the transport's opening handshake together.
#[cfg(any(feature = "client", feature = "router"))]
const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Without the feature `client` there is nothing that connects.
#[cfg(not(feature = "client"))]
pub(crate) fn websocket_connector(
    _settings: &crate::transport::WebSocketSettings,
) -> Result<std::sync::Arc<dyn crate::transport::Connector>, crate::error::ConfigError> {
    let text = "connecting needs the feature `client` of the crate wampwerk";
    Err(crate::error::ConfigError::new("url", text))
}
