//! `Acceptor`: makes a transport of an accepted stream.
//!
//! Does TLS, then the opening handshake, both within one time limit. The handshakes are in `websocket`
//! and `rawsocket`.

mod offer;

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use crate::error::AcceptError;
use crate::error::{Cause, ConfigError, RawSocketRefusal};
use crate::framing::rawsocket::MAGIC;
use crate::framing::websocket::handshake::Refusal;
use crate::message::Serializer;
use crate::net::client_left;
use crate::net::protection::Protection;
use crate::net::tls::{self, ServerTls};
use crate::settings::TlsServer;
use crate::transport::Transport;
use crate::transport::native::rawsocket::{self, Agreement, AnswerError};
use crate::transport::native::websocket::{self, Terms};
pub(crate) use crate::transport::native::websocket::{Agreed, Checked};
use crate::websocket::handshake::OnConnect;
pub use crate::websocket::server_options::ServerOptions;
use crate::websocket::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
pub(crate) use offer::Offer;

/// Makes transports of the streams of connected clients, for programs that listen themselves; others
/// use [`Router::listen`](crate::Router::listen).
///
/// ```
/// # use wampwerk::transport::{Connector, WampWebSocketClientFactory};
/// use tokio::net::TcpListener;
/// use wampwerk::Serializer;
/// use wampwerk::transport::Acceptor;
/// use wampwerk::transport::ServerOptions;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = ServerOptions::new().max_message_payload_size(1 << 20);
/// let acceptor = Acceptor::websocket("/ws", &[Serializer::Cbor, Serializer::Json]).options(options);
/// acceptor.check()?;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}/ws", listener.local_addr()?);
/// # let client = WampWebSocketClientFactory::new(&url, &[Serializer::Json])?;
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
    protocols: Protocols,
    offer: Offer,
    options: ServerOptions,
    on_connect: Option<OnConnect>,
    path: Option<String>,
    /// Made of the other fields at the first handshake, and shared by clones.
    terms: Arc<OnceLock<Terms>>,
    tls: Option<ServerTls>,
}

impl Acceptor {
    /// Accepts WebSocket at `path` (`"/ws"`, as in the URL, without a query) with these serializers; the
    /// client's order decides between them.
    ///
    /// A client for another path gets HTTP status 404, one without a common subprotocol 400, one from
    /// a page whose origin is not allowed 403, and one without WebSocket 426. A request that is not valid gets
    /// 400, another method than GET 405, a head of more than 16 KiB or 128 headers 431, and another version than
    /// HTTP/1.1 505. Each answer has a text.
    pub fn websocket(path: impl Into<String>, serializers: &[Serializer]) -> Self {
        Acceptor::new(Protocols::WebSocket, Some(path.into()), serializers)
    }

    /// Accepts RawSocket with these serializers; the client asks for one. It gets RawSocket's error 1 if
    /// that is not among them, and error 3 if it sets reserved bits. A client that does not begin with the
    /// octet 0x7F is dropped.
    pub fn raw_socket(serializers: &[Serializer]) -> Self {
        Acceptor::new(Protocols::RawSocket, None, serializers)
    }

    /// Accepts both; the first octet tells which: 0x7F begins a RawSocket and never an HTTP request.
    /// `path` is that of the WebSocket. TLS, if set, applies to both.
    pub fn universal(path: impl Into<String>, serializers: &[Serializer]) -> Self {
        Acceptor::new(Protocols::Both, Some(path.into()), serializers)
    }

    fn new(protocols: Protocols, path: Option<String>, serializers: &[Serializer]) -> Self {
        Acceptor {
            protocols,
            offer: Offer::new(serializers),
            terms: Arc::default(),
            path,
            options: ServerOptions::new(),
            on_connect: None,
            tls: None,
        }
    }

    /// For WebSocket requests that an HTTP server reads and answers, at any path.
    pub(crate) fn mounted(offer: Offer) -> Self {
        Acceptor::new(Protocols::WebSocket, None, &[]).offer(offer)
    }

    /// Sets the options for clients. Default: [`ServerOptions::new`].
    #[must_use]
    pub fn options(mut self, options: ServerOptions) -> Self {
        self.options = options;
        self.terms = Arc::default();
        self
    }

    /// WebSocket: also accepts the subprotocols `wamp.2.<serializer>.batched`. Default: false.
    ///
    /// In batched JSON both separators are read, the specification's 0x1e and Autobahn's 0x18; answers use
    /// the one of the client.
    #[must_use]
    pub fn batched(mut self, batched: bool) -> Self {
        self.offer.batched = Some(batched);
        self.terms = Arc::default();
        self
    }

    /// WebSocket: requires that a client names a subprotocol of this server. Default: true. If false, a client
    /// that names none, or only others, counts as one with `wamp.2.json` if this server has that, and none is
    /// announced to it. Autobahn's `STRICT_PROTOCOL_NEGOTIATION`.
    #[doc(alias = "STRICT_PROTOCOL_NEGOTIATION")]
    #[must_use]
    pub fn strict_negotiation(mut self, strict: bool) -> Self {
        self.offer.strict = Some(strict);
        self.terms = Arc::default();
        self
    }

    /// Calls `ask` for every WebSocket request that would be accepted otherwise. It accepts the request,
    /// with additional headers of the answer, or refuses it. Default: all are accepted. Autobahn's
    /// `onConnect`.
    ///
    /// The connection waits for the function, within the time of the handshake. A panic in it means HTTP status
    /// 500. Use it for what is outside of WAMP: tokens in the query, cookies, addresses. To identify a session,
    /// use WAMP's own authentication.
    ///
    /// ```
    /// use wampwerk::Serializer;
    /// use wampwerk::transport::Acceptor;
    /// use wampwerk::websocket::{ConnectionAccept, ConnectionDeny};
    ///
    /// let acceptor = Acceptor::websocket("/ws", &[Serializer::Json]).on_connect(|request| async move {
    ///     match request.query() {
    ///         Some("token=geheim") => Ok(ConnectionAccept::new().header("Set-Cookie", "seen=1")),
    ///         _ => Err(ConnectionDeny::new(403, "this token is not known")),
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn on_connect<F, Fut>(self, ask: F) -> Self
    where
        F: Fn(ConnectionRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ConnectionAccept, ConnectionDeny>> + Send + 'static,
    {
        self.asking(Some(OnConnect::new(ask)))
    }

    /// Sets serializers and the settings that belong to them.
    pub(crate) fn offer(mut self, offer: Offer) -> Self {
        self.offer = offer;
        self.terms = Arc::default();
        self
    }

    /// Like [`on_connect`](Self::on_connect); `None` for no function.
    pub(crate) fn asking(mut self, on_connect: Option<OnConnect>) -> Self {
        self.on_connect = on_connect;
        self.terms = Arc::default();
        self
    }

    /// Sets TLS, which comes before the handshake. Default: no TLS.
    #[must_use]
    pub fn tls(mut self, tls: impl Into<Option<TlsServer>>) -> Self {
        self.tls = tls.into().map(ServerTls::new);
        self
    }

    /// Checks that the path and the options are valid and apply to this kind of acceptor.
    ///
    /// # Errors
    /// The first setting that is not valid, or not supported.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.options.check()?;
        if let Some(path) = &self.path
            && !is_path(path)
        {
            let text = format!("{path:?}: it must be as in a URL, from its / on");
            return Err(ConfigError::new("path", text));
        }
        let on_connect = self.on_connect.as_ref().map(|_| "on_connect");
        if self.protocols == Protocols::RawSocket
            && let Some(name) = self
                .options
                .first_websocket_only()
                .or(self.offer.first_websocket_only())
                .or(on_connect)
        {
            return Err(ConfigError::new(name, "not supported by RawSocket"));
        }
        self.check_tls()
    }

    /// Reads the files of the TLS settings, unless that has been done.
    pub(crate) fn check_tls(&self) -> Result<(), ConfigError> {
        if let Some(tls) = &self.tls {
            tls.check().map_err(|error| error.within("tls"))?;
        }
        Ok(())
    }

    /// Answers a client's opening handshake on a connected stream. `peer` is the client's address, as
    /// [`TransportInfo::peer`](crate::transport::TransportInfo::peer) shows it. For TCP set
    /// `TCP_NODELAY` before.
    ///
    /// # Errors
    /// See [`AcceptError`]. The client was told the reason where that was possible.
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

    /// Checks a request that an HTTP server has read.
    pub(crate) fn check_request<B>(&self, request: &http::Request<B>) -> Result<Checked, Refusal> {
        self.terms().check(request, None)
    }

    /// Asks the application about a request that was checked.
    pub(crate) async fn ask(&self, checked: Checked) -> Result<Agreed, Refusal> {
        self.terms().ask(checked).await
    }

    /// Returns the answer that refuses a request.
    pub(crate) fn refusal(&self, refusal: &Refusal) -> http::Response<String> {
        self.terms().refusal(refusal)
    }

    /// Creates the transport over the stream of a request that was [accepted](Self::ask) and answered.
    pub(crate) fn open<S>(
        &self,
        stream: S,
        peer: impl fmt::Display,
        secure: bool,
        agreed: &Agreed,
    ) -> Box<dyn Transport>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let protection = Protection { secure, channel_id: None };
        let settings = self.options.websocket();
        websocket::open(stream, Vec::new(), peer, protection, agreed, &settings)
    }

    /// Tells a client that there are too many connections.
    pub(crate) async fn refuse_excess<S>(
        &self,
        stream: S,
        peer: impl fmt::Display,
    ) -> Result<Box<dyn Transport>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.within_time(stream, peer, false).await
    }

    fn terms(&self) -> &Terms {
        self.terms.get_or_init(|| Terms {
            path: self.path.clone(),
            subprotocols: self.offer.subprotocols(),
            strict: self.offer.is_strict(),
            handshake: self.options.handshake(self.on_connect.clone()),
        })
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
        self.check_tls().map_err(|error| AcceptError::Settings(Cause::new(error)))?;
        let deadline = Instant::now() + self.options.handshake_time();
        let Some(tls) = &self.tls else {
            return self.answer(stream, peer, Protection::default(), room, deadline).await;
        };
        let (stream, channel_id) = timeout_at(deadline, tls.accept(stream))
            .await
            .map_err(|_| AcceptError::Timeout)?
            .map_err(|error| AcceptError::Tls(tls::cause(error)))?;
        let protection = Protection { secure: true, channel_id };
        self.answer(stream, peer, protection, room, deadline).await
    }

    async fn answer<S>(
        &self,
        mut stream: S,
        peer: String,
        protection: Protection,
        room: bool,
        deadline: Instant,
    ) -> Result<Box<dyn Transport>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let too_long = |_| AcceptError::Timeout;
        let early = match self.protocols {
            Protocols::Both => {
                timeout_at(deadline, first_octet(&mut stream)).await.map_err(too_long)??
            }
            Protocols::WebSocket | Protocols::RawSocket => Vec::new(),
        };
        let raw_socket = match self.protocols {
            Protocols::Both => early.first() == Some(&MAGIC),
            protocols => protocols == Protocols::RawSocket,
        };
        if raw_socket {
            let agreement = timeout_at(deadline, self.agree(&mut stream, early, room));
            let agreement = agreement.await.map_err(too_long)??;
            let times = self.options.raw_socket();
            let transport = rawsocket::transport(stream, agreement, peer, protection, times);
            return Ok(Box::new(transport));
        }
        let (stream, early, agreed) =
            websocket::answer(stream, &early, self.terms(), &peer, room, deadline).await?;
        let settings = self.options.websocket();
        Ok(websocket::open(stream, early, peer, protection, &agreed, &settings))
    }

    async fn agree<S>(
        &self,
        stream: &mut S,
        early: Vec<u8>,
        room: bool,
    ) -> Result<Agreement, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if !room {
            let refusal = RawSocketRefusal::TooManyConnections;
            return Err(rawsocket::refuse(stream, refusal).await.into());
        }
        let size = self.options.message_size();
        Ok(rawsocket::answer(stream, early, &self.offer.serializers, size).await?)
    }
}

/// The protocols that clients may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocols {
    WebSocket,
    RawSocket,
    Both,
}

/// Reads the first octet, which tells the protocol; more may come with it.
async fn first_octet(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, AcceptError> {
    let mut early = Vec::with_capacity(1024);
    match stream.read_buf(&mut early).await {
        Ok(0) => Err(AcceptError::Lost(client_left().into())),
        Ok(_) => Ok(early),
        Err(error) => Err(AcceptError::Lost(error.into())),
    }
}

/// Returns whether this is a valid path of a request.
fn is_path(path: &str) -> bool {
    let other = |char: char| !char.is_ascii_graphic() || char == '?' || char == '#';
    path.starts_with('/') && !path.contains(other)
}

impl From<AnswerError> for AcceptError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Lost(cause) => AcceptError::Lost(cause),
            AnswerError::Bad(error) => AcceptError::NotRawSocket(error.to_string()),
            AnswerError::Refused(refusal) => AcceptError::RawSocketRefused { refusal },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_no_request_can_have_is_refused() {
        for path in ["", "ws", "/ws?a=b", "/ws#a", "/a b", "*"] {
            for acceptor in [Acceptor::websocket(path, &[]), Acceptor::universal(path, &[])] {
                let error = acceptor.check().map_err(|error| error.to_string());
                let named = error.as_ref().is_err_and(|it| it.contains(&format!("path: {path:?}")));
                assert!(named, "{path}: {error:?}");
            }
        }
        for path in ["/", "/ws", "/a%20b/c.d"] {
            assert!(Acceptor::websocket(path, &[]).check().is_ok(), "{path}");
        }
    }
}
