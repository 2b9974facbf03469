//! The client: from a URL to a transport.
//!
//! Owns the client's settings and its half of the opening handshake.

use std::fmt::Write;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tungstenite::handshake::client::{Response, generate_key};
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::HeaderMap;
use tungstenite::protocol::Role;

use super::handshake::{HeadError, read_head, tokens};
use super::{AutoPing, DEFAULT_HANDSHAKE_TIMEOUT, DEFAULT_MAX_MESSAGE_SIZE, WebSocketTransport};
use crate::error::ConnectError;
use crate::message::Serializer;
use crate::rt::BoxFuture;
use crate::transport::batched::Batched;
#[cfg(feature = "tls")]
use crate::transport::native::TlsConfig;
use crate::transport::native::tcp;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::url::WebSocketUrl;
use crate::transport::{Connector, Transport, TransportInfo};

/// Per address of the name, and for looking the name up.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of the text of a refusal an error repeats.
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
    serializers: Vec<Serializer>,
    batched: bool,
    headers: Vec<(String, String)>,
    connect_timeout: Duration,
    handshake_timeout: Duration,
    max_message_size: usize,
    auto_ping: Option<AutoPing>,
    #[cfg(feature = "tls")]
    tls: TlsConfig,
}

impl WampWebSocketClientFactory {
    /// Connects to `url` (`ws://…` or `wss://…`), offering `serializers` in the order of preference;
    /// the server chooses.
    ///
    /// Fails with [`ConnectError::InvalidUrl`], and with [`ConnectError::InvalidConfig`] when there
    /// is no serializer, or when the URL needs TLS and the crate is built without its feature `tls`.
    pub fn new(url: &str, serializers: &[Serializer]) -> Result<Self, ConnectError> {
        let url = WebSocketUrl::parse(url)?;
        if url.secure && !cfg!(feature = "tls") {
            return Err(config("wss:// needs the feature `tls` of the crate wampwerk"));
        }
        if serializers.is_empty() {
            return Err(config("a WebSocket client needs at least one serializer"));
        }
        Ok(WampWebSocketClientFactory {
            url,
            serializers: serializers.to_vec(),
            batched: false,
            headers: Vec::new(),
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            handshake_timeout: DEFAULT_HANDSHAKE_TIMEOUT,
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            auto_ping: Some(AutoPing::default()),
            #[cfg(feature = "tls")]
            tls: TlsConfig::new(),
        })
    }

    /// Whether to offer the subprotocols `wamp.2.<serializer>.batched`, too, each before the one
    /// without. Default: no.
    ///
    /// What is sent between two flushes then goes as one WebSocket message. Batches of MessagePack
    /// and CBOR are the same everywhere; in JSON, Autobahn and Crossbar separate messages by another
    /// octet than the specification has, which is 0x18 for 0x1e. We begin with 0x18 and go on with
    /// what the server writes; a server that reads 0x1e only must not be offered batched JSON.
    #[must_use]
    pub fn batched(mut self, batched: bool) -> Self {
        self.batched = batched;
        self
    }

    /// How long TCP may take: to look up the name, and then for each of its addresses.
    /// Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long TLS and the opening handshake may take together. Default: 10 s.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// The longest message in bytes, both ways. Default: 16 MiB.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// When to ask whether the server is alive; `None` for never. Default: [`AutoPing::default`].
    #[must_use]
    pub fn auto_ping(mut self, auto_ping: impl Into<Option<AutoPing>>) -> Self {
        self.auto_ping = auto_ping.into();
        self
    }

    /// Whom to trust when the URL is `wss://`. Default: whom the platform trusts.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = tls;
        self
    }

    /// Adds a header to the HTTP request, as for a proxy or a cookie.
    ///
    /// Fails with [`ConnectError::InvalidConfig`] for what HTTP does not allow, and for the headers
    /// of the handshake itself.
    pub fn header(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, ConnectError> {
        let (name, value) = (name.into(), value.into());
        let lower = name.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(config(format!("{name:?} is not the name of a header")));
        }
        let own = ["host", "connection", "upgrade", "content-length", "transfer-encoding"];
        if own.contains(&lower.as_str()) || lower.starts_with("sec-websocket-") {
            return Err(config(format!("the header {name} belongs to the handshake")));
        }
        if value.chars().any(char::is_control) {
            return Err(config(format!("the value of the header {name} has control characters")));
        }
        self.headers.push((name, value));
        Ok(self)
    }

    async fn open(&self) -> Result<Box<dyn Transport>, ConnectError> {
        let stream = tcp::connect(&self.url, self.connect_timeout).await?;
        let shake_hands = async {
            #[cfg(feature = "tls")]
            if self.url.secure {
                let stream = self.tls.connect(&self.url.host, stream).await?;
                return self.upgrade(stream).await;
            }
            self.upgrade(stream).await
        };
        match timeout(self.handshake_timeout, shake_hands).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::Timeout("the opening handshake")),
        }
    }

    async fn upgrade<S>(&self, mut stream: S) -> Result<Box<dyn Transport>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let key = generate_key();
        let io = |error: std::io::Error| ConnectError::Io {
            address: format!("{}:{}", self.url.host, self.url.port),
            message: error.to_string(),
        };
        stream.write_all(self.request(&key).as_bytes()).await.map_err(io)?;
        stream.flush().await.map_err(io)?;
        let (response, early) =
            read_head::<Response>(&mut stream).await.map_err(|error| match error {
                HeadError::Io(error) => io(error),
                HeadError::Closed => handshake("the server closed the connection"),
                HeadError::Bad(text) => handshake(format!("this is no WebSocket server: {text}")),
            })?;
        check(&response, &early, &key)?;
        let Subprotocol { serializer, batched } = self.chosen(response.headers())?;
        let mut info = TransportInfo::new(serializer, "websocket", self.url.authority());
        info.max_send = self.max_message_size;
        let ping = self.auto_ping;
        let transport = WebSocketTransport::new(stream, early, Role::Client, info, ping);
        Ok(Batched::over(Box::new(transport), batched))
    }

    fn request(&self, key: &str) -> String {
        let mut request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {}\r\n",
            self.url.target(),
            self.url.authority(),
            self.offered().map(Subprotocol::name).collect::<Vec<_>>().join(", "),
        );
        for (name, value) in &self.headers {
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
        Box::pin(self.open())
    }
}

/// RFC 6455, section 4.1: what the client checks of the response.
fn check(response: &Response, body: &[u8], key: &str) -> Result<(), ConnectError> {
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
        return Err(handshake(text));
    }
    let headers = response.headers();
    let has = |name: &str, token: &str| {
        tokens(headers, name).any(|value| value.eq_ignore_ascii_case(token))
    };
    if !has("Upgrade", "websocket") || !has("Connection", "upgrade") {
        return Err(handshake("the server switches to another protocol"));
    }
    let accept = headers.get("Sec-WebSocket-Accept").map(|value| value.as_bytes());
    if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(handshake("the server's answer is not to our request"));
    }
    if tokens(headers, "Sec-WebSocket-Extensions").next().is_some() {
        return Err(handshake("the server uses an extension that was not offered"));
    }
    Ok(())
}

fn config(text: impl Into<String>) -> ConnectError {
    ConnectError::InvalidConfig(text.into())
}

fn handshake(text: impl Into<String>) -> ConnectError {
    ConnectError::Handshake(text.into())
}
