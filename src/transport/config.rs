//! `TransportConfig`: one way to reach the router, with all that can be set about it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::codec;
use crate::core::retry::RetryPolicy;
use crate::error::{ConfigError, UrlError};
use crate::message::Serializer;
use crate::settings::{Endpoint, IpVersion, Proxy, Tls, WebSocketOptions};
use crate::transport::Connector;
use crate::url::{Host, is_raw_socket, shown};

/// One way to reach the router, with all that can be set about it, as plain data on every target.
///
/// [`connect`](fn@crate::connect), the client factories, [`Component`](crate::Component) and
/// [`ApplicationRunner`](crate::component::ApplicationRunner) fill this type; their setters of the
/// same names do what those here say. It is put together by setters, or read from a URL or from
/// Autobahn's dict:
///
/// ```
/// use std::time::Duration;
/// use wampwerk::transport::TransportConfig;
///
/// # fn main() -> Result<(), wampwerk::error::ConfigError> {
/// let typed = TransportConfig::websocket("ws://127.0.0.1:8080/ws")
///     .connect_timeout(Duration::from_secs(3))
///     .max_retries(10);
///
/// let read = TransportConfig::from_json(
///     r#"{
///         "type": "websocket",
///         "url": "ws://127.0.0.1:8080/ws",
///         "serializers": ["cbor", "json"],
///         "options": {"autoPingInterval": 10, "maxMessagePayloadSize": 1048576},
///         "max_retries": 10,
///         "initial_retry_delay": 1.5
///     }"#,
/// )?;
/// # typed.connector()?;
/// # read.connector()?;
/// # Ok(()) }
/// ```
///
/// # The dict
///
/// | key | value | default |
/// |---|---|---|
/// | `type` | `"websocket"` or `"rawsocket"` | by the URL |
/// | `url` | `ws://host[:port][/path][?query]`, `wss://…`, `ws://unix:/path`, `rs://host[:port]`, `rss://…`, `rs://unix:/path`; the port is 80 by default, with TLS 443 | it must be there, but for `rawsocket` with an `endpoint` |
/// | `endpoint` | a dict, see below | as the URL says |
/// | `serializers` | of `"cbor"`, `"msgpack"`, `"json"`, the preferred first | those that are compiled in |
/// | `serializer` | one of them; for `rawsocket` alone | `"cbor"`, if it is compiled in |
/// | `options` | a dict, see [`WebSocketOptions`] | none |
/// | `proxy` | `{host, port}`, also `username`, `password`, `type`: `"http"` or `"socks5"` | none, `"http"` |
/// | `headers` | names and values of HTTP headers | none |
/// | `max_retries` | -1 for no limit | -1 |
/// | `initial_retry_delay`, `max_retry_delay` | seconds | 1.5 and 300 |
/// | `retry_delay_growth` | a factor, 1 to 1000 | 1.5 |
/// | `retry_delay_jitter` | a fraction of the delay, 0 to 1: the standard deviation | 0.1 |
///
/// `endpoint` is `{type: "tcp", host, port}` or `{type: "unix", path}`, for TCP also with `timeout`
/// (seconds, 10), `version` (4 or 6; both are tried by default) and `tls`: `true`, or a dict of
/// `hostname`, `trust_root`, `certificate` and `key` (see [`Tls`]; each of the last three is PEM text
/// or the path of a PEM file). The URL decides whether there is TLS (`wss://`, `rss://`); `tls` may not
/// contradict it.
///
/// `options` may also hold the rest of Autobahn's `setProtocolOptions`, in `camelCase` or
/// `snake_case`, if what they say is what happens: `tcpNoDelay` true, for instance. Everything else
/// is refused by its name, as compression is, which is not built in yet.
///
/// RawSocket has, of the `options`, `maxMessagePayloadSize` (512 to 16777216), `openHandshakeTimeout`,
/// `closeHandshakeTimeout` and, only on request, `autoPingInterval` with the other options of pings:
/// Crossbar and Autobahn|Python drop the connection when they get a PING. It has no `headers`.
///
/// In the browser, which connects by itself, there is no `rawsocket`, and `endpoint`, `proxy` and
/// `headers` are refused, and of the `options` all but `maxMessagePayloadSize` and
/// `openHandshakeTimeout`.
#[doc(alias = "transports")]
#[derive(Clone)]
pub struct TransportConfig {
    pub(super) kind: Kind,
    /// True if the type was set explicitly, so that another URL does not change it.
    pub(super) kind_is_set: bool,
    pub(crate) url: String,
    /// `None`: those that are compiled in.
    pub(crate) serializers: Option<Vec<Serializer>>,
    pub(crate) batched: bool,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) ip_version: IpVersion,
    pub(crate) tls: Option<Tls>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) options: WebSocketOptions,
    /// Present if any of its values is set.
    pub(crate) retry: Option<RetryPolicy>,
}

#[derive(Clone)]
pub(super) enum Kind {
    WebSocket,
    RawSocket,
    Ready(Arc<dyn Connector>),
}

impl Kind {
    fn of(url: &str) -> Self {
        if is_raw_socket(url) { Kind::RawSocket } else { Kind::WebSocket }
    }
}

impl TransportConfig {
    /// Creates a transport from a URL. The scheme determines the type: `ws`, `wss`, `ws+unix` for
    /// WebSocket, `rs` and `rss` for RawSocket.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        let kind = Kind::of(&url);
        TransportConfig { kind_is_set: false, ..TransportConfig::of(kind, url) }
    }

    /// Creates a WebSocket transport with a `ws://` or `wss://` URL.
    pub fn websocket(url: impl Into<String>) -> Self {
        TransportConfig::of(Kind::WebSocket, url.into())
    }

    /// RawSocket, at an `rs://` or `rss://` URL; natively only. It has one serializer, CBOR if
    /// nothing else is set, and of the [`options`](Self::options) those that have a meaning there.
    ///
    /// ```
    /// use wampwerk::Serializer;
    /// use wampwerk::transport::TransportConfig;
    ///
    /// # fn main() -> Result<(), wampwerk::error::ConfigError> {
    /// let config =
    ///     TransportConfig::rawsocket("rs://unix:/run/router.sock").serializers(&[Serializer::Json]);
    /// # config.connector()?;
    /// # Ok(()) }
    /// ```
    pub fn rawsocket(url: impl Into<String>) -> Self {
        TransportConfig::of(Kind::RawSocket, url.into())
    }

    /// A custom connector, such as a [`Router`](crate::Router) in this process. Only retries can
    /// be set then.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn with_connector(connector: impl Connector + 'static) -> Self {
        TransportConfig::of(Kind::Ready(Arc::new(connector)), String::new())
    }

    fn of(kind: Kind, url: String) -> Self {
        TransportConfig {
            kind,
            kind_is_set: true,
            url,
            serializers: None,
            batched: false,
            endpoint: None,
            connect_timeout: None,
            ip_version: IpVersion::Any,
            tls: None,
            proxy: None,
            headers: Vec::new(),
            options: WebSocketOptions::new(),
            retry: None,
        }
    }

    /// Replaces the URL and keeps the settings. The scheme determines the type, unless
    /// [`websocket`](Self::websocket), [`rawsocket`](Self::rawsocket) or the key `type` has set it.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        if !self.kind_is_set {
            self.kind = Kind::of(&self.url);
        }
        self
    }

    /// The serializers to offer, the preferred first; the server chooses. RawSocket has exactly one.
    /// An empty list is refused. Default: CBOR, MessagePack, JSON, as far as they are compiled in.
    #[must_use]
    pub fn serializers(mut self, serializers: &[Serializer]) -> Self {
        self.serializers = Some(serializers.to_vec());
        self
    }

    /// Sets whether to offer the subprotocols `wamp.2.<serializer>.batched` too, each before the one
    /// without. RawSocket refuses it. Default: false.
    ///
    /// All messages between two flushes are then sent as one WebSocket message. Batches of MessagePack
    /// and CBOR are the same everywhere. In JSON, Autobahn and Crossbar separate messages by the octet
    /// 0x18, the specification by 0x1e. The client starts with 0x18 and then uses the server's
    /// separator. Do not offer batched JSON to a server that accepts 0x1e only.
    #[must_use]
    pub fn batched(mut self, batched: bool) -> Self {
        self.batched = batched;
        self
    }

    /// The place to connect to. `Host` header, path and the name that the certificate must be valid
    /// for stay those of the URL. Default: as the URL says.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// The proxy on the way; `None` for none. Nothing is read from the environment. Default: none.
    #[must_use]
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Self {
        self.proxy = proxy.into();
        self
    }

    /// The addresses of the server's name that are tried, or of the proxy's, if there is one.
    /// Default: [`IpVersion::Any`].
    #[doc(alias = "version")]
    #[must_use]
    pub fn ip_version(mut self, version: IpVersion) -> Self {
        self.ip_version = version;
        self
    }

    /// Time limit for everything before TLS and the opening handshake: looking up the name, TCP to
    /// any of its addresses, and a proxy's answer. Default: 10 s.
    ///
    /// The browser shows no steps: there, the sum of this and of
    /// [`open_handshake_timeout`](WebSocketOptions::open_handshake_timeout) counts.
    #[doc(alias = "endpoint.timeout")]
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// The certificates to trust and to show; see [`Tls`]. The URL must be `wss://` or `rss://`; a
    /// RawSocket transport that has an [`endpoint`](Self::endpoint) and no URL has TLS by this alone.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Adds a header to the HTTP request of the opening handshake, such as a cookie. Headers of the
    /// handshake itself are refused. RawSocket and the browser have none.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds headers, such as those of a map, as [`header`](Self::header) adds one.
    #[must_use]
    pub fn headers<N: Into<String>, V: Into<String>>(
        mut self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.headers.extend(headers);
        self
    }

    /// The header `Origin`, as browsers send it, in the place of an earlier one. Default: none.
    #[must_use]
    pub fn origin(self, origin: impl Into<String>) -> Self {
        self.only_header("Origin", origin)
    }

    /// The header `User-Agent`, in the place of an earlier one. Default: none.
    #[doc(alias = "useragent")]
    #[must_use]
    pub fn user_agent(self, agent: impl Into<String>) -> Self {
        self.only_header("User-Agent", agent)
    }

    fn only_header(mut self, only: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(only));
        self.header(only, value)
    }

    /// Sizes, times and pings; see [`WebSocketOptions`]. RawSocket has some of them, too.
    #[doc(alias("setProtocolOptions", "websocket_options"))]
    #[must_use]
    pub fn options(mut self, options: WebSocketOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the retry policy. Default: that of
    /// [`ComponentBuilder::retry`](crate::component::ComponentBuilder::retry). If any value is set
    /// here, the defaults of the others are those of [`RetryPolicy`].
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Maximum number of retries in a row; `None` for no limit, the default. It counts from new after
    /// each join.
    #[must_use]
    pub fn max_retries(mut self, retries: impl Into<Option<u32>>) -> Self {
        self.retry.get_or_insert_default().max_retries = retries.into();
        self
    }

    /// Sets the delay before the first retry. Default: 1.5 s.
    #[must_use]
    pub fn initial_retry_delay(mut self, delay: Duration) -> Self {
        self.retry.get_or_insert_default().initial_delay = delay;
        self
    }

    /// Sets the maximum delay. Default: 300 s.
    #[must_use]
    pub fn max_retry_delay(mut self, delay: Duration) -> Self {
        self.retry.get_or_insert_default().max_delay = delay;
        self
    }

    /// The factor by which the delay grows after each retry. Default: 1.5.
    #[must_use]
    pub fn retry_delay_growth(mut self, factor: f64) -> Self {
        self.retry.get_or_insert_default().growth = factor;
        self
    }

    /// The standard deviation of delays, as a fraction of the delay. Default: 0.1.
    #[must_use]
    pub fn retry_delay_jitter(mut self, fraction: f64) -> Self {
        self.retry.get_or_insert_default().jitter = fraction;
        self
    }

    /// Returns the URL; empty with a custom connector.
    pub fn url_text(&self) -> &str {
        &self.url
    }

    /// Returns the retry policy, if any of its values is set.
    pub fn retry_policy(&self) -> Option<&RetryPolicy> {
        self.retry.as_ref()
    }

    /// Those that are offered.
    pub(crate) fn offered(&self) -> &[Serializer] {
        self.serializers.as_deref().unwrap_or(codec::available())
    }

    /// Returns whether it is WebSocket.
    pub(crate) fn is_websocket(&self) -> bool {
        matches!(self.kind, Kind::WebSocket)
    }

    /// With the preferred serializer alone where it is RawSocket.
    pub(crate) fn first_for_raw_socket(mut self) -> Self {
        if let (Kind::RawSocket, Some(serializers)) = (&self.kind, &mut self.serializers) {
            serializers.truncate(1);
        }
        self
    }

    /// Returns the name for texts and notices.
    pub(crate) fn name(&self) -> String {
        match (&self.kind, &self.endpoint) {
            (Kind::Ready(_), _) => "connector".to_owned(),
            (Kind::RawSocket, Some(Endpoint::Unix { path })) if self.url.is_empty() => {
                format!("rs://unix:{}", path.display())
            }
            (Kind::RawSocket, _) if self.url.is_empty() => self.with_raw_socket_url().url,
            _ => shown(&self.url),
        }
    }

    /// The keys that are set besides URL and retries, by their names in a transport's dict.
    pub(crate) fn set_keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        [
            (self.serializers.is_some(), "serializers"),
            (self.batched, "batched"),
            (self.endpoint.is_some(), "endpoint"),
            (self.connect_timeout.is_some(), "endpoint.timeout"),
            (self.ip_version != IpVersion::Any, "endpoint.version"),
            (self.tls.is_some(), "endpoint.tls"),
            (self.proxy.is_some(), "proxy"),
            (!self.headers.is_empty(), "headers"),
            (self.options != WebSocketOptions::default(), "options"),
        ]
        .into_iter()
        .filter_map(|(set, key)| set.then_some(key))
    }

    /// With the URL that RawSocket needs. Autobahn takes one of WebSocket as well; and with an
    /// endpoint, there may be none: then TLS settings say whether there is TLS.
    pub(super) fn with_raw_socket_url(&self) -> Self {
        let url = &self.url;
        let url = match &self.endpoint {
            Some(Endpoint::Tcp { host, port }) if url.is_empty() => {
                let scheme = if self.tls.is_some() { "rss" } else { "rs" };
                format!("{scheme}://{}:{port}", Host(host.trim_matches(['[', ']'])))
            }
            Some(Endpoint::Unix { .. }) if url.is_empty() => "rs://localhost".to_owned(),
            _ => match url.split_once("://") {
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("rs://{rest}"),
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => {
                    format!("rss://{rest}")
                }
                _ => url.clone(),
            },
        };
        TransportConfig { url, ..self.clone() }
    }
}

/// The error of a URL as that of its setting. The message repeats no URL, which may hold a password by
/// mistake.
pub(crate) fn of_url(error: UrlError) -> ConfigError {
    ConfigError::new("url", &error.message).caused_by(error)
}

/// Creates the error for a setting beside a custom connector.
pub(crate) fn ready(key: &str) -> ConfigError {
    ConfigError::new(key, "it cannot be set here: the given connector decides it")
}

/// Returns whether the scheme asks for TLS.
pub(crate) fn is_secure(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| {
        ["wss", "rss"].iter().any(|secure| scheme.eq_ignore_ascii_case(secure))
    })
}

impl fmt::Debug for TransportConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::WebSocket => "websocket",
            Kind::RawSocket => "rawsocket",
            Kind::Ready(_) => "connector",
        };
        // A header may contain a credential.
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("TransportConfig")
            .field("kind", &kind)
            .field("url", &shown(&self.url))
            .field("serializers", &self.serializers)
            .field("batched", &self.batched)
            .field("endpoint", &self.endpoint)
            .field("connect_timeout", &self.connect_timeout)
            .field("ip_version", &self.ip_version)
            .field("tls", &self.tls)
            .field("proxy", &self.proxy)
            .field("headers", &headers)
            .field("options", &self.options)
            .field("retry", &self.retry)
            .finish()
    }
}
