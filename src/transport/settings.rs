//! What a client can be told about its transport, on every target.
//!
//! Owns plain data. What of it can be had, and how, is said by `websocket_connector` of the native
//! and of the browser's module: what one of them cannot do it refuses by the key's name.

use std::fmt;
use std::time::Duration;

use crate::auth::Secret;
use crate::error::ConfigError;
use crate::message::Serializer;
use crate::url::{read_host, shown};

/// The longest time that can be set: a year.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// The largest message that can be allowed. Both ends hold it in memory.
pub(crate) const LARGEST: usize = (1 << 31) - 1;

/// How many bytes a ping can be told to carry. The most is RFC 6455's; the fewest are what tells
/// our pings from others.
pub(crate) const PING_SIZES: (usize, usize) = (12, 125);

/// All settings of a WebSocket client.
#[derive(Clone, Default)]
pub(crate) struct ClientSettings {
    pub(crate) url: String,
    /// Empty: those that are compiled in.
    pub(crate) serializers: Vec<Serializer>,
    pub(crate) batched: bool,
    pub(crate) endpoint: Option<EndpointConfig>,
    pub(crate) connect_timeout: Option<Duration>,
    /// 4 or 6.
    pub(crate) version: Option<u8>,
    pub(crate) tls: Option<TlsOptions>,
    pub(crate) proxy: Option<ProxyConfig>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) options: WebSocketOptions,
}

impl ClientSettings {
    /// The keys that are set, by their names in a transport's dict.
    pub(crate) fn set_keys(&self) -> impl Iterator<Item = &'static str> {
        [
            (!self.serializers.is_empty(), "serializers"),
            (self.batched, "batched"),
            (self.endpoint.is_some(), "endpoint"),
            (self.connect_timeout.is_some(), "endpoint.timeout"),
            (self.version.is_some(), "endpoint.version"),
            (self.tls.is_some(), "endpoint.tls"),
            (self.proxy.is_some(), "proxy"),
            (!self.headers.is_empty(), "headers"),
            (self.options != WebSocketOptions::default(), "options"),
        ]
        .into_iter()
        .filter_map(|(set, key)| set.then_some(key))
    }
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A header may hold a credential.
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("ClientSettings")
            .field("url", &shown(&self.url))
            .field("serializers", &self.serializers)
            .field("batched", &self.batched)
            .field("endpoint", &self.endpoint)
            .field("connect_timeout", &self.connect_timeout)
            .field("version", &self.version)
            .field("tls", &self.tls)
            .field("proxy", &self.proxy)
            .field("headers", &headers)
            .field("options", &self.options)
            .finish()
    }
}

/// Where to connect to, if that is not where the URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointConfig {
    /// A TCP port.
    Tcp {
        /// A name or an address.
        host: String,
        /// 1 to 65535.
        port: u16,
    },
    /// A Unix domain socket.
    Unix {
        /// Its path in the file system.
        path: String,
    },
}

impl EndpointConfig {
    /// A TCP port.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        EndpointConfig::Tcp { host: host.into(), port }
    }

    /// A Unix domain socket.
    pub fn unix(path: impl Into<String>) -> Self {
        EndpointConfig::Unix { path: path.into() }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self {
            EndpointConfig::Tcp { port: 0, .. } => {
                Err(ConfigError::new("port", "port must be 1 to 65535"))
            }
            EndpointConfig::Tcp { host, .. } => {
                read_host(host).map(drop).map_err(|text| ConfigError::new("host", text))
            }
            EndpointConfig::Unix { path } if path.is_empty() || path.contains('\0') => {
                Err(ConfigError::new("path", "it must be the path of a Unix domain socket"))
            }
            EndpointConfig::Unix { .. } => Ok(()),
        }
    }
}

/// What to do with TLS, where the URL asks for it (`wss://`, `rss://`).
///
/// By default the server's certificate must be one that the platform trusts, and be for the host of
/// the URL.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    pub(crate) hostname: Option<String>,
    pub(crate) trust_root: Option<String>,
    pub(crate) certificate: Option<String>,
    pub(crate) key: Option<Secret>,
}

impl TlsOptions {
    /// The defaults.
    pub fn new() -> Self {
        TlsOptions::default()
    }

    /// The name that is sent to the server (SNI), and that its certificate must be for.
    #[must_use]
    pub fn hostname(mut self, name: impl Into<String>) -> Self {
        self.hostname = Some(name.into());
        self
    }

    /// Trust these certificates alone: PEM text, or the path of a PEM file of up to 4 MiB,
    /// which is read when the connector is made.
    #[must_use]
    pub fn trust_root(mut self, path_or_pem: impl Into<String>) -> Self {
        self.trust_root = Some(path_or_pem.into());
        self
    }

    /// Shows the server this certificate, if it asks: the chain and its private key, each as PEM
    /// text or as the path of a PEM file, which is read when the connector is made.
    #[must_use]
    pub fn certificate(
        mut self,
        chain_path_or_pem: impl Into<String>,
        key_path_or_pem: impl Into<Secret>,
    ) -> Self {
        self.certificate = Some(chain_path_or_pem.into());
        self.key = Some(key_path_or_pem.into());
        self
    }
}

/// What kind of proxy it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyKind {
    /// HTTP, by its CONNECT method.
    #[default]
    Http,
    /// SOCKS 5; the proxy looks the name up.
    Socks5,
}

/// A proxy on the way to the router, also for `wss://` and `rss://`, which it does not see into.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    pub(crate) kind: ProxyKind,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<(String, Secret)>,
}

impl ProxyConfig {
    /// A proxy at a TCP port.
    pub fn new(kind: ProxyKind, host: impl Into<String>, port: u16) -> Self {
        ProxyConfig { kind, host: host.into(), port, credentials: None }
    }

    /// An HTTP proxy: its CONNECT method is used.
    pub fn http(host: impl Into<String>, port: u16) -> Self {
        ProxyConfig::new(ProxyKind::Http, host, port)
    }

    /// A SOCKS 5 proxy.
    pub fn socks5(host: impl Into<String>, port: u16) -> Self {
        ProxyConfig::new(ProxyKind::Socks5, host, port)
    }

    /// Who we are for the proxy: HTTP's basic authentication, or that of RFC 1929.
    #[must_use]
    pub fn credentials(mut self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.credentials = Some((username.into(), password.into()));
        self
    }

    /// What kind of proxy it is.
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        read_host(&self.host).map_err(|text| ConfigError::new("host", text))?;
        if self.port == 0 {
            return Err(ConfigError::new("port", "port must be 1 to 65535"));
        }
        Ok(())
    }
}

/// WebSocket's own settings; Autobahn's `setProtocolOptions`.
///
/// Each has the name that it has there, in `snake_case`. What is not set is as for
/// [`WampWebSocketClientFactory`](crate::transport::WampWebSocketClientFactory).
///
/// The defaults below are WebSocket's. A RawSocket transport has no settings of frames
/// (`max_frame_payload_size`, `auto_fragment_size`) and no `server_connection_drop_timeout`, and
/// refuses them; messages can have 512 bytes to 16 MiB there, closing takes up to 2 s in one step, and
/// pings are sent only if there is an `auto_ping_interval`, without which their other settings are
/// refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSocketOptions {
    pub(crate) max_frame_payload_size: Option<usize>,
    pub(crate) max_message_payload_size: Option<usize>,
    pub(crate) open_handshake_timeout: Option<Duration>,
    pub(crate) close_handshake_timeout: Option<Duration>,
    pub(crate) server_connection_drop_timeout: Option<Duration>,
    pub(crate) auto_ping_interval: Option<Duration>,
    pub(crate) auto_ping_timeout: Option<Duration>,
    pub(crate) auto_ping_size: Option<usize>,
    pub(crate) auto_ping_restart_on_any_traffic: Option<bool>,
    /// 0: none.
    pub(crate) auto_fragment_size: Option<usize>,
}

impl WebSocketOptions {
    /// The defaults.
    pub fn new() -> Self {
        WebSocketOptions::default()
    }

    /// The longest frame that is taken, in bytes. Default: as long as a message.
    #[must_use]
    pub fn max_frame_payload_size(mut self, bytes: usize) -> Self {
        self.max_frame_payload_size = Some(bytes);
        self
    }

    /// The longest message in bytes, both ways: a longer one that comes ends the connection, one that
    /// is to be sent is refused. Default: 16 MiB.
    #[must_use]
    pub fn max_message_payload_size(mut self, bytes: usize) -> Self {
        self.max_message_payload_size = Some(bytes);
        self
    }

    /// How long TLS and the opening handshake may take together. A proxy's answer counts as
    /// connecting, unlike in Autobahn: that has the time of the endpoint's `timeout`. Default: 10 s.
    #[must_use]
    pub fn open_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.open_handshake_timeout = Some(timeout);
        self
    }

    /// How long closing waits for the server's answer. Default: 1 s.
    #[must_use]
    pub fn close_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.close_handshake_timeout = Some(timeout);
        self
    }

    /// How long closing waits after that for the server to end the TCP connection. Default: 1 s.
    #[must_use]
    pub fn server_connection_drop_timeout(mut self, timeout: Duration) -> Self {
        self.server_connection_drop_timeout = Some(timeout);
        self
    }

    /// After how long a silence the server is asked for a sign of life; zero for never.
    /// Default: 10 s.
    #[must_use]
    pub fn auto_ping_interval(mut self, interval: Duration) -> Self {
        self.auto_ping_interval = Some(interval);
        self
    }

    /// How long to wait for that sign; then the connection counts as lost. Zero: as long as it
    /// takes. Default: 10 s.
    #[must_use]
    pub fn auto_ping_timeout(mut self, timeout: Duration) -> Self {
        self.auto_ping_timeout = Some(timeout);
        self
    }

    /// How many bytes a ping carries, 12 to 125. Default: 12.
    #[must_use]
    pub fn auto_ping_size(mut self, bytes: usize) -> Self {
        self.auto_ping_size = Some(bytes);
        self
    }

    /// Whether whatever comes is a sign of life, and a ping is sent in silence only. If not, only the
    /// answer to a ping counts, and the next ping is sent an interval after it. Default: true.
    #[must_use]
    pub fn auto_ping_restart_on_any_traffic(mut self, restart: bool) -> Self {
        self.auto_ping_restart_on_any_traffic = Some(restart);
        self
    }

    /// Sends each message that is longer than this in frames of so many bytes; 0 for one frame per
    /// message. Default: 0.
    #[must_use]
    pub fn auto_fragment_size(mut self, bytes: usize) -> Self {
        self.auto_fragment_size = Some(bytes);
        self
    }

    /// What is not set, as it is there.
    pub(crate) fn or(self, others: WebSocketOptions) -> Self {
        WebSocketOptions {
            max_frame_payload_size: self.max_frame_payload_size.or(others.max_frame_payload_size),
            max_message_payload_size: self
                .max_message_payload_size
                .or(others.max_message_payload_size),
            open_handshake_timeout: self.open_handshake_timeout.or(others.open_handshake_timeout),
            close_handshake_timeout: self
                .close_handshake_timeout
                .or(others.close_handshake_timeout),
            server_connection_drop_timeout: self
                .server_connection_drop_timeout
                .or(others.server_connection_drop_timeout),
            auto_ping_interval: self.auto_ping_interval.or(others.auto_ping_interval),
            auto_ping_timeout: self.auto_ping_timeout.or(others.auto_ping_timeout),
            auto_ping_size: self.auto_ping_size.or(others.auto_ping_size),
            auto_ping_restart_on_any_traffic: self
                .auto_ping_restart_on_any_traffic
                .or(others.auto_ping_restart_on_any_traffic),
            auto_fragment_size: self.auto_fragment_size.or(others.auto_fragment_size),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let (least, most) = PING_SIZES;
        let sizes = [
            (self.max_frame_payload_size, "max_frame_payload_size", 1, LARGEST),
            (self.max_message_payload_size, "max_message_payload_size", 1, LARGEST),
            (self.auto_ping_size, "auto_ping_size", least, most),
            (self.auto_fragment_size, "auto_fragment_size", 0, LARGEST),
        ];
        for (size, key, least, most) in sizes {
            if size.is_some_and(|size| size < least || size > most) {
                let text = format_args!("it must be {least} to {most} bytes");
                return Err(ConfigError::new(key, text));
            }
        }
        let times = [
            (self.open_handshake_timeout, "open_handshake_timeout", true),
            (self.close_handshake_timeout, "close_handshake_timeout", true),
            (self.server_connection_drop_timeout, "server_connection_drop_timeout", true),
            (self.auto_ping_interval, "auto_ping_interval", false),
            (self.auto_ping_timeout, "auto_ping_timeout", false),
        ];
        for (time, key, never_zero) in times {
            let Some(time) = time else { continue };
            check_time(time, never_zero).map_err(|text| ConfigError::new(key, text))?;
        }
        Ok(())
    }
}

pub(crate) fn check_time(time: Duration, never_zero: bool) -> Result<(), &'static str> {
    if time > LONGEST {
        return Err("it is longer than a year");
    }
    if never_zero && time.is_zero() {
        return Err("it must be more than 0 s");
    }
    Ok(())
}
