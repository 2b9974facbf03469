//! The client: makes a transport of a URL.
//!
//! Contains the client's settings and its half of the opening handshake.

use std::fmt::{self, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tungstenite::handshake::client::{Response, generate_key};
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::HeaderMap;
use tungstenite::protocol::Role;

use super::framing::transport;
use crate::codec;
use crate::error::{Cause, ConfigError, ConnectError, HttpRefusal};
use crate::message::Serializer;
use crate::net::dial::{Dial, Handshake};
use crate::net::dial::{Endpoint, IpVersion, Proxy};
use crate::net::is_end;
use crate::net::liveness::AutoPing;
use crate::net::protection::Protection;
#[cfg(feature = "tls")]
use crate::net::tls::TlsConfig;
use crate::rt::BoxFuture;
use crate::transport::batched::Batched;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::{Connector, Transport};
use crate::url::WebSocketUrl;
use crate::websocket::handshake::{HeadError, read_head, tokens};
use crate::websocket::settings::Settings;

/// Maximum length of the text of a refusal that an error repeats.
const MAX_REFUSAL_TEXT: usize = 200;

/// Connects to a router by WebSocket. Autobahn's `WampWebSocketClientFactory`.
///
/// ```no_run
/// # async fn example() -> Result<(), wampwerk::ConnectError> {
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
#[derive(Clone, Debug)]
pub struct WampWebSocketClientFactory {
    url: WebSocketUrl,
    pub(in crate::transport::native) dial: Dial,
    serializers: Vec<Serializer>,
    batched: bool,
    headers: Vec<Header>,
    settings: Settings,
}

/// A header. Its value is not shown, as it may be a cookie or a token.
#[derive(Clone)]
struct Header {
    name: String,
    value: String,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: …", self.name)
    }
}

impl WampWebSocketClientFactory {
    /// Connects to `url` (`ws://…`, `wss://…`, or a unix socket, as in `ws://unix:/run/router.sock`;
    /// see [`WebSocketUrl::parse`]), offering `serializers` in the order of preference; the server
    /// chooses.
    ///
    /// Fails with [`ConnectError::InvalidUrl`], and with [`ConnectError::InvalidConfig`] when there
    /// is no serializer, or when the URL needs TLS or a serializer a feature that the crate is built
    /// without.
    pub fn new(url: &str, serializers: &[Serializer]) -> Result<Self, ConnectError> {
        let url = WebSocketUrl::parse(url)?;
        if serializers.is_empty() {
            return Err(ConfigError::new("serializers", "at least one is needed").into());
        }
        if let Some(other) = serializers.iter().find(|one| !codec::available().contains(one)) {
            let text = format!("{} is not compiled in", other.as_str());
            return Err(ConfigError::new("serializers", text).into());
        }
        Ok(WampWebSocketClientFactory {
            dial: Dial::to(&url)?,
            url,
            serializers: serializers.to_vec(),
            batched: false,
            headers: Vec::new(),
            settings: Settings::default(),
        })
    }

    /// Also offers the subprotocols `wamp.2.<serializer>.batched`, each before the one without.
    /// Default: false.
    ///
    /// Messages sent between two flushes then go as one WebSocket message. Batches of MessagePack and CBOR
    /// are the same everywhere. In JSON, Autobahn and Crossbar separate messages by the octet 0x18, the
    /// specification by 0x1e. The client begins with 0x18 and continues with the server's octet; do not
    /// offer batched JSON to a server that reads only 0x1e.
    #[must_use]
    pub fn batched(mut self, batched: bool) -> Self {
        self.batched = batched;
        self
    }

    /// Network endpoint of the server. Default: that of the URL. `Host` header, path and the name for
    /// which the certificate must be valid are still those of the URL.
    ///
    /// Fails for a unix socket where the URL is `wss://`, or
    /// where there is a proxy.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Result<Self, ConfigError> {
        self.dial = self.dial.endpoint(endpoint)?;
        Ok(self)
    }

    /// The proxy to connect through; `None` for none. Default: none; the environment is not read.
    ///
    /// Fails for a unix socket.
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Result<Self, ConfigError> {
        self.dial = self.dial.proxy(proxy.into())?;
        Ok(self)
    }

    /// IP version of the addresses that are tried, of the server's name or of the proxy's, if there is
    /// one. Default: [`IpVersion::Any`].
    ///
    /// Fails where an address is given and is of the other.
    pub fn ip_version(mut self, version: IpVersion) -> Result<Self, ConfigError> {
        self.dial = self.dial.ip_version(version)?;
        Ok(self)
    }

    /// Time limit of all steps before TLS and the opening handshake: looking up the name, TCP to any of
    /// its addresses, and a proxy's answer. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.dial = self.dial.connect_timeout(timeout);
        self
    }

    /// Time limit of TLS and the opening handshake together. Default: 10 s.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.dial = self.dial.handshake_timeout(timeout);
        self
    }

    /// The longest message in bytes, both ways: a longer one that comes ends the connection, with
    /// close code 1009, and one that is to be sent is refused with
    /// [`TooLarge`](crate::TransportError::TooLarge), and the connection stays. Default: 16 MiB.
    ///
    /// In batches it is the batch that is limited, and none is made longer.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_message_size = bytes;
        self
    }

    /// The longest message in bytes that is sent, where that is another limit than for what is
    /// taken. Default: [`max_message_size`](Self::max_message_size).
    #[must_use]
    pub fn max_send_size(mut self, bytes: usize) -> Self {
        self.settings.max_send_size = Some(bytes);
        self
    }

    /// The longest WebSocket frame in bytes that is taken, without its header; a longer one ends the
    /// connection with close code 1009, before it is read. Default: as long as a message.
    #[must_use]
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        self.settings.max_frame_size = Some(bytes);
        self
    }

    /// Sends each message that is longer than this in several frames of so many bytes, the last one
    /// shorter (RFC 6455, section 5.4); `None` or 0 for one frame per message. It is for servers
    /// and middle boxes with a limit on frames, and saves nothing. Autobahn's `autoFragmentSize`.
    /// Default: none.
    ///
    /// Each frame costs 6 to 14 bytes more.
    #[must_use]
    pub fn auto_fragment_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.settings.auto_fragment_size = bytes.into().and_then(NonZeroUsize::new);
        self
    }

    /// Time limit of closing: sending what is left, the server's answer, and its end of the TCP
    /// connection. Default: 2 s.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.settings.close_timeout = timeout;
        self
    }

    /// Longest time in which the server takes no byte of what is sent, before the connection is given up;
    /// `None` for no limit. Default: 20 s, with and without auto-ping.
    #[must_use]
    pub fn send_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.send_timeout = timeout.into();
        self
    }

    /// Automatic pings; `None` for none. Default: [`AutoPing::default`].
    #[must_use]
    pub fn auto_ping(mut self, auto_ping: impl Into<Option<AutoPing>>) -> Self {
        self.settings.auto_ping = auto_ping.into();
        self
    }

    /// TLS settings for `wss://`. Default: the platform's trust store, and no client certificate.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.dial = self.dial.tls(tls);
        self
    }

    /// The header `Origin`, as browsers send it, in the place of an earlier one. Default: none.
    ///
    /// Fails as [`header`](Self::header) does.
    pub fn origin(self, origin: impl Into<String>) -> Result<Self, ConfigError> {
        self.only_header("Origin", origin)
    }

    /// The header `User-Agent`, in the place of an earlier one. Default: none.
    ///
    /// Fails as [`header`](Self::header) does.
    pub fn user_agent(self, agent: impl Into<String>) -> Result<Self, ConfigError> {
        self.only_header("User-Agent", agent)
    }

    fn only_header(mut self, name: &str, value: impl Into<String>) -> Result<Self, ConfigError> {
        self.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
        self.header(name, value)
    }

    /// Adds a header to the HTTP request, as for a cookie.
    ///
    /// Fails for what HTTP does not allow, and for the headers
    /// of the handshake itself.
    pub fn header(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        let (name, value) = (name.into(), value.into());
        let lower = name.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(wrong(format!("{name:?} is not the name of a header")));
        }
        let own = ["host", "connection", "upgrade", "content-length", "transfer-encoding"];
        if own.contains(&lower.as_str()) || lower.starts_with("sec-websocket-") {
            return Err(wrong(format!("the header {name} belongs to the handshake")));
        }
        if value.chars().any(char::is_control) {
            return Err(wrong(format!("the value of the header {name} has control characters")));
        }
        self.headers.push(Header { name, value });
        Ok(self)
    }

    async fn upgrade<S>(
        &self,
        mut stream: S,
        protection: Protection,
    ) -> Result<Box<dyn Transport>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let key = generate_key();
        let unsent = |error: std::io::Error| self.failed(HeadError::Io(error), &[]);
        stream.write_all(self.request(&key).as_bytes()).await.map_err(unsent)?;
        stream.flush().await.map_err(unsent)?;
        let mut head = Vec::new();
        let (response, early) = read_head::<Response>(&mut stream, &mut head)
            .await
            .map_err(|error| self.failed(error, &head))?;
        self.check(&response, &early, &key)?;
        let subprotocol = self.chosen(response.headers())?;
        let (peer, settings) = (self.dial.peer(), &self.settings);
        let transport =
            transport(stream, early, Role::Client, peer, protection, subprotocol, settings);
        Ok(Batched::over(Box::new(transport), subprotocol.batched))
    }

    /// RFC 6455, section 4.1: what the client checks of the response.
    fn check(&self, response: &Response, body: &[u8], key: &str) -> Result<(), ConnectError> {
        let status = response.status();
        if status != 101 {
            let mut text = format!("the server answered HTTP {status}");
            let body: String = String::from_utf8_lossy(body)
                .trim()
                .chars()
                .map(|char| if char.is_control() { ' ' } else { char })
                .take(MAX_REFUSAL_TEXT)
                .collect();
            if !body.is_empty() {
                text = format!("{text}: {body}");
            }
            let reason = status.canonical_reason().unwrap_or_default();
            let told =
                if body.is_empty() { reason.to_owned() } else { format!("{reason}: {body}") };
            let cause = Cause::new(HttpRefusal::new(status.as_u16(), told));
            return Err(self.refused(text, Some(cause)));
        }
        let headers = response.headers();
        let has = |name: &str, token: &str| {
            tokens(headers, name).any(|value| value.eq_ignore_ascii_case(token))
        };
        if !has("Upgrade", "websocket") || !has("Connection", "upgrade") {
            return Err(self.refused("the server switches to another protocol", None));
        }
        let accept = headers.get("Sec-WebSocket-Accept").map(|value| value.as_bytes());
        if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(self.refused("the server's answer is not to our request", None));
        }
        if tokens(headers, "Sec-WebSocket-Extensions").next().is_some() {
            return Err(self.refused("the server uses an extension that was not offered", None));
        }
        Ok(())
    }

    fn refused(&self, message: impl Into<String>, cause: Option<Cause>) -> ConnectError {
        let address = self.dial.peer().to_string();
        ConnectError::Handshake { address, message: message.into(), cause }
    }

    /// `answer` is what came of it.
    fn failed(&self, error: HeadError, answer: &[u8]) -> ConnectError {
        let secure = self.dial.is_secure();
        match error {
            HeadError::Io(error) if !is_end(&error) => self.dial.lost(error),
            error @ (HeadError::Io(_) | HeadError::Closed) if answer.is_empty() => {
                let else_there = match (secure, self.dial.peer().is_unix()) {
                    (true, _) => "if this is a RawSocket port, use rss://",
                    (false, true) => "if this is a RawSocket server, use rs://",
                    (false, false) => "if this is a RawSocket port, use rs://, and of TLS, wss://",
                };
                let text = "the server closed the connection without an answer";
                self.refused(format!("{text}; {else_there}"), error.cause())
            }
            error @ (HeadError::Io(_) | HeadError::Closed) => {
                self.refused("the server closed the connection within its answer", error.cause())
            }
            HeadError::Bad(text) => {
                let what = match answer.first() {
                    // The types of TLS records: alert and handshake (RFC 8446, section 5.1).
                    Some(0x15 | 0x16) if !secure => "; it speaks TLS: use wss://".to_owned(),
                    Some(b'H') => {
                        // Before it stands which part of which parser says so.
                        let cause = text.rsplit(": ").next().unwrap_or_default();
                        format!(": the HTTP head of its answer is damaged: {cause}")
                    }
                    _ => ": its answer is not HTTP".to_owned(),
                };
                self.refused(format!("not a WebSocket server{what}"), None)
            }
            HeadError::TooLong => self.refused("the HTTP head of its answer does not end", None),
        }
    }

    fn request(&self, key: &str) -> String {
        let mut request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {}\r\n",
            self.url.target(),
            self.url.authority(),
            self.offered().map(Subprotocol::name).collect::<Vec<_>>().join(", "),
        );
        for Header { name, value } in &self.headers {
            // Writing into a string cannot fail.
            let _ = write!(request, "{name}: {value}\r\n");
        }
        request.push_str("\r\n");
        request
    }

    fn offered(&self) -> impl Iterator<Item = Subprotocol> {
        Subprotocol::list(&self.serializers, self.batched).into_iter()
    }

    /// The server's choice, which must be one of ours (spec: "WebSocket Transport").
    fn chosen(&self, headers: &HeaderMap) -> Result<Subprotocol, ConnectError> {
        let chosen: Vec<_> = tokens(headers, "Sec-WebSocket-Protocol").collect();
        if let &[name] = chosen.as_slice()
            && let Some(subprotocol) = self.offered().find(|offer| offer.name() == name)
        {
            return Ok(subprotocol);
        }
        Err(ConnectError::Subprotocol {
            offered: self.offered().map(|offer| offer.name().to_owned()).collect(),
            chosen: (!chosen.is_empty()).then(|| chosen.join(", ")),
        })
    }
}

impl Connector for WampWebSocketClientFactory {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(self.dial.open(self))
    }
}

impl Handshake for WampWebSocketClientFactory {
    type Output = Box<dyn Transport>;

    const STEP: &'static str = "the opening handshake";

    async fn shake_hands<S>(
        &self,
        stream: S,
        protection: Protection,
    ) -> Result<Box<dyn Transport>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.upgrade(stream, protection).await
    }
}

/// The error of a header.
fn wrong(text: impl Into<String>) -> ConfigError {
    ConfigError::new("headers", text.into())
}
