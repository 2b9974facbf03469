//! The accepting side: from a connected stream to a transport.
//!
//! Owns the answer to the opening handshake. It does not listen; that is the router's.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tungstenite::handshake::derive_accept_key;
use tungstenite::handshake::server::{Request, create_response};
use tungstenite::http::HeaderMap;
use tungstenite::protocol::Role;

use super::handshake::{HeadError, read_head, tokens};
use super::{DEFAULT_HANDSHAKE_TIMEOUT, Settings, WebSocketTransport};
use crate::message::Serializer;
use crate::transport::batched::Batched;
#[cfg(feature = "tls")]
use crate::transport::native::TlsServerConfig;
use crate::transport::native::liveness::AutoPing;
use crate::transport::native::protection::Protection;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::{Transport, TransportInfo};

/// What [`accept`] asks of a client.
#[derive(Clone, Debug)]
pub struct AcceptConfig {
    path: String,
    serializers: Vec<Serializer>,
    batched: bool,
    handshake_timeout: Duration,
    settings: Settings,
    #[cfg(feature = "tls")]
    tls: Option<TlsServerConfig>,
}

impl AcceptConfig {
    /// Serves `path` (`"/ws"`, as in the URL, without a query) in these serializers; the client's
    /// order decides between them.
    pub fn new(path: impl Into<String>, serializers: &[Serializer]) -> Self {
        AcceptConfig {
            path: path.into(),
            serializers: serializers.to_vec(),
            batched: false,
            handshake_timeout: DEFAULT_HANDSHAKE_TIMEOUT,
            settings: Settings::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Whether clients may ask for the subprotocols `wamp.2.<serializer>.batched`, too. Default: no.
    ///
    /// Of batched JSON both separators are read, the specification's 0x1e and Autobahn's 0x18; the
    /// answer has the one that the client wrote.
    #[must_use]
    pub fn batched(mut self, batched: bool) -> Self {
        self.batched = batched;
        self
    }

    /// The longest message in bytes, both ways. Default: 16 MiB.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_message_size = bytes;
        self
    }

    /// The longest WebSocket frame in bytes that is taken. Default: as long as a message.
    #[must_use]
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        self.settings.max_frame_size = Some(bytes);
        self
    }

    /// Sends each message that is longer than this in several frames of so many bytes; `None` or 0
    /// for one frame per message. Default: none.
    #[must_use]
    pub fn auto_fragment_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.settings.auto_fragment_size = bytes.into().and_then(NonZeroUsize::new);
        self
    }

    /// How long TLS and the opening handshake may take together. Default: 10 s.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// When to ask whether the client is alive; `None` for never. Default: [`AutoPing::default`].
    #[must_use]
    pub fn auto_ping(mut self, auto_ping: impl Into<Option<AutoPing>>) -> Self {
        self.settings.auto_ping = auto_ping.into();
        self
    }

    /// Speaks TLS first: for `wss://`. Default: no TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: impl Into<Option<TlsServerConfig>>) -> Self {
        self.tls = tls.into();
        self
    }
}

/// A client could not be accepted. It has been told why where that was possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The request cannot be served: not WebSocket, another path, no common serializer.
    #[error("refused with HTTP status {status}: {message}")]
    Refused {
        /// The HTTP status that was sent.
        status: u16,
        /// The text that was sent.
        message: String,
    },
    /// The connection ended during the handshake.
    #[error("connection lost during the handshake: {0}")]
    Lost(String),
    /// The TLS handshake failed; often the client does not trust the certificate.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The handshake took too long.
    #[error("the handshake took too long")]
    Timeout,
}

/// Answers a client's opening handshake on a connected stream, and chooses the first subprotocol
/// of the client's list that is among ours.
///
/// A client for another path gets HTTP status 404, one without a common subprotocol 400, and one
/// that does not speak WebSocket 426, each with a text for people. `peer` is the client's address,
/// as [`TransportInfo::peer`] shows it. For TCP set `TCP_NODELAY` before.
pub async fn accept<S>(
    stream: S,
    peer: impl fmt::Display,
    config: &AcceptConfig,
) -> Result<Box<dyn Transport>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let peer = peer.to_string();
    let shake_hands = async {
        #[cfg(feature = "tls")]
        if let Some(tls) = &config.tls {
            let failed = |error: std::io::Error| AcceptError::Tls(error.to_string());
            let (stream, channel_id) = tls.accept(stream).await.map_err(failed)?;
            let protection = Protection { secure: true, channel_id };
            return answer(stream, peer, protection, config).await;
        }
        answer(stream, peer, Protection::default(), config).await
    };
    match timeout(config.handshake_timeout, shake_hands).await {
        Ok(result) => result,
        Err(_) => Err(AcceptError::Timeout),
    }
}

async fn answer<S>(
    mut stream: S,
    peer: String,
    protection: Protection,
    config: &AcceptConfig,
) -> Result<Box<dyn Transport>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (request, early) = match read_head::<Request>(&mut stream).await {
        Ok(head) => head,
        Err(HeadError::Closed) => return Err(AcceptError::Lost("the client left".to_owned())),
        Err(HeadError::Io(error)) => return Err(AcceptError::Lost(error.to_string())),
        Err(HeadError::Bad(text)) => return refuse(stream, 400, text).await,
    };
    let (subprotocol, key) = match check(&request, config) {
        Ok(agreed) => agreed,
        Err((status, text)) => return refuse(stream, status, text).await,
    };
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {key}\r\nSec-WebSocket-Protocol: {}\r\n\r\n",
        subprotocol.name(),
    );
    send(&mut stream, &response).await?;
    let mut info = TransportInfo::new(subprotocol.serializer, "websocket", peer);
    protection.tell(&mut info);
    let transport = WebSocketTransport::new(stream, early, Role::Server, info, &config.settings);
    Ok(Batched::over(Box::new(transport), subprotocol.batched))
}

/// The subprotocol and the value of `Sec-WebSocket-Accept`, or the HTTP status and a text.
fn check(request: &Request, config: &AcceptConfig) -> Result<(Subprotocol, String), (u16, String)> {
    if request.uri().path() != config.path {
        return Err((404, "no WAMP router at this path".to_owned()));
    }
    if let Err(error) = create_response(request) {
        return Err((426, format!("this is a WAMP router; connect by WebSocket ({error})")));
    }
    let key = request.headers().get("Sec-WebSocket-Key").map(|key| key.as_bytes());
    Ok((choose(request.headers(), config)?, derive_accept_key(key.unwrap_or_default())))
}

fn choose(headers: &HeaderMap, config: &AcceptConfig) -> Result<Subprotocol, (u16, String)> {
    let ours = Subprotocol::list(&config.serializers, config.batched);
    tokens(headers, "Sec-WebSocket-Protocol")
        .find_map(|name| ours.iter().find(|one| one.name() == name).copied())
        .ok_or_else(|| {
            let ours: Vec<_> = ours.iter().map(|one| one.name()).collect();
            (400, format!("no common subprotocol; this router speaks {}", ours.join(", ")))
        })
}

async fn refuse<T>(
    mut stream: impl AsyncWrite + Unpin,
    status: u16,
    message: String,
) -> Result<T, AcceptError> {
    let (reason, more) = match status {
        404 => ("Not Found", ""),
        426 => ("Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
        _ => ("Bad Request", ""),
    };
    let response = format!(
        "HTTP/1.1 {status} {reason}\r\nConnection: close\r\n{more}\
         Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{message}\n",
        message.len() + 1,
    );
    // The refusal stands, whether or not the client waits for it.
    if send(&mut stream, &response).await.is_ok() {
        let _ = stream.shutdown().await;
    }
    Err(AcceptError::Refused { status, message })
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), text: &str) -> Result<(), AcceptError> {
    let lost = |error: std::io::Error| AcceptError::Lost(error.to_string());
    stream.write_all(text.as_bytes()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)
}
