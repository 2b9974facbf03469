//! `Mount`: a WebSocket server within an HTTP server.
//!
//! The HTTP server reads requests, writes responses, and hands the streams over; the types are those of the crate
//! `http`. What the streams carry is behind [`Mounted`].

use std::fmt;
use std::sync::Arc;

use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};

use super::handshake::{ConnectionAccept, ConnectionDeny, ConnectionRequest, OnConnect};
use super::serving::BoxIo;
use crate::framing::websocket::handshake::Refusal;
use crate::rt::BoxFuture;

/// A WebSocket server as a part of an HTTP server: hyper, axum, or any other that gives its requests as
/// [`http::Request`] and can hand the connection over. Cheap to clone. Made by
/// [`WebSocketServerFactory::mount`](crate::websocket::WebSocketServerFactory::mount), and by servers of protocols
/// above WebSocket.
///
/// With axum and the crates `hyper` and `hyper-util`, an echo server beside a page:
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::body::Body;
/// use axum::extract::{ConnectInfo, Request, State};
/// use axum::response::{IntoResponse, Response};
/// use axum::routing::{any, get};
/// use hyper_util::rt::TokioIo;
/// use wampwerk::websocket::{self, Mount, WebSocketServerFactory};
///
/// async fn echo(
///     State(mount): State<Mount>,
///     ConnectInfo(peer): ConnectInfo<SocketAddr>,
///     mut request: Request,
/// ) -> Response {
///     let (response, upgrade) = match mount.upgrade(&request).await {
///         Ok(agreed) => agreed,
///         Err(refusal) => return refusal.into_response(),
///     };
///     let connection = hyper::upgrade::on(&mut request);
///     tokio::spawn(async move {
///         if let Ok(stream) = connection.await {
///             upgrade.serve(TokioIo::new(stream), peer);
///         }
///     });
///     response.map(|()| Body::empty())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mount = WebSocketServerFactory::new("ws://localhost/").mount(|mut socket| async move {
///     while let Some(Ok(message)) = socket.next().await {
///         let _ = socket.send(message).await;
///     }
/// })?;
/// let app = axum::Router::new()
///     .route("/", get(|| async { "a page" }))
///     .route("/ws", any(echo))
///     .with_state(mount);
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("ws://{}/ws", listener.local_addr()?);
/// let app = app.into_make_service_with_connect_info::<SocketAddr>();
/// tokio::spawn(async move { axum::serve(listener, app).await });
///
/// let mut socket = websocket::connect(&url).await?;
/// socket.send("hello").await?;
/// assert_eq!(socket.next().await.transpose()?, Some("hello".into()));
/// # Ok(()) }
/// ```
///
/// The HTTP server should set `TCP_NODELAY`: with axum by
/// `axum::serve(listener.tap_io(|stream| …), app)`.
#[doc(alias = "WebSocketResource")]
#[derive(Clone)]
pub struct Mount(Arc<dyn Mounted>);

/// A granted request: the HTTP server has yet to answer it and to hand the stream over.
///
/// It counts as a connection until it is dropped.
#[must_use = "without its stream nothing is served"]
pub struct Upgrade {
    serve: ServeStream,
    secure: bool,
}

/// The server behind a [`Mount`].
pub(crate) trait Mounted: Send + Sync {
    /// Returns the same, with a function that decides about requests.
    fn asking(&self, on_connect: OnConnect) -> Arc<dyn Mounted>;

    /// Checks a request, and asks the application about it.
    fn grant(self: Arc<Self>, request: Request<()>) -> BoxFuture<'static, Result<Grant, Refusal>>;

    /// Returns the answer that refuses a request.
    fn refusal(&self, refusal: &Refusal) -> Response<String>;

    /// Ends the connections, and those that still come. Waits until they are gone, for a bounded time.
    fn shut_down(&self) -> BoxFuture<'_, ()>;
}

/// The answer to a request, and the function that takes the stream, its peer, and whether it is encrypted.
pub(crate) type Grant = (Response<()>, ServeStream);
pub(crate) type ServeStream = Box<dyn FnOnce(BoxIo, String, bool) + Send>;

impl Mount {
    pub(crate) fn new(mounted: impl Mounted + 'static) -> Self {
        Mount(Arc::new(mounted))
    }

    /// Calls `ask` for every request that would be granted otherwise; see [`ConnectionRequest`]. The
    /// client's address is known here only by
    /// [`trust_x_forwarded_for`](crate::transport::ServerOptions::trust_x_forwarded_for). Default: all are granted.
    #[doc(alias = "onConnect")]
    #[must_use]
    pub fn on_connect<F, Fut>(self, ask: F) -> Self
    where
        F: Fn(ConnectionRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ConnectionAccept, ConnectionDeny>> + Send + 'static,
    {
        Mount(self.0.asking(OnConnect::new(ask)))
    }

    /// Checks a request and returns its answer. With a response, the stream then goes to
    /// [`Upgrade::serve`]; with a refusal, the connection is closed after it.
    ///
    /// The HTTP server decides about path and query. Everything else is as for a listener: status 426 if it is not
    /// a WebSocket request, 403 for an origin that is not allowed, 400 for no common subprotocol, and 503
    /// for too many connections or during shutdown, each with a text.
    ///
    /// The future does not borrow the request. It waits for [`on_connect`](Self::on_connect) only, whose time
    /// is not limited here.
    #[allow(
        clippy::type_complexity,
        reason = "both are what is sent, in the types of HTTP servers"
    )]
    pub fn upgrade<B>(
        &self,
        request: &Request<B>,
    ) -> BoxFuture<'static, Result<(Response<()>, Upgrade), Response<String>>> {
        let mut head = Request::new(());
        *head.method_mut() = request.method().clone();
        *head.uri_mut() = request.uri().clone();
        *head.version_mut() = request.version();
        *head.headers_mut() = request.headers().clone();
        let mounted = Arc::clone(&self.0);
        let granted = Arc::clone(&self.0).grant(head);
        Box::pin(async move {
            match granted.await {
                Ok((response, serve)) => Ok((response, Upgrade { serve, secure: false })),
                Err(refusal) => Err(mounted.refusal(&refusal)),
            }
        })
    }

    /// Ends the connections that came through this mount, and waits until they are gone; the server
    /// closes each connection as its protocol demands. From now on requests get status 503.
    ///
    /// Connections of requests that were granted before end as soon as they are served. The mount waits for them,
    /// for at most 10 s, as long as the HTTP server holds their [`Upgrade`].
    pub async fn shutdown(&self) {
        self.0.shut_down().await;
    }
}

impl Upgrade {
    /// Sets whether the HTTP server uses TLS, as [`TransportInfo::secure`] then says. Default: false.
    ///
    /// [`TransportInfo::secure`]: crate::transport::TransportInfo::secure
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Serves the connection. Call this when the response is sent and the HTTP server has handed over the
    /// stream. `peer` is the client's address, for messages and logs.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn serve<S>(self, stream: S, peer: impl fmt::Display)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        (self.serve)(Box::new(stream), peer.to_string(), self.secure);
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").finish_non_exhaustive()
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("secure", &self.secure).finish_non_exhaustive()
    }
}
