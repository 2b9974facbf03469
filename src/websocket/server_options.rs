//! `ServerOptions`: the settings of a server for its clients.
//!
//! Contains the settings as data, their defaults and their check.

use std::num::NonZeroUsize;
use std::time::Duration;

use http::HeaderValue;

use super::CLOSE_TIMEOUT;
use super::handshake::{OnConnect, Origins, Terms, field};
use super::settings;
use crate::error::ConfigError;
use crate::framing::websocket::deflate;
use crate::net::framed::TimeLimits;
use crate::net::limits::{DEFAULT_HANDSHAKE_TIMEOUT, DEFAULT_MAX_MESSAGE_SIZE, SEND_TIMEOUT};
use crate::net::liveness::AutoPing;
use crate::settings::{Deflate, LARGEST, Ping, check_time};

const MAX_CONNECTIONS: usize = 10_000;

/// Settings of a server, of a listener or of a [mount](crate::websocket::Mount). Each has a default that suits
/// most servers.
///
/// ```
/// use std::time::Duration;
/// use wampwerk::transport::ServerOptions;
///
/// let options = ServerOptions::new()
///     .max_connections(500)
///     .open_handshake_timeout(Duration::from_secs(5))
///     .allowed_origins(["https://example.com:443", "http://localhost:*"]);
/// assert!(options.check().is_ok());
/// assert!(ServerOptions::new().max_connections(0).check().is_err());
/// ```
#[doc(alias = "webStatus")]
#[doc(alias = "setProtocolOptions")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerOptions {
    open_handshake_timeout: Option<Duration>,
    max_connections: Option<usize>,
    max_message_payload_size: Option<usize>,
    max_frame_payload_size: Option<usize>,
    auto_ping: Ping,
    auto_fragment_size: Option<Option<NonZeroUsize>>,
    per_message_deflate: Option<Option<Deflate>>,
    allowed_origins: Option<Vec<String>>,
    allow_null_origin: Option<bool>,
    close_timeout: Option<Duration>,
    send_timeout: Option<Option<Duration>>,
    unix_mode: Option<u32>,
    trust_x_forwarded_for: Option<usize>,
    server: Option<String>,
    headers: Vec<(String, String)>,
    external_port: Option<u16>,
    fail_by_drop: Option<bool>,
}

impl ServerOptions {
    /// Creates options with the defaults.
    pub fn new() -> Self {
        ServerOptions::default()
    }

    /// Time limit of TLS and the opening handshake together. Default: 10 s, or as the
    /// owner of the listener has set. Not valid for a [mount](crate::websocket::Mount).
    ///
    /// Autobahn's `openHandshakeTimeout`, there 5 s and of WebSocket only.
    #[doc(alias = "openHandshakeTimeout")]
    #[must_use]
    pub fn open_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.open_handshake_timeout = Some(timeout);
        self
    }

    /// Maximum number of connections at the same time, including those in their handshake; at least 1.
    /// Default: 10 000.
    ///
    /// Further clients get HTTP status 503, or RawSocket's error 4 ("maximum connection count reached");
    /// at most 64 at a time get this answer, others are dropped. Autobahn's `maxConnections`.
    #[doc(alias = "maxConnections")]
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// Maximum length of a message in bytes, both ways; 1 to 2 147 483 647. Default: 16 MiB, or as
    /// the owner of the listener has set.
    ///
    /// Over RawSocket no message is longer than 16 MiB, and the client is told the next power of two, at
    /// least 512. Autobahn's `maxMessagePayloadSize`, there unlimited for WebSocket.
    #[doc(alias = "maxMessagePayloadSize")]
    #[must_use]
    pub fn max_message_payload_size(mut self, bytes: usize) -> Self {
        self.max_message_payload_size = Some(bytes);
        self
    }

    /// WebSocket: maximum length of a received frame in bytes; 1 to 2 147 483 647. Default: that of a
    /// message. Autobahn's `maxFramePayloadSize`.
    #[doc(alias = "maxFramePayloadSize")]
    #[must_use]
    pub fn max_frame_payload_size(mut self, bytes: usize) -> Self {
        self.max_frame_payload_size = Some(bytes);
        self
    }

    /// Automatic pings; `None` for none. Default: see [`Ping`], over WebSocket and none over
    /// RawSocket, where Autobahn|Python drops the connection on a ping. A value that is set applies to
    /// both.
    ///
    /// Autobahn's `autoPingInterval`, `autoPingTimeout` and `autoPingSize`, there off.
    ///
    /// A listener also turns on TCP keepalive, after 30 s: it detects clients whose machine is gone, not
    /// programs that hang.
    #[doc(alias("autoPingInterval", "autoPingTimeout"))]
    #[must_use]
    pub fn auto_ping(mut self, auto_ping: impl Into<Option<Ping>>) -> Self {
        self.auto_ping = Ping::set(auto_ping.into());
        self
    }

    /// WebSocket: sends each message that is longer than this in several frames of this many bytes;
    /// `None` or 0 for one frame per message. Default: none. Autobahn's `autoFragmentSize`.
    #[doc(alias = "autoFragmentSize")]
    #[must_use]
    pub fn auto_fragment_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.auto_fragment_size = Some(bytes.into().and_then(NonZeroUsize::new));
        self
    }

    /// WebSocket: origins of the pages that may connect. Default: all. Autobahn's `allowedOrigins`.
    ///
    /// A pattern is compared with the whole `scheme://host:port` of the page, in lower case and
    /// always with its port, 80 or 443 where the page's own address has none; `*` stands for any
    /// characters. Another page gets HTTP status 403. A client without `Origin` is not a page and is
    /// let in. Pages without an origin are kept out by a list, unless
    /// [`allow_null_origin`](Self::allow_null_origin) says otherwise.
    ///
    /// A pattern ends with its port, a number or `*` for all, as in `https://*.example.com:*`, so that `*` does
    /// not match too much. Without a port there are only `*` and
    /// `https://*` for all hosts, and schemes that have none (`app://shop`).
    #[doc(alias = "allowedOrigins")]
    #[must_use]
    pub fn allowed_origins<I>(mut self, patterns: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.allowed_origins = Some(patterns.into_iter().map(Into::into).collect());
        self
    }

    /// WebSocket: accepts pages whose `Origin` is `null`: from a file, or in a sandbox. Default: true if
    /// all pages may connect, false if [`allowed_origins`](Self::allowed_origins) are set. Every page can
    /// give itself that origin by a sandboxed frame, so a list that allows it would exclude no page.
    /// Autobahn's `allowNullOrigin`.
    #[doc(alias = "allowNullOrigin")]
    #[must_use]
    pub fn allow_null_origin(mut self, allow: bool) -> Self {
        self.allow_null_origin = Some(allow);
        self
    }

    /// WebSocket: accepts compression of messages with these settings; `None` for no compression. See
    /// [`Deflate`] for its risks. Default: no compression.
    #[doc(alias = "perMessageCompressionAccept")]
    #[must_use]
    pub fn per_message_deflate(mut self, deflate: impl Into<Option<Deflate>>) -> Self {
        self.per_message_deflate = Some(deflate.into());
        self
    }

    /// Time limit for the end of a connection: once for sending what is left, and once for the client's
    /// answer. Default: 2 s. Autobahn's `closeHandshakeTimeout`, there 1 s.
    #[doc(alias = "closeHandshakeTimeout")]
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = Some(timeout);
        self
    }

    /// Longest time in which a client takes no byte of what is sent, before it is disconnected; `None` for
    /// no limit. Default: interval and timeout of the auto-ping together, 20 s without auto-ping.
    #[must_use]
    pub fn send_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.send_timeout = Some(timeout.into());
        self
    }

    /// Unix sockets: the permissions of the socket's file, as in `0o660`. Write permission is needed to
    /// connect. Default: by the process's umask. No effect on other sockets; not valid for a
    /// [mount](crate::websocket::Mount).
    #[must_use]
    pub fn unix_mode(mut self, mode: u32) -> Self {
        self.unix_mode = Some(mode);
        self
    }

    /// WebSocket: number of trusted proxies in front of this server, for the client's address. The n-th address
    /// from the right in `X-Forwarded-For` is then shown as the peer's; if there is none, or it is not an
    /// address, that of the connection is. Set it only if every client comes through that many proxies: others
    /// can write any address. Default: 0, the header is not read. Autobahn's `trustXForwardedFor`.
    #[doc(alias = "trustXForwardedFor")]
    #[must_use]
    pub fn trust_x_forwarded_for(mut self, proxies: usize) -> Self {
        self.trust_x_forwarded_for = Some(proxies);
        self
    }

    /// WebSocket: value of the header `Server` in every answer to an opening handshake; `None` for no such
    /// header. Default: none.
    #[must_use]
    pub fn server(mut self, server: impl Into<Option<String>>) -> Self {
        self.server = server.into();
        self
    }

    /// WebSocket: adds a header to the answer that accepts a client. Headers of the handshake itself are
    /// refused. Default: none.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// WebSocket: port that clients have to name in `Host`, which differs from that of the socket behind a proxy;
    /// others get HTTP status 400. A `Host` without a port means 80 or 443. `None` for any port. Default: any.
    #[doc(alias = "externalPort")]
    #[must_use]
    pub fn external_port(mut self, port: impl Into<Option<u16>>) -> Self {
        self.external_port = port.into();
        self
    }

    /// WebSocket: drops the TCP connection when the peer breaks a rule or answers no ping, with nothing said. If false, the
    /// peer is told by a Close frame with the code of its fault. Default: false, whereas Autobahn drops.
    #[doc(alias = "failByDrop")]
    #[must_use]
    pub fn fail_by_drop(mut self, drop: bool) -> Self {
        self.fail_by_drop = Some(drop);
        self
    }

    /// Checks that every setting is valid. Listening does this, too.
    ///
    /// # Errors
    /// The first setting that is not valid.
    pub fn check(&self) -> Result<(), ConfigError> {
        let times = [
            ("open_handshake_timeout", self.open_handshake_timeout, true),
            ("close_timeout", self.close_timeout, false),
            ("send_timeout", self.send_timeout.flatten(), true),
        ];
        for (name, time, never_zero) in times {
            if let Some(Err(text)) = time.map(|time| check_time(time, never_zero)) {
                return Err(bad(name, text));
            }
        }
        let sizes = [
            ("max_message_payload_size", self.max_message_payload_size),
            ("max_frame_payload_size", self.max_frame_payload_size),
        ];
        for (name, size) in sizes {
            if size.is_some_and(|size| size == 0 || size > LARGEST) {
                return Err(bad(name, &format!("it must be 1 to {LARGEST} bytes")));
            }
        }
        if self.max_connections == Some(0) {
            return Err(bad("max_connections", "it must be at least 1"));
        }
        for pattern in self.allowed_origins.iter().flatten() {
            if let Err(text) = Origins::check_pattern(pattern) {
                return Err(bad("allowed_origins", &format!("{pattern:?}: {text}")));
            }
        }
        if let Some(Some(deflate)) = &self.per_message_deflate {
            let missing = deflate::MISSING.map_or(Ok(()), |text| Err(ConfigError::new("", text)));
            let checked = missing.and_then(|()| deflate.check());
            checked.map_err(|error| error.within("per_message_deflate"))?;
        }
        for (name, value) in &self.headers {
            if let Err(text) = field(name, value) {
                return Err(bad(&format!("headers.{}", name.escape_debug()), &text));
            }
        }
        if let Some(Err(text)) = self.server.as_ref().map(|value| field("Server", value)) {
            return Err(bad("server", &text));
        }
        if self.unix_mode.is_some_and(|mode| mode > 0o777) {
            return Err(bad("unix_mode", "it must be 0 to 0o777"));
        }
        Ok(())
    }

    /// Takes the time limit of handshakes and the maximum length of messages from others, where they are unset.
    pub(crate) fn or(mut self, others: &Self) -> Self {
        self.open_handshake_timeout = self.open_handshake_timeout.or(others.open_handshake_timeout);
        self.max_message_payload_size =
            self.max_message_payload_size.or(others.max_message_payload_size);
        self
    }

    /// Returns the first setting that only a WebSocket has.
    pub(crate) fn first_websocket_only(&self) -> Option<&'static str> {
        let all = [
            ("max_frame_payload_size", self.max_frame_payload_size.is_some()),
            ("auto_fragment_size", self.auto_fragment_size.is_some()),
            ("per_message_deflate", self.per_message_deflate.is_some()),
            ("allowed_origins", self.allowed_origins.is_some()),
            ("allow_null_origin", self.allow_null_origin.is_some()),
            ("trust_x_forwarded_for", self.trust_x_forwarded_for.is_some()),
            ("server", self.server.is_some()),
            ("headers", !self.headers.is_empty()),
            ("external_port", self.external_port.is_some()),
            ("fail_by_drop", self.fail_by_drop.is_some()),
        ];
        all.into_iter().find_map(|(name, set)| set.then_some(name))
    }

    /// Returns whether compression is accepted.
    pub(crate) fn compresses(&self) -> bool {
        matches!(self.per_message_deflate, Some(Some(_)))
    }

    /// Checks that every setting is valid, and has an effect on a mounted server.
    pub(crate) fn check_mounted(&self) -> Result<(), ConfigError> {
        self.check()?;
        let all = [
            ("open_handshake_timeout", self.open_handshake_timeout.is_some()),
            ("unix_mode", self.unix_mode.is_some()),
        ];
        match all.into_iter().find(|(_, is_set)| *is_set) {
            Some((name, _)) => Err(bad(name, "set it on the HTTP server that this is mounted in")),
            None => Ok(()),
        }
    }

    pub(crate) fn handshake_time(&self) -> Duration {
        self.open_handshake_timeout.unwrap_or(DEFAULT_HANDSHAKE_TIMEOUT)
    }

    pub(crate) fn connections(&self) -> usize {
        self.max_connections.unwrap_or(MAX_CONNECTIONS)
    }

    pub(crate) fn message_size(&self) -> usize {
        self.max_message_payload_size.unwrap_or(DEFAULT_MAX_MESSAGE_SIZE)
    }

    /// Returns the settings of a WebSocket.
    pub(crate) fn websocket(&self) -> settings::Settings {
        let auto_ping = AutoPing::of(&self.auto_ping, true);
        let default = settings::Settings::default();
        settings::Settings {
            max_message_size: self.message_size(),
            max_frame_size: self.max_frame_payload_size,
            auto_fragment_size: self.auto_fragment_size.flatten(),
            auto_ping,
            send_timeout: self.patience(auto_ping),
            close_timeout: self.close_timeout.unwrap_or(default.close_timeout),
            fail_by_drop: self.fail_by_drop.unwrap_or(false),
            ..default
        }
    }

    /// Returns the settings of a RawSocket.
    pub(crate) fn raw_socket(&self) -> TimeLimits {
        let auto_ping = AutoPing::of(&self.auto_ping, false);
        TimeLimits {
            auto_ping,
            send_timeout: self.patience(auto_ping),
            close_timeout: self.close_timeout.unwrap_or(CLOSE_TIMEOUT),
        }
    }

    /// Longest time in which nothing is taken, with this auto-ping.
    fn patience(&self, ping: Option<AutoPing>) -> Option<Duration> {
        let both = |ping: AutoPing| ping.interval.saturating_add(ping.timeout);
        self.send_timeout.unwrap_or_else(|| Some(ping.map_or(SEND_TIMEOUT, both)))
    }

    /// Returns the requirements for WebSocket requests.
    pub(crate) fn handshake(&self, on_connect: Option<OnConnect>) -> Terms {
        Terms {
            origins: self.origins(),
            on_connect,
            deflate: self.per_message_deflate.clone().flatten(),
            external_port: self.external_port,
            trusted_proxies: self.trust_x_forwarded_for.unwrap_or(0),
            server: self.server.as_ref().and_then(|value| HeaderValue::try_from(value).ok()),
            // They have been checked.
            headers: self
                .headers
                .iter()
                .filter_map(|(name, value)| field(name, value).ok())
                .collect(),
        }
    }

    fn origins(&self) -> Origins {
        let null = self.allow_null_origin.unwrap_or(self.allowed_origins.is_none());
        Origins::new(self.allowed_origins.as_deref(), null)
    }

    pub(crate) fn mode(&self) -> Option<u32> {
        self.unix_mode
    }
}

fn bad(name: &str, text: &str) -> ConfigError {
    ConfigError::new(name, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_one_is_named() {
        let new = ServerOptions::new;
        for (options, name) in [
            (new().open_handshake_timeout(Duration::ZERO), "open_handshake_timeout"),
            (new().close_timeout(Duration::MAX), "close_timeout"),
            (new().send_timeout(Duration::ZERO), "send_timeout"),
            (new().max_connections(0), "max_connections"),
            (new().max_message_payload_size(0), "max_message_payload_size"),
            (new().max_message_payload_size(LARGEST + 1), "max_message_payload_size"),
            (new().max_frame_payload_size(0), "max_frame_payload_size"),
            (new().allowed_origins(["*", "https://a"]), "allowed_origins: \"https://a\""),
            (new().unix_mode(0o1000), "unix_mode"),
            (new().per_message_deflate(Deflate::new().level(0)), "per_message_deflate.level"),
            (new().server("a\r\nX: b".to_owned()), "server"),
            (new().header("Upgrade", "x"), "headers.Upgrade"),
            (new().header("a b", "x"), "headers.a b"),
            (new().header("X-A", "x\0"), "headers.X-A"),
        ] {
            let error = options.check().map_err(|error| error.to_string());
            let text = format!("invalid {name}: ");
            assert!(error.as_ref().is_err_and(|it| it.starts_with(&text)), "{name}: {error:?}");
        }
        let all = new().close_timeout(Duration::ZERO).send_timeout(None).unix_mode(0o600);
        assert!(all.check().is_ok());
    }

    #[test]
    fn who_takes_nothing_is_waited_for_as_long_as_who_is_silent() {
        let ping = Ping::new(Duration::from_secs(1), Duration::from_secs(2));
        let ping = AutoPing::of(&ping, false);
        let options = ServerOptions::new();
        assert_eq!(options.patience(ping), Some(Duration::from_secs(3)));
        assert_eq!(options.patience(None), Some(SEND_TIMEOUT));
        assert_eq!(options.clone().send_timeout(None).patience(ping), None);
        let short = Duration::from_millis(1);
        assert_eq!(options.send_timeout(short).patience(ping), Some(short));
    }

    #[test]
    fn pings_that_are_set_are_sent_over_raw_sockets_too() {
        let set = |ping: Option<Ping>| ServerOptions::new().auto_ping(ping).raw_socket().auto_ping;
        assert!(ServerOptions::new().raw_socket().auto_ping.is_none());
        assert!(set(Some(Ping::default())).is_some());
        assert!(set(Some(Ping::default().size(100))).is_some());
        assert!(set(None).is_none());
    }

    #[test]
    fn null_origins_are_let_in_where_all_are() {
        let new = ServerOptions::new;
        assert_eq!(new().origins(), Origins::new(None, true));
        let list = ["https://a:1".to_owned()];
        let some = new().allowed_origins(list.clone());
        assert_eq!(some.origins(), Origins::new(Some(&list), false));
        assert_eq!(some.allow_null_origin(true).origins(), Origins::new(Some(&list), true));
    }
}
