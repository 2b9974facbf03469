//! A `WebSocketServerFactory` within an HTTP server: what its `Mount` serves.

use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client::Mode;
use super::closed::Closed;
use super::handshake::{ConnectionRequest, OnConnect};
use super::mount::{Grant, Mount, Mounted, ServeStream};
use super::protocol::{end, run};
use super::server_factory::WebSocketServerFactory;
use super::server_protocol::{ServerSide, WebSocketServerProtocol};
use super::serving::{Answer, Server};
use super::socket::WebSocket;
use crate::error::ConfigError;
use crate::framing::websocket::handshake::Refusal;
use crate::net::listen::room_for;
use crate::rt::{self, BoxFuture};

impl WebSocketServerFactory {
    /// Makes this server a part of an HTTP server: see [`Mount`](crate::websocket::Mount). `serve` is called with each
    /// connection, in a task of its own. The URL and the certificate are not used.
    ///
    /// ```
    /// use wampwerk::websocket::{WebSocket, WebSocketServerFactory};
    ///
    /// let server = WebSocketServerFactory::new("ws://localhost").protocols(["chat"]);
    /// let mount = server.mount(|mut socket: WebSocket| async move {
    ///     while let Some(Ok(message)) = socket.next().await {
    ///         let _ = socket.send(message).await;
    ///     }
    /// })?;
    /// # let _ = mount;
    /// # Ok::<(), wampwerk::error::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// The first option that is not valid, or has no effect on a mounted server: `open_handshake_timeout` and
    /// `unix_mode`.
    pub fn mount<F, Fut>(&self, serve: F) -> Result<Mount, ConfigError>
    where
        F: Fn(WebSocket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let serve = Arc::new(serve);
        self.mounting(move |server, request, room| {
            let serve = Arc::clone(&serve);
            Box::pin(async move {
                let accept = server.terms.ask(&request).await?;
                let answer = server.answer(&request, &accept)?;
                Ok(grant(server, request, answer, room, Mode::default(), move |socket| {
                    rt::spawn(serve(socket));
                }))
            })
        })
    }

    /// As [`mount`](Self::mount), with a protocol that `make` makes for each client.
    ///
    /// # Errors
    /// The first option that is not valid, or has no effect on a mounted server: `open_handshake_timeout` and
    /// `unix_mode`.
    pub fn mount_protocol<F, P>(&self, make: F) -> Result<Mount, ConfigError>
    where
        F: Fn() -> P + Send + Sync + 'static,
        P: WebSocketServerProtocol,
    {
        self.mounting(move |server, request, room| {
            let mut unserved = Unserved(Some(ServerSide::new(make())));
            Box::pin(async move {
                let answer = unserved.decide(&server, &request).await?;
                let mode = ServerSide::<P>::mode();
                Ok(grant(server, request, answer, room, mode, move |socket| {
                    if let Some(protocol) = unserved.0.take() {
                        rt::spawn(run(socket, protocol));
                    }
                }))
            })
        })
    }

    fn mounting<F>(&self, decide: F) -> Result<Mount, ConfigError>
    where
        F: Fn(Arc<Server>, ConnectionRequest, OwnedSemaphorePermit) -> Decision
            + Send
            + Sync
            + 'static,
    {
        self.options.check_mounted()?;
        let server = Arc::new(self.serving(None, None)?);
        let room = Arc::new(room_for(self.options.connections()));
        Ok(Mount::new(Mounting { server, room, decide: Arc::new(decide) }))
    }
}

type Decision = BoxFuture<'static, Result<Grant, Refusal>>;
type Decide =
    dyn Fn(Arc<Server>, ConnectionRequest, OwnedSemaphorePermit) -> Decision + Send + Sync;

struct Mounting {
    server: Arc<Server>,
    room: Arc<Semaphore>,
    decide: Arc<Decide>,
}

impl Mounted for Mounting {
    fn asking(&self, on_connect: OnConnect) -> Arc<dyn Mounted> {
        let mut server = Server::clone(&self.server);
        server.terms.on_connect = Some(on_connect);
        Arc::new(Mounting {
            server: Arc::new(server),
            room: Arc::clone(&self.room),
            decide: Arc::clone(&self.decide),
        })
    }

    fn grant(self: Arc<Self>, request: Request<()>) -> Decision {
        let checked = self.server.check(&request, None).and_then(|request| {
            let room = Arc::clone(&self.room).try_acquire_owned();
            Ok((request, room.map_err(|_| Refusal::no_room())?))
        });
        match checked {
            Ok((request, room)) => (self.decide)(Arc::clone(&self.server), request, room),
            Err(refusal) => Box::pin(async { Err(refusal) }),
        }
    }

    fn refusal(&self, refusal: &Refusal) -> Response<String> {
        self.server.terms.refusal(refusal)
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        let close_timeout = self.server.options.websocket().close_timeout;
        Box::pin(self.server.open.shut_down(close_timeout))
    }
}

/// The answer, and the function that opens the connection.
fn grant(
    server: Arc<Server>,
    request: ConnectionRequest,
    answer: Answer,
    room: OwnedSemaphorePermit,
    mode: Mode,
    serve: impl FnOnce(WebSocket) + Send + 'static,
) -> Grant {
    let response = answer.response.clone();
    let open: ServeStream = Box::new(move |stream, peer, _secure| {
        let peer = request.peer().map_or(peer, str::to_owned);
        serve(server.open((stream, Vec::new()), peer, answer, Some(room), mode));
    });
    (response, open)
}

/// A protocol whose connection is not open yet. If that does not come, the protocol is told.
struct Unserved<P: WebSocketServerProtocol>(Option<ServerSide<P>>);

impl<P: WebSocketServerProtocol> Unserved<P> {
    async fn decide(
        &mut self,
        server: &Server,
        request: &ConnectionRequest,
    ) -> Result<Answer, Refusal> {
        let Some(protocol) = &mut self.0 else { return Err(Refusal::failed()) };
        let accept = match protocol.decide(request.clone()).await {
            Ok(accept) => accept,
            Err((deny, closed)) => {
                end(protocol, closed).await;
                self.0 = None;
                return Err(deny.into_refusal());
            }
        };
        let accept = match &server.terms.on_connect {
            Some(_) => server.terms.ask(request).await?,
            None => accept,
        };
        server.answer(request, &accept)
    }
}

impl<P: WebSocketServerProtocol> Drop for Unserved<P> {
    fn drop(&mut self) {
        if let Some(mut protocol) = self.0.take() {
            let closed = Closed::lost("the connection was refused or did not come", None, None);
            rt::spawn_last(async move { end(&mut protocol, closed).await });
        }
    }
}
