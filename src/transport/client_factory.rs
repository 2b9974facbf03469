//! `WampWebSocketClientFactory` and `WampRawSocketClientFactory`: connectors with Autobahn's names.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::{ConfigError, ConnectError};
use crate::message::Serializer;
use crate::rt::BoxFuture;
use crate::settings::{Deflate, Endpoint, IpVersion, Ping, Proxy, Tls, WebSocketOptions};
use crate::transport::setters::{option_setters, transport_setters};
use crate::transport::{Connector, Transport, TransportConfig, check_url};
use crate::url::{RawSocketUrl, WebSocketUrl};

/// Connects to a router by WebSocket. Autobahn's `WampWebSocketClientFactory`.
///
/// Settings that cannot be used are refused by [`check`](Self::check) and when connecting.
///
/// ```no_run
/// # async fn example() -> Result<(), wampwerk::error::ConnectError> {
/// use wampwerk::Serializer;
/// use wampwerk::transport::{Connector, WampWebSocketClientFactory};
///
/// let factory = WampWebSocketClientFactory::new(
///     "ws://127.0.0.1:8080/ws",
///     &[Serializer::Cbor, Serializer::Json],
/// )?;
/// let transport = factory.connect().await?;
/// println!("{} with {}", transport.info().serializer.as_str(), transport.info().peer);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "WampWebSocketClientProtocol")]
#[derive(Clone)]
pub struct WampWebSocketClientFactory {
    config: TransportConfig,
    ready: Ready,
}

/// Connects to a router by RawSocket, over TCP, TLS or a unix socket; natively only. Autobahn's
/// `WampRawSocketClientFactory`.
///
/// ```
/// # #[cfg(all(feature = "router", feature = "cbor"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::Serializer;
/// use wampwerk::transport::WampRawSocketClientFactory;
///
/// # let router = wampwerk::Router::builder().realm("realm1").build()?;
/// # let listener = router.listen("rs://127.0.0.1:0").await?;
/// # let url = listener.url();
/// let factory = WampRawSocketClientFactory::new(url, Serializer::Cbor)?;
/// let session = wampwerk::session::connect_with(&factory, "realm1").await?;
/// assert_eq!(session.transport().kind, "rawsocket");
/// # session.leave().await;
/// # Ok(()) }
/// # #[cfg(not(all(feature = "router", feature = "cbor")))]
/// # fn main() {}
/// ```
///
/// # Detection of dead connections
/// TCP keepalive detects a lost host on an idle connection: the first probe is sent after 30 s, further ones
/// every 10 s. The number of probes is the system's; on Linux the connection ends after about two minutes.
/// Keepalive does not detect a server program that hangs, and it is inactive while sent data waits for
/// its acknowledgement. If the server reads nothing and the buffers of the system are full, the connection ends
/// after the [`send_timeout`](Self::send_timeout). Before they are full, only [`auto_ping`](Self::auto_ping)
/// detects a server that hangs.
#[doc(alias = "WampRawSocketClientProtocol")]
#[derive(Clone)]
pub struct WampRawSocketClientFactory {
    config: TransportConfig,
    ready: Ready,
}

impl WampWebSocketClientFactory {
    /// Connects to `url` (`ws://…`, `wss://…`, or a unix socket, as in `ws://unix:/run/router.sock`),
    /// offering `serializers` in the order of preference; the server chooses.
    ///
    /// A unix socket is named by its absolute path, as in Autobahn, `ws://unix:/run/router.sock`, or
    /// `ws+unix:///run/router.sock`. An HTTP path other than `/` follows after a colon, and then the
    /// query: `ws://unix:/run/router.sock:/ws?key=1`. A path with other characters than those of a URL,
    /// or with a colon, `%` or `?`, needs [`Endpoint::unix`]. TLS over a unix socket is not supported.
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`], and [`ConnectError::InvalidConfig`] if there is no serializer,
    /// or if the URL needs TLS or a serializer a feature that the crate is built without.
    pub fn new(url: &str, serializers: &[Serializer]) -> Result<Self, ConnectError> {
        check_url(url, &WebSocketUrl::parse(url)?)?;
        let config = TransportConfig::websocket(url).serializers(serializers);
        config.check_serializers()?;
        Ok(WampWebSocketClientFactory { config, ready: Ready::default() })
    }

    transport_setters! {
        batched(batched: bool),
        header(name: impl Into<String>, value: impl Into<String>),
        origin(origin: impl Into<String>),
        user_agent(agent: impl Into<String>),
    }

    option_setters! {
        max_frame_payload_size(bytes: usize),
        auto_fragment_size(bytes: usize),
        fail_by_drop(drop: bool),
        per_message_deflate(deflate: impl Into<Option<Deflate>>),
    }
}

impl WampRawSocketClientFactory {
    /// Connects to `url` (`rs://host[:port]`, `rss://…` with TLS, or a unix socket, as in
    /// `rs://unix:/run/router.sock`), with this serializer: in RawSocket the server has no choice.
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`], and [`ConnectError::InvalidConfig`] if the URL needs TLS or the
    /// serializer a feature that the crate is built without.
    pub fn new(url: &str, serializer: Serializer) -> Result<Self, ConnectError> {
        check_url(url, &RawSocketUrl::parse(url)?)?;
        let config = TransportConfig::rawsocket(url).serializers(&[serializer]);
        config.check_serializers()?;
        Ok(WampRawSocketClientFactory { config, ready: Ready::default() })
    }
}

macro_rules! factory {
    ($name:ident) => {
        impl $name {
            transport_setters! {
                endpoint(endpoint: Endpoint),
                proxy(proxy: impl Into<Option<Proxy>>),
                ip_version(version: IpVersion),
                connect_timeout(timeout: Duration),
                tls(tls: Tls),
                options(options: WebSocketOptions),
            }

            option_setters! {
                open_handshake_timeout(timeout: Duration),
                max_message_payload_size(bytes: usize),
                max_send_size(bytes: usize),
                close_timeout(timeout: Duration),
                send_timeout(timeout: impl Into<Option<Duration>>),
                auto_ping(ping: impl Into<Option<Ping>>),
            }

            /// Checks all settings and reads the files that they name, which connecting does
            /// otherwise.
            ///
            /// # Errors
            /// If a setting cannot be used, with its key in a transport's dict as the path.
            pub fn check(&self) -> Result<(), ConfigError> {
                self.ready.of(&self.config).map(drop)
            }

            /// The same as data, for a [`Component`](crate::Component), say.
            pub fn into_config(self) -> TransportConfig {
                self.config
            }

            fn with(self, set: impl FnOnce(TransportConfig) -> TransportConfig) -> Self {
                $name { config: set(self.config), ready: Ready::default() }
            }
        }

        impl Connector for $name {
            fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
                Box::pin(async { self.ready.of(&self.config)?.connect().await })
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.config).finish()
            }
        }
    };
}

factory!(WampWebSocketClientFactory);
factory!(WampRawSocketClientFactory);

/// The connector of the settings, created once and shared by clones: files are read once, and TLS
/// sessions are resumed.
#[derive(Clone, Default)]
struct Ready(Arc<OnceLock<Arc<dyn Connector>>>);

impl Ready {
    fn of(&self, config: &TransportConfig) -> Result<&dyn Connector, ConfigError> {
        if let Some(connector) = self.0.get() {
            return Ok(&**connector);
        }
        let connector = config.connector()?;
        Ok(&**self.0.get_or_init(|| connector))
    }
}
