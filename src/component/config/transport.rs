//! `TransportConfig`: one way to reach the router.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::codec;
use crate::component::config::raw_socket;
use crate::component::error::BoxError;
use crate::component::transports::TransportEntry;
use crate::core::retry::RetryPolicy;
use crate::error::ConfigError;
use crate::message::Serializer;
use crate::rt::{MaybeSend, MaybeSync};
use crate::transport::{
    ClientSettings, Connector, EndpointConfig, ProxyConfig, RAW_SOCKET, TlsOptions,
    WebSocketOptions, check_time, websocket_connector,
};
use crate::url::{check_scheme, is_raw_socket, shown};

/// One way to reach the router, and how often and after which delays to try it.
///
/// It is put together by setters, or read from a URL or from Autobahn's dict:
///
/// ```
/// use std::time::Duration;
/// use wampwerk::component::TransportConfig;
///
/// # fn main() -> Result<(), wampwerk::ConfigError> {
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
/// `hostname`, `trust_root`, `certificate` and `key` (see [`TlsOptions`]; each of the last three is
/// PEM text or the path of a PEM file). Whether there is TLS is the URL's matter (`wss://`, `rss://`);
/// `tls` may not contradict it.
///
/// `options` may also hold the rest of Autobahn's `setProtocolOptions`, in `camelCase` or
/// `snake_case`, if what they say is what happens: `tcpNoDelay` true, for instance. Everything else
/// is refused by its name, as compression is, which is not built in yet.
///
/// RawSocket has, of the `options`, `maxMessagePayloadSize` (512 to 16777216), `openHandshakeTimeout`,
/// `closeHandshakeTimeout` and, only if it is asked for, `autoPingInterval` with the other options of pings:
/// Crossbar and Autobahn|Python drop the connection when they get a PING. It has no `headers`.
///
/// In the browser, which connects by itself, there is no `rawsocket`, `endpoint`, `proxy` and `headers` are refused, and of
/// the `options` all but `maxMessagePayloadSize` and `openHandshakeTimeout`.
#[derive(Clone)]
pub struct TransportConfig {
    kind: Kind,
    /// The kind was said, so that another URL does not change it.
    kind_is_set: bool,
    settings: ClientSettings,
    /// A choice of none, which is refused; in the settings that is all.
    no_serializer: bool,
    /// Only if something of it is set.
    retry: Option<RetryPolicy>,
}

#[derive(Clone)]
enum Kind {
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
    /// The transport of a URL; its scheme says which: `ws`, `wss`, `ws+unix` for WebSocket, `rs`
    /// and `rss` for RawSocket.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        let kind = Kind::of(&url);
        TransportConfig { kind_is_set: false, ..TransportConfig::of(kind, url) }
    }

    /// WebSocket, at a `ws://` or `wss://` URL.
    pub fn websocket(url: impl Into<String>) -> Self {
        TransportConfig::of(Kind::WebSocket, url.into())
    }

    /// RawSocket, at an `rs://` or `rss://` URL; natively only. It has one serializer, CBOR if
    /// nothing else is set, and of the [`options`](Self::options) those that have a meaning there.
    ///
    /// ```
    /// use wampwerk::Serializer;
    /// use wampwerk::component::TransportConfig;
    ///
    /// # fn main() -> Result<(), wampwerk::ConfigError> {
    /// let config =
    ///     TransportConfig::rawsocket("rs://unix:/run/router.sock").serializers(&[Serializer::Json]);
    /// # config.connector()?;
    /// # Ok(()) }
    /// ```
    pub fn rawsocket(url: impl Into<String>) -> Self {
        TransportConfig::of(Kind::RawSocket, url.into())
    }

    /// A connector of one's own: to a router in this process, or a
    /// [`WampWebSocketClientFactory`](crate::transport::WampWebSocketClientFactory) with settings
    /// that have no key here. Only how to retry can be set then.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn with_connector(connector: impl Connector + 'static) -> Self {
        TransportConfig::of(Kind::Ready(Arc::new(connector)), String::new())
    }

    fn of(kind: Kind, url: String) -> Self {
        let settings = ClientSettings { url, ..ClientSettings::default() };
        TransportConfig { kind, kind_is_set: true, settings, no_serializer: false, retry: None }
    }

    /// Another URL, with the same settings. Its scheme says which transport it is, unless that was
    /// said by [`websocket`](Self::websocket), [`rawsocket`](Self::rawsocket) or the key `type`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.settings.url = url.into();
        if !self.kind_is_set {
            self.kind = Kind::of(&self.settings.url);
        }
        self
    }

    /// Where to connect to, if not where the URL says. The URL still makes the HTTP request.
    #[must_use]
    pub fn endpoint(mut self, endpoint: EndpointConfig) -> Self {
        self.settings.endpoint = Some(endpoint);
        self
    }

    /// How long connecting by TCP may take, name look-up included. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = Some(timeout);
        self
    }

    /// The version of IP: 4 or 6. Default: whichever connects first.
    #[must_use]
    pub fn ip_version(mut self, version: u8) -> Self {
        self.settings.version = Some(version);
        self
    }

    /// What to do with TLS. The URL must be `wss://` or `rss://`; a RawSocket transport that has an
    /// [`endpoint`](Self::endpoint) and no URL has TLS by this alone.
    #[must_use]
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.settings.tls = Some(tls);
        self
    }

    /// The serializers to offer, the preferred first; the router chooses. Default: CBOR,
    /// MessagePack, JSON, as far as they are compiled in. An empty list is refused.
    #[must_use]
    pub fn serializers(mut self, serializers: &[Serializer]) -> Self {
        self.no_serializer = serializers.is_empty();
        self.settings.serializers = serializers.to_vec();
        self
    }

    /// Whether to offer the subprotocols with batches of messages, too; see
    /// [`WampWebSocketClientFactory::batched`](crate::transport::WampWebSocketClientFactory::batched).
    /// Default: no.
    #[must_use]
    pub fn batched(mut self, batched: bool) -> Self {
        self.settings.batched = batched;
        self
    }

    /// WebSocket's own settings, some of which RawSocket has, too; see [`WebSocketOptions`].
    #[must_use]
    pub fn options(mut self, options: WebSocketOptions) -> Self {
        self.settings.options = options;
        self
    }

    /// A proxy on the way.
    #[must_use]
    pub fn proxy(mut self, proxy: ProxyConfig) -> Self {
        self.settings.proxy = Some(proxy);
        self
    }

    /// Adds a header to the HTTP request of the opening handshake.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.headers.push((name.into(), value.into()));
        self
    }

    /// How often to try again, and after which delays. Default: what
    /// [`ComponentBuilder::retry`](crate::component::ComponentBuilder::retry) says, as long as
    /// nothing of it is set here; else what [`RetryPolicy`] says.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// How many times in a row to try again after a failure; `None` for no limit, the default. It
    /// counts from new after each join.
    #[must_use]
    pub fn max_retries(mut self, retries: impl Into<Option<u32>>) -> Self {
        self.retry.get_or_insert_default().max_retries = retries.into();
        self
    }

    /// The delay before the first retry. Default: 1.5 s.
    #[must_use]
    pub fn initial_retry_delay(mut self, delay: Duration) -> Self {
        self.retry.get_or_insert_default().initial_delay = delay;
        self
    }

    /// The longest delay. Default: 300 s.
    #[must_use]
    pub fn max_retry_delay(mut self, delay: Duration) -> Self {
        self.retry.get_or_insert_default().max_delay = delay;
        self
    }

    /// By what the delay is multiplied after each retry. Default: 1.5.
    #[must_use]
    pub fn retry_delay_growth(mut self, factor: f64) -> Self {
        self.retry.get_or_insert_default().growth = factor;
        self
    }

    /// How far delays scatter: the standard deviation as a fraction of the delay. Default: 0.1.
    #[must_use]
    pub fn retry_delay_jitter(mut self, fraction: f64) -> Self {
        self.retry.get_or_insert_default().jitter = fraction;
        self
    }

    /// The URL; empty if a connector of one's own was given.
    pub fn url_text(&self) -> &str {
        &self.settings.url
    }

    /// How often to try again, and after which delays, if something of it is set.
    pub fn retry_policy(&self) -> Option<&RetryPolicy> {
        self.retry.as_ref()
    }

    /// This transport, but its URL is asked for at each attempt. If the function gives an error, or
    /// what is no URL, the attempt fails. The URL that it has is its name, without
    /// a query.
    ///
    /// # Errors
    /// If a setting cannot be used, even with the URL that it has.
    pub fn url_per_attempt<F, Fut, E>(self, url: F) -> Result<TransportEntry, ConfigError>
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<String, E>> + MaybeSend + 'static,
        E: Into<BoxError> + 'static,
    {
        self.connector()?;
        let (name, policy) = (self.name(), self.retry.clone());
        let entry = TransportEntry::per_attempt(name, move || {
            let (config, url) = (self.clone(), url());
            async move {
                let url = url.await.map_err(Into::into)?;
                Ok::<_, BoxError>(config.url(url).connector()?)
            }
        });
        Ok(match policy {
            Some(policy) => entry.retry(policy),
            None => entry,
        })
    }

    /// Whether it is WebSocket.
    pub(in crate::component) fn is_websocket(&self) -> bool {
        matches!(self.kind, Kind::WebSocket)
    }

    /// With the preferred serializer alone.
    pub(in crate::component) fn first_serializer(mut self) -> Self {
        self.settings.serializers.truncate(1);
        self
    }

    /// For texts and notices.
    fn name(&self) -> String {
        match (&self.kind, &self.settings.endpoint) {
            (Kind::Ready(_), _) => "connector".to_owned(),
            (Kind::RawSocket, Some(EndpointConfig::Unix { path }))
                if self.settings.url.is_empty() =>
            {
                format!("rs://unix:{path}")
            }
            (Kind::RawSocket, _) if self.settings.url.is_empty() => {
                raw_socket::with_url(&self.settings).url
            }
            _ => shown(&self.settings.url),
        }
    }

    /// As one of a component's transports.
    pub(super) fn entry(self) -> Result<TransportEntry, ConfigError> {
        let connector = self.connector()?;
        let entry = TransportEntry::new(self.name(), connector);
        Ok(match self.retry {
            Some(policy) => entry.retry(policy),
            None => entry,
        })
    }

    /// Checks all settings, reads the files that they name, and makes what connects.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn connector(&self) -> Result<Arc<dyn Connector>, ConfigError> {
        self.check_retry()?;
        if self.no_serializer {
            return Err(ConfigError::new("serializers", "at least one is needed"));
        }
        match &self.kind {
            Kind::Ready(connector) => match self.settings.set_keys().next() {
                Some(key) => Err(ConfigError::new(key, "it is the matter of the given connector")),
                None => Ok(Arc::clone(connector)),
            },
            Kind::RawSocket => {
                let settings = raw_socket::with_url(&self.settings);
                check(&settings)?;
                raw_socket::connector(&settings)
            }
            Kind::WebSocket => {
                self.check_kind()?;
                check(&self.settings)?;
                let mut settings = self.settings.clone();
                if settings.serializers.is_empty() {
                    settings.serializers = codec::available().to_vec();
                }
                websocket_connector(&settings)
            }
        }
    }

    /// Whether a URL that is not WebSocket's was meant for it.
    fn check_kind(&self) -> Result<(), ConfigError> {
        let url = &self.settings.url;
        if !self.kind_is_set {
            return check_scheme(url, RAW_SOCKET).map_err(|text| ConfigError::new("url", text));
        }
        if RAW_SOCKET && is_raw_socket(url) {
            let text = "it is a URL of RawSocket, but the type of the transport is \"websocket\"; \
                        let that be \"rawsocket\"";
            return Err(ConfigError::new("url", text));
        }
        Ok(())
    }

    fn check_retry(&self) -> Result<(), ConfigError> {
        let Some(policy) = &self.retry else { return Ok(()) };
        policy.check()?;
        let &RetryPolicy { initial_delay, max_delay, .. } = policy;
        // A limit below the default is a wish for shorter delays.
        if initial_delay > max_delay && initial_delay != RetryPolicy::default().initial_delay {
            let text = format!("it is more than max_retry_delay, {max_delay:?}");
            return Err(ConfigError::new("initial_retry_delay", text));
        }
        Ok(())
    }
}

/// What holds for all transports.
fn check(settings: &ClientSettings) -> Result<(), ConfigError> {
    for serializer in &settings.serializers {
        if !codec::available().contains(serializer) {
            let text = format!("{} is not compiled in", serializer.as_str());
            let raw = is_raw_socket(&settings.url);
            let key = if raw { "serializer" } else { "serializers" };
            return Err(ConfigError::new(key, text));
        }
    }
    if let Some(endpoint) = &settings.endpoint {
        endpoint.check().map_err(|error| error.within("endpoint"))?;
        let unix = matches!(endpoint, EndpointConfig::Unix { .. });
        if unix && settings.proxy.is_some() {
            return Err(ConfigError::new("proxy", "a Unix domain socket has no proxy"));
        }
        if unix && settings.version.is_some() {
            let text = "a Unix domain socket has no version of IP";
            return Err(ConfigError::new("endpoint.version", text));
        }
    }
    if let Some(timeout) = settings.connect_timeout {
        check_time(timeout, true).map_err(|text| ConfigError::new("endpoint.timeout", text))?;
    }
    if settings.version.is_some_and(|version| version != 4 && version != 6) {
        return Err(ConfigError::new("endpoint.version", "it must be 4 or 6"));
    }
    if settings.tls.is_some() && !is_secure(&settings.url) {
        let secure = if is_raw_socket(&settings.url) { "rss" } else { "wss" };
        let text = format!("the URL is not for TLS; let it begin with {secure}://");
        return Err(ConfigError::new("endpoint.tls", text));
    }
    if let Some(proxy) = &settings.proxy {
        proxy.check().map_err(|error| error.within("proxy"))?;
    }
    settings.options.check().map_err(|error| error.within("options"))
}

/// Whether the scheme asks for TLS.
pub(super) fn is_secure(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| {
        ["wss", "rss"].iter().any(|secure| scheme.eq_ignore_ascii_case(secure))
    })
}

impl fmt::Debug for TransportConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TransportConfig");
        match self.kind {
            Kind::WebSocket => shown.field("websocket", &self.settings),
            Kind::RawSocket => shown.field("rawsocket", &self.settings),
            Kind::Ready(_) => shown.field("connector", &"…"),
        };
        shown.field("retry", &self.retry).finish()
    }
}
