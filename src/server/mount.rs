//! `Mount`: WAMP over WebSocket within an HTTP server.
//!
//! Turns a request into a transport. The HTTP server reads requests and writes responses; the types are
//! those of the crate `http`.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ConfigError;
use crate::framing::websocket::handshake::Refusal;
use crate::message::Serializer;
use crate::net::listen::room_for;
use crate::rt::BoxFuture;
use crate::server::connections::{Connections, Reservation};
use crate::server::serve::Serve;
use crate::transport::native::accept::{Acceptor, Agreed, Checked};
use crate::transport::{ServerOptions, Transport};
use crate::websocket::handshake::OnConnect;
use crate::websocket::{ConnectionAccept, ConnectionDeny, ConnectionRequest};

/// A WAMP server over WebSocket as a part of an HTTP server: hyper, axum, or any other that gives its
/// requests as [`http::Request`] and can hand the connection over. Made by [`Router::mount`] and
/// [`WampWebSocketServerFactory::mount`](super::WampWebSocketServerFactory::mount). Cheap to clone.
///
/// With axum and the crates `hyper` and `hyper-util`, a router beside a page:
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::body::Body;
/// use axum::extract::{ConnectInfo, Request, State};
/// use axum::response::{IntoResponse, Response};
/// use axum::routing::{any, get};
/// use hyper_util::rt::TokioIo;
/// use wampwerk::server::Mount;
/// use wampwerk::transport::ServerOptions;
///
/// async fn wamp(
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
/// let router = wampwerk::Router::builder().realm("realm1").build()?;
/// let app = axum::Router::new()
///     .route("/", get(|| async { "a page" }))
///     .route("/ws", any(wamp))
///     .with_state(router.mount(ServerOptions::new())?);
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("ws://{}/ws", listener.local_addr()?);
/// let app = app.into_make_service_with_connect_info::<SocketAddr>();
/// tokio::spawn(async move { axum::serve(listener, app).await });
///
/// # {
/// let session = wampwerk::connect(&url, "realm1").await?;
/// session.publish("com.example.topic").args(("hello",)).await?;
/// # }
/// # Ok(()) }
/// ```
///
/// The HTTP server should set `TCP_NODELAY`: with axum by
/// `axum::serve(listener.tap_io(|stream| …), app)`.
#[doc(alias = "WebSocketResource")]
#[derive(Clone)]
pub struct Mount {
    acceptor: Acceptor,
    room: Arc<Semaphore>,
    connections: Arc<dyn AnyConnections>,
}

/// A granted request: the HTTP server has yet to answer it and to hand the stream over.
///
/// It counts as a connection until it is dropped.
#[must_use = "without its stream nothing is served"]
pub struct Upgrade {
    mount: Mount,
    agreed: Agreed,
    room: OwnedSemaphorePermit,
    expected: Reservation,
    secure: bool,
}

impl Mount {
    pub(super) fn new<S: Serve>(
        serializers: &[Serializer],
        options: ServerOptions,
        defaults: &ServerOptions,
        connections: Arc<Connections<S>>,
    ) -> Result<Self, ConfigError> {
        options.check()?;
        if let Some(name) = options.first_listener_only() {
            let text = "set it on the HTTP server that this is mounted in";
            return Err(ConfigError::new(name, text));
        }
        let options = options.or(defaults, true);
        let room = Arc::new(room_for(options.connections()));
        Ok(Mount { acceptor: Acceptor::mounted(serializers).options(options), room, connections })
    }

    /// Calls `ask` for every request that would be granted otherwise; see [`ConnectionRequest`]. The
    /// client's address is known here only by
    /// [`trust_x_forwarded_for`](ServerOptions::trust_x_forwarded_for). Default: all are granted.
    #[doc(alias = "onConnect")]
    #[must_use]
    pub fn on_connect<F, Fut>(self, ask: F) -> Self
    where
        F: Fn(ConnectionRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ConnectionAccept, ConnectionDeny>> + Send + 'static,
    {
        self.asking(Some(OnConnect::new(ask)))
    }

    pub(super) fn asking(mut self, on_connect: Option<OnConnect>) -> Self {
        self.acceptor = self.acceptor.asking(on_connect);
        self
    }

    /// Checks a request and returns its answer. With a response, the stream then goes to
    /// [`Upgrade::serve`]; with a refusal, the connection is closed after it.
    ///
    /// The HTTP server decides about path and query. Everything else is as for a
    /// [listener](Router::listen): status 426 if it is not a WebSocket request, 403 for an origin that is
    /// not allowed, 400 for no common subprotocol, and 503 for too many connections or during shutdown,
    /// each with a text.
    ///
    /// The future does not borrow the request. It waits for [`on_connect`](Self::on_connect) only, whose time
    /// is not limited here.
    #[allow(
        clippy::type_complexity,
        reason = "both are what is sent, in the types of HTTP servers"
    )]
    pub fn upgrade<B>(
        &self,
        request: &http::Request<B>,
    ) -> BoxFuture<'static, Result<(http::Response<()>, Upgrade), http::Response<String>>> {
        let (mount, checked) = (self.clone(), self.check(request));
        Box::pin(async move {
            match mount.grant(checked).await {
                Ok(granted) => Ok(granted),
                Err(refusal) => Err(mount.acceptor.refusal(&refusal)),
            }
        })
    }

    /// Checks everything that needs no decision of the application, and reserves room.
    fn check<B>(
        &self,
        request: &http::Request<B>,
    ) -> Result<(Checked, OwnedSemaphorePermit), Refusal> {
        if self.connections.is_down() {
            return Err(Refusal::down());
        }
        let checked = self.acceptor.check_request(request)?;
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Refusal::no_room())?;
        Ok((checked, room))
    }

    async fn grant(
        &self,
        checked: Result<(Checked, OwnedSemaphorePermit), Refusal>,
    ) -> Result<(http::Response<()>, Upgrade), Refusal> {
        let (checked, room) = checked?;
        let agreed = self.acceptor.ask(checked).await?;
        let expected = self.connections.expect().ok_or_else(Refusal::down)?;
        let response = agreed.response().clone();
        Ok((response, Upgrade { mount: self.clone(), agreed, room, expected, secure: false }))
    }

    /// Ends the connections that came through this mount, and waits until they are gone; a router sends
    /// GOODBYE to their sessions. From now on requests get status 503.
    ///
    /// Also waits, for at most 10 s, for requests that were granted before, as long as the HTTP server
    /// holds their [`Upgrade`]: their connections end as soon as they are served.
    pub async fn shutdown(&self) {
        self.connections.dismiss();
        self.connections.wait_empty().await;
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
    /// stream. `peer` is the client's address, as
    /// [`TransportInfo::peer`](crate::transport::TransportInfo::peer) shows it.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn serve<S>(self, stream: S, peer: impl fmt::Display)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Upgrade { mount, agreed, room, expected, secure } = self;
        mount.connections.take(mount.acceptor.open(stream, peer, secure, &agreed), room);
        drop(expected);
    }
}

/// Connections of any kind.
trait AnyConnections: Send + Sync {
    fn take(self: Arc<Self>, transport: Box<dyn Transport>, room: OwnedSemaphorePermit);
    fn expect(&self) -> Option<Reservation>;
    fn is_down(&self) -> bool;
    fn dismiss(&self);
    fn wait_empty(&self) -> BoxFuture<'_, ()>;
}

impl<S: Serve> AnyConnections for Connections<S> {
    fn take(self: Arc<Self>, transport: Box<dyn Transport>, room: OwnedSemaphorePermit) {
        Connections::take(&self, transport, Some(room));
    }

    fn expect(&self) -> Option<Reservation> {
        Connections::expect(self)
    }

    fn is_down(&self) -> bool {
        let down = pin!(self.wait_shutdown());
        self.is_closed() || down.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn dismiss(&self) {
        Connections::dismiss(self);
    }

    fn wait_empty(&self) -> BoxFuture<'_, ()> {
        Box::pin(Connections::wait_empty(self))
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("acceptor", &self.acceptor).finish_non_exhaustive()
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("agreed", &self.agreed).finish_non_exhaustive()
    }
}
