//! `WebSocketServerFactory` and `listen`: a server's settings, its listeners, and the requests that come.

use std::fmt;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout_at;

use super::client::Mode;
use super::handshake::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
use super::server_options::ServerOptions;
use super::server_protocol::{WebSocketServerProtocol, serve};
use super::serving::{Asked, Open, Server, TOO_LATE, settings_error};
use super::socket::WebSocket;
use crate::error::{AcceptError, Cause, ConfigError, ListenError, UrlError};
use crate::framing::websocket::deflate;
use crate::net::listen::accept_loop::{self, Accept};
use crate::net::listen::listener::Listener;
use crate::net::listen::socket::Socket;
use crate::net::tls::{self, ServerTls};
use crate::rt::{self, BoxFuture};
use crate::settings::TlsServer;
use crate::url::{NO_TLS, WebSocketUrl, shown};

/// Number of requests that wait until the program takes them. Further clients wait as long as the handshake
/// may take.
const REQUESTS: usize = 16;

/// Listens for WebSockets at a URL. Settings may follow; `.await` opens the socket.
///
/// ```
/// use wampwerk::websocket;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut requests = websocket::listen("ws://127.0.0.1:0/chat").protocols(["chat"]).await?;
/// let url = requests.url().to_owned();
/// # tokio::spawn(async move {
/// #     let socket = websocket::connect(url).protocols(["chat"]).await.unwrap();
/// #     socket.send("hello").await.unwrap();
/// #     socket.closed().await;
/// # });
/// // while let Some(request) = …
/// if let Some(request) = requests.next().await {
///     println!("{:?} asks for {}", request.request().peer(), request.request().path());
///     let mut socket = request.accept().await?;
///     let message = socket.next().await;
///     socket.close(1000, "thank you").await?;
/// }
/// # Ok(()) }
/// ```
#[doc(alias = "listenWS")]
pub fn listen(url: impl Into<String>) -> WebSocketServerFactory {
    WebSocketServerFactory::new(url)
}

/// Settings of a WebSocket server, and its connections. Clones are one server.
#[doc(alias = "setSessionParameters")]
#[derive(Clone)]
#[must_use = "nothing is listened on before `listen` or `.await`"]
pub struct WebSocketServerFactory {
    url: String,
    protocols: Vec<String>,
    pub(super) options: ServerOptions,
    tls: Option<TlsServer>,
    open: Arc<Open>,
    /// State of [`accept`](Self::accept), made of these settings at its first use.
    accepting: Arc<OnceLock<Arc<Server>>>,
}

/// The requests of clients, and the listener that they come from. Made by [`listen`](fn@listen). Dropping it
/// stops listening; connections stay.
///
/// It is also a [`Stream`].
pub struct IncomingRequests {
    /// Present until it is closed.
    listener: Option<Listener>,
    requests: mpsc::Receiver<IncomingRequest>,
}

/// A request of a client, which waits for an answer: [`accept`](Self::accept) or [`deny`](Self::deny). If it
/// is dropped, the connection is dropped.
#[must_use = "the client waits for an answer"]
pub struct IncomingRequest(Asked);

impl WebSocketServerFactory {
    /// Creates the server of a URL: `ws://host:port[/path]`, the same with `wss://`, or
    /// `ws://unix:/file[:/path]`. With port 0 the system chooses a free one. Clients that ask for another path
    /// get HTTP status 404; without a path, all are accepted.
    pub fn new(url: impl Into<String>) -> Self {
        WebSocketServerFactory {
            url: url.into(),
            protocols: Vec::new(),
            options: ServerOptions::new(),
            tls: None,
            open: Open::new(),
            accepting: Arc::default(),
        }
    }

    /// Subprotocols of the server; the client's order decides between them. A client without a common one
    /// is accepted without a subprotocol. Default: none.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self.accepting = Arc::default();
        self
    }

    /// Options for clients: sizes, times, pings, origins, compression, number of connections.
    #[doc(alias("setProtocolOptions", "resetProtocolOptions"))]
    pub fn options(mut self, options: ServerOptions) -> Self {
        self.options = options;
        self.accepting = Arc::default();
        self
    }

    /// Certificate, for `wss://` and required there. Its files are read when listening begins, or by the first
    /// [`accept`](Self::accept).
    pub fn tls(mut self, tls: impl Into<Option<TlsServer>>) -> Self {
        self.tls = tls.into();
        self.accepting = Arc::default();
        self
    }

    /// Checks all settings without listening.
    ///
    /// # Errors
    /// [`ListenError::InvalidUrl`], or [`ListenError::InvalidConfig`] with the name of a setting that is not valid.
    pub fn check(&self) -> Result<(), ListenError> {
        self.server().map(drop)
    }

    /// Listens. A factory can listen several times.
    ///
    /// # Errors
    /// [`ListenError::InvalidUrl`], [`ListenError::InvalidConfig`] with the name of a setting that is not
    /// valid, [`ListenError::Io`] if the address is not available, [`ListenError::Closed`] after
    /// [`shutdown`](Self::shutdown).
    pub async fn listen(&self) -> Result<IncomingRequests, ListenError> {
        let (sender, requests) = mpsc::channel(REQUESTS);
        let listener = self.start(Receive::Stream(sender)).await?;
        Ok(IncomingRequests { listener: Some(listener), requests })
    }

    /// Listens, and serves each client by a protocol that `make` makes.
    ///
    /// # Errors
    /// [`ListenError::InvalidUrl`], [`ListenError::InvalidConfig`] with the name of a setting that is not
    /// valid, [`ListenError::Io`] if the address is not available, [`ListenError::Closed`] after
    /// [`shutdown`](Self::shutdown).
    pub async fn listen_protocol<F, P>(&self, make: F) -> Result<Listener, ListenError>
    where
        F: Fn() -> P + Send + Sync + 'static,
        P: WebSocketServerProtocol,
    {
        let serve = move |asked| -> BoxFuture<'static, ()> { Box::pin(serve(asked, make())) };
        self.start(Receive::Protocol(Arc::new(serve))).await
    }

    /// Reads the request of a client from a connected stream, for programs that listen themselves. The
    /// caller limits the number of such streams. For TCP set `TCP_NODELAY` before.
    ///
    /// # Errors
    /// See [`AcceptError`]. The client was told the reason where that was possible.
    pub async fn accept<S>(
        &self,
        stream: S,
        peer: impl fmt::Display,
    ) -> Result<IncomingRequest, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let server = self.accepting().map_err(|error| match error {
            ListenError::InvalidConfig(error) => settings_error(error),
            ListenError::InvalidUrl(error) => AcceptError::Settings(Cause::new(error)),
            error => AcceptError::Settings(Cause::new(error)),
        })?;
        let asked = server.receive(stream, &peer.to_string(), None, true).await?;
        Ok(IncomingRequest(asked))
    }

    /// Returns the number of open connections.
    #[doc(alias = "getConnectionCount")]
    pub fn connection_count(&self) -> usize {
        self.open.count()
    }

    /// Ends all listeners and connections of this server, with close code 1001. Returns when they are gone.
    pub async fn shutdown(&self) {
        self.open.shut_down(self.options.websocket().close_timeout).await;
    }

    fn accepting(&self) -> Result<&Arc<Server>, ListenError> {
        if let Some(server) = self.accepting.get() {
            return Ok(server);
        }
        let server = Arc::new(self.server()?.0);
        Ok(self.accepting.get_or_init(|| server))
    }

    fn server(&self) -> Result<(Server, WebSocketUrl), ListenError> {
        let wrong = |message: &str| UrlError::new(shown(&self.url), message);
        let url = WebSocketUrl::parse_listen(&self.url)?;
        if url.query.is_some() {
            return Err(wrong("the URL to listen on has no query (?)").into());
        }
        if let (true, Some(text)) = (url.secure, tls::MISSING) {
            return Err(wrong(text).into());
        }
        match (url.secure, &self.tls) {
            (_, Some(_)) if url.unix.is_some() => return Err(wrong(NO_TLS).into()),
            (true, None) => return Err(wrong("it needs a certificate: see `tls`").into()),
            (false, Some(_)) => return Err(wrong("TLS is for wss://").into()),
            _ => {}
        }
        let has_path = self.url.split("://").nth(1).is_some_and(|rest| match &url.unix {
            Some(file) => rest.len() > "unix:".len() + file.len(),
            None => rest.contains('/'),
        });
        let path = has_path.then(|| url.path.clone());
        Ok((self.serving(path, self.tls.clone().map(ServerTls::new))?, url))
    }

    /// Checks the settings beside the URL.
    pub(super) fn serving(
        &self,
        path: Option<String>,
        tls: Option<ServerTls>,
    ) -> Result<Server, ConfigError> {
        self.options.check()?;
        if self.options.compresses()
            && let Some(text) = deflate::MISSING
        {
            return Err(ConfigError::new("per_message_deflate", text));
        }
        crate::framing::websocket::handshake::check_protocols(&self.protocols)?;
        if let Some(tls) = &tls {
            tls.check().map_err(|error| error.within("tls"))?;
        }
        Ok(Server {
            path,
            protocols: self.protocols.clone(),
            terms: self.options.handshake(None),
            options: self.options.clone(),
            tls,
            open: Open::part_of(Some(&self.open)),
        })
    }

    async fn start(&self, receive: Receive) -> Result<Listener, ListenError> {
        if self.open.is_down() {
            return Err(ListenError::Closed);
        }
        let (server, mut url) = self.server()?;
        let (socket, local_addr) = match &url.unix {
            Some(path) => (Socket::unix(path, self.options.mode()).await?, None),
            None => {
                let (socket, address) = Socket::tcp(&url.host, url.port).await?;
                url.port = address.port();
                (socket, Some(address))
            }
        };
        let url = url.to_string();
        tracing::info!(%url, "listening");
        let server = Arc::new(server);
        let gone = server.open.gone.subscribe();
        let accepting = Accepting { server, receive };
        let control = accept_loop::start(socket, accepting, self.options.connections());
        Ok(Listener { url, raw_socket_url: None, local_addr, control, gone })
    }
}

impl IncomingRequests {
    /// Waits for the next request; `None` after the end of the listener.
    #[allow(clippy::should_implement_trait, reason = "the name that streams have")]
    pub async fn next(&mut self) -> Option<IncomingRequest> {
        self.requests.recv().await
    }

    /// Returns the URL to connect to, with the actual port.
    pub fn url(&self) -> &str {
        self.listener.as_ref().map_or("", Listener::url)
    }

    /// Returns the address of the socket; `None` for a unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listener.as_ref().and_then(Listener::local_addr)
    }

    /// Stops listening, and returns when the port is free. Connections stay.
    pub async fn close(mut self) {
        if let Some(listener) = self.listener.take() {
            listener.close().await;
        }
    }
}

impl IncomingRequest {
    /// Returns the request.
    pub fn request(&self) -> &ConnectionRequest {
        &self.0.request
    }

    /// Opens the connection. The subprotocol is the first of the client's that the server has.
    ///
    /// # Errors
    /// See [`AcceptError`]: the client may be gone.
    pub async fn accept(self) -> Result<WebSocket, AcceptError> {
        self.accept_with(ConnectionAccept::new()).await
    }

    /// Opens the connection, with a subprotocol and headers.
    ///
    /// # Errors
    /// [`AcceptError`] if the client is gone, or if the subprotocol was not offered or a header cannot be sent:
    /// then the client gets HTTP status 500.
    pub async fn accept_with(self, accept: ConnectionAccept) -> Result<WebSocket, AcceptError> {
        self.0.accept(accept, Mode::default()).await
    }

    /// Refuses the client with an HTTP status.
    pub async fn deny(self, deny: ConnectionDeny) {
        self.0.deny(deny).await;
    }
}

/// Receiver of the requests.
enum Receive {
    Stream(mpsc::Sender<IncomingRequest>),
    Protocol(Arc<dyn Fn(Asked) -> BoxFuture<'static, ()> + Send + Sync>),
}

struct Accepting {
    server: Arc<Server>,
    receive: Receive,
}

impl Accept for Accepting {
    type Guard = ();

    async fn accept<T>(&self, stream: T, peer: &str, permit: OwnedSemaphorePermit)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let asked = match self.server.receive(stream, peer, Some(permit), true).await {
            Ok(asked) => asked,
            Err(error) => return tracing::debug!(peer, %error, "connection refused"),
        };
        match &self.receive {
            // A task of its own: the listener may end before.
            Receive::Protocol(serve) => rt::spawn(serve(asked)),
            Receive::Stream(requests) => {
                match timeout_at(asked.deadline, requests.reserve()).await {
                    Ok(Ok(room)) => room.send(IncomingRequest(asked)),
                    Ok(Err(_)) => asked.dismiss().await,
                    Err(_) => asked.deny(ConnectionDeny::new(503, TOO_LATE)).await,
                }
            }
        }
    }

    async fn refuse_excess<T>(&self, stream: T, peer: &str)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        // The refusal stands, whether or not the client reads it.
        let _ = self.server.receive(stream, peer, None, false).await;
    }

    fn dismiss(&self) {
        self.server.open.dismiss();
    }

    async fn wait_shutdown(&self) {
        self.server.open.wait_down().await;
    }

    fn guard(&self) {}
}

impl IntoFuture for WebSocketServerFactory {
    type Output = Result<IncomingRequests, ListenError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.listen().await })
    }
}

impl Drop for IncomingRequests {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.stop();
        }
    }
}

impl Stream for IncomingRequests {
    type Item = IncomingRequest;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<IncomingRequest>> {
        self.requests.poll_recv(cx)
    }
}

impl fmt::Debug for WebSocketServerFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WebSocketServerFactory");
        debug.field("url", &shown(&self.url)).field("protocols", &self.protocols);
        debug.field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for IncomingRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingRequests").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl fmt::Debug for IncomingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IncomingRequest").field(self.request()).finish()
    }
}
