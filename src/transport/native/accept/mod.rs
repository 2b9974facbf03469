//! `Acceptor`: from a connected stream to a transport, on the side that others connect to.
//!
//! Owns the order of things: TLS, then the opening handshake, all within one limit of time. The
//! handshakes are those of `websocket` and `rawsocket`; listening is `server`'s matter.

mod error;
mod options;
mod origins;

use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

pub use self::error::AcceptError;
pub use self::options::ServerOptions;
pub(super) use self::origins::Origins;
use crate::error::ConnectError;
use crate::message::Serializer;
use crate::transport::Transport;
#[cfg(feature = "tls")]
use crate::transport::native::TlsServerConfig;
use crate::transport::native::protection::Protection;
use crate::transport::native::websocket::{self, Terms};

use crate::transport::subprotocol::Subprotocol;

/// Makes transports of the streams of clients that have connected: what a server does after
/// `accept`. For those who listen themselves; others have [`Router::listen`](crate::Router::listen).
///
/// ```
/// # use wampwerk::transport::{Connector, WampWebSocketClientFactory};
/// use tokio::net::TcpListener;
/// use wampwerk::Serializer;
/// use wampwerk::transport::{Acceptor, ServerOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = ServerOptions::new().max_message_size(1 << 20);
/// let acceptor = Acceptor::websocket("/ws", &[Serializer::Cbor, Serializer::Json]).options(options);
/// acceptor.check()?;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}/ws", listener.local_addr()?);
/// # let client = WampWebSocketClientFactory::new(url, &[Serializer::Json])?;
/// # let client = tokio::spawn(async move { client.connect().await });
/// let (stream, peer) = listener.accept().await?;
/// stream.set_nodelay(true)?;
/// let transport = acceptor.accept(stream, peer).await?;
/// assert_eq!(transport.info().serializer, Serializer::Json);
/// # client.await??;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Acceptor {
    serializers: Vec<Serializer>,
    options: ServerOptions,
    /// Made of the others.
    terms: Arc<Terms>,
    #[cfg(feature = "tls")]
    tls: Option<TlsServerConfig>,
}

impl Acceptor {
    /// For WebSocket at `path` (`"/ws"`, as in the URL, without a query) in these serializers; the
    /// client's order decides between them.
    ///
    /// A client for another path gets HTTP status 404, one without a common subprotocol 400, one from
    /// a page that may not connect 403, and one that does not speak WebSocket 426, each with a text
    /// for people.
    pub fn websocket(path: impl Into<String>, serializers: &[Serializer]) -> Self {
        let options = ServerOptions::new();
        Acceptor {
            serializers: serializers.to_vec(),
            terms: Arc::new(terms(Some(path.into()), serializers, &options)),
            options,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// What is asked of clients, and granted them. Default: [`ServerOptions::new`].
    #[must_use]
    pub fn options(mut self, options: ServerOptions) -> Self {
        self.terms = Arc::new(terms(self.terms.path.clone(), &self.serializers, &options));
        self.options = options;
        self
    }

    /// Speaks TLS first: for `wss://`. Default: no TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: impl Into<Option<TlsServerConfig>>) -> Self {
        self.tls = tls.into();
        self
    }

    /// That the options can be used, and are those of its kind.
    ///
    /// # Errors
    /// [`ConnectError::InvalidConfig`] naming the first that cannot, or is not.
    pub fn check(&self) -> Result<(), ConnectError> {
        self.options.check()
    }

    /// Answers a client's opening handshake on a connected stream. `peer` is the client's address, as
    /// [`TransportInfo::peer`](crate::transport::TransportInfo::peer) shows it. For TCP set
    /// `TCP_NODELAY` before.
    ///
    /// # Errors
    /// See [`AcceptError`]. The client has been told why where that was possible.
    pub async fn accept<S>(
        &self,
        stream: S,
        peer: impl fmt::Display,
    ) -> Result<Box<dyn Transport>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.within_time(stream, peer, true).await
    }

    /// Tells a client that there are too many connections.
    pub(crate) async fn turn_away<S>(
        &self,
        stream: S,
        peer: impl fmt::Display,
    ) -> Result<Box<dyn Transport>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.within_time(stream, peer, false).await
    }

    async fn within_time<S>(
        &self,
        stream: S,
        peer: impl fmt::Display,
        room: bool,
    ) -> Result<Box<dyn Transport>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let peer = peer.to_string();
        let shake_hands = async {
            #[cfg(feature = "tls")]
            if let Some(tls) = &self.tls {
                let failed = |error: std::io::Error| AcceptError::Tls(error.to_string());
                let (stream, channel_id) = tls.accept(stream).await.map_err(failed)?;
                let protection = Protection { secure: true, channel_id };
                return self.answer(stream, peer, protection, room).await;
            }
            self.answer(stream, peer, Protection::default(), room).await
        };
        match timeout(self.options.handshake_time(), shake_hands).await {
            Ok(result) => result,
            Err(_) => Err(AcceptError::Timeout),
        }
    }

    async fn answer<S>(
        &self,
        stream: S,
        peer: String,
        protection: Protection,
        room: bool,
    ) -> Result<Box<dyn Transport>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (stream, early, agreed) =
            websocket::answer(stream, Vec::new(), &self.terms, room).await?;
        Ok(websocket::open(stream, early, peer, protection, &agreed, &self.options.websocket()))
    }
}

fn terms(path: Option<String>, serializers: &[Serializer], options: &ServerOptions) -> Terms {
    Terms {
        path,
        subprotocols: Subprotocol::list(serializers, options.takes_batches()),
        strict: options.is_strict(),
        origins: options.origins(),
    }
}
