//! The client: makes a transport of a URL.
//!
//! Contains the client's settings and its half of the opening handshake.

use std::fmt::{self, Write};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tungstenite::handshake::client::{Response, generate_key};
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::HeaderMap;

use super::framing::transport;
use crate::error::{Cause, ConfigError, ConnectError, HttpRefusal};
use crate::framing::websocket::Role;
use crate::message::Serializer;
use crate::net::dial::{Dialer, Handshake};
use crate::net::is_end;
use crate::net::protection::Protection;
use crate::rt::BoxFuture;
use crate::transport::batched::Batched;
use crate::transport::native::settings::route_settings;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::{Connector, Transport, TransportConfig, of_url};
use crate::url::WebSocketUrl;
use crate::websocket::handshake::{HeadError, read_head, tokens};
use crate::websocket::settings::Settings;

/// Maximum length of the text of a refusal that an error repeats.
const MAX_REFUSAL_TEXT: usize = 200;

/// A connector that uses WebSocket, created from the settings.
#[derive(Clone, Debug)]
pub(crate) struct WebSocketClient {
    url: WebSocketUrl,
    dial: Dialer,
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

impl WebSocketClient {
    /// Reads what the settings name and checks what is WebSocket's own; the rest has been checked.
    /// Errors have the path of the key.
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, ConfigError> {
        let url = WebSocketUrl::parse(&config.url).map_err(of_url)?;
        let headers = config.headers.iter().map(|(name, value)| {
            Header::new(name, value)
                .map_err(|text| ConfigError::new(format!("headers.{}", name.escape_debug()), text))
        });
        Ok(WebSocketClient {
            dial: Dialer::new(&url, &route_settings(config))?,
            headers: headers.collect::<Result<_, _>>()?,
            url,
            serializers: config.offered().to_vec(),
            batched: config.batched,
            settings: Settings::of(&config.options),
        })
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

    /// Checks the response as RFC 6455, section 4.1, requires of a client.
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
            return Err(self.refused("the server's answer does not match the request", None));
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

    /// `answer` is the received part of the answer.
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
                        // The text before it names a part of the parser.
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

    /// Returns the server's choice, which must be an offered one (spec: "WebSocket Transport").
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

impl Header {
    /// Refuses what HTTP does not allow, and the headers of the handshake itself.
    fn new(name: &str, value: &str) -> Result<Self, String> {
        let lower = name.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(format!("{name:?} is not the name of a header"));
        }
        let own = ["host", "connection", "upgrade", "content-length", "transfer-encoding"];
        if own.contains(&lower.as_str()) || lower.starts_with("sec-websocket-") {
            return Err(format!("the header {name} belongs to the handshake"));
        }
        if value.chars().any(char::is_control) {
            return Err(format!("the value of the header {name} has control characters"));
        }
        Ok(Header { name: name.to_owned(), value: value.to_owned() })
    }
}

impl Connector for WebSocketClient {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(self.dial.open(self))
    }
}

impl Handshake for WebSocketClient {
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
