//! `WebSocketServerProtocol`: an object per connection of a server, whose methods are called.

use std::future::{Future, ready};

use bytes::Bytes;

use super::channel::Incoming;
use super::client::Mode;
use super::closed::Closed;
use super::handshake::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
use super::message::{Message, Part};
use super::protocol::{Events, end, run};
use super::sender::Sender;
use super::serving::{Asked, TOO_LATE};
use crate::error::Cause;
use crate::rt::MaybeSend;
use crate::rt::guard::caught;

/// The server's end of a connection. [`WebSocketServerFactory::listen_protocol`] makes one for each client and
/// calls these methods, one at a time. Programs that prefer a stream of requests use
/// [`listen`](fn@super::listen).
///
/// ```
/// use wampwerk::websocket::{self, Message, Sender, WebSocketServerFactory, WebSocketServerProtocol};
///
/// #[derive(Default)]
/// struct Echo(Option<Sender>);
///
/// impl WebSocketServerProtocol for Echo {
///     async fn on_open(&mut self, sender: Sender) {
///         self.0 = Some(sender);
///     }
///
///     async fn on_message(&mut self, message: Message) {
///         if let Some(sender) = &self.0 {
///             let _ = sender.send(message).await;
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = WebSocketServerFactory::new("ws://127.0.0.1:0");
/// let listener = server.listen_protocol(Echo::default).await?;
/// let mut client = websocket::connect(listener.url()).await?;
/// client.send("hello").await?;
/// assert_eq!(client.next().await.transpose()?, Some(Message::from("hello")));
/// # Ok(()) }
/// ```
///
/// [`WebSocketServerFactory::listen_protocol`]: super::WebSocketServerFactory::listen_protocol
pub trait WebSocketServerProtocol: MaybeSend + 'static {
    /// True to get messages in parts.
    const IN_PARTS: bool = false;

    /// A request has come that is valid, and it was not answered. The client waits, as long as the
    /// handshake may take.
    ///
    /// # Errors
    /// [`ConnectionDeny`] refuses the client with its status. A panic is answered by status 500.
    #[doc(alias = "onConnect")]
    fn on_connect(
        &mut self,
        request: ConnectionRequest,
    ) -> impl Future<Output = Result<ConnectionAccept, ConnectionDeny>> + MaybeSend {
        drop(request);
        ready(Ok(ConnectionAccept::new()))
    }

    events!();
}

pub(super) struct ServerSide<P>(P);

events_of!(ServerSide, WebSocketServerProtocol);

impl<P: WebSocketServerProtocol> ServerSide<P> {
    pub(super) fn new(protocol: P) -> Self {
        ServerSide(protocol)
    }

    /// Mode of the task of the connection.
    pub(super) fn mode() -> Mode {
        Mode { in_parts: P::IN_PARTS, tells_control: true }
    }

    /// Asks the protocol about a request. An error is the answer to the client, and what the protocol is told.
    pub(super) async fn decide(
        &mut self,
        request: ConnectionRequest,
    ) -> Result<ConnectionAccept, (ConnectionDeny, Closed)> {
        match caught(async { self.0.on_connect(request).await }).await {
            Ok(Ok(accept)) => Ok(accept),
            Ok(Err(deny)) => Err((deny, Closed::lost("on_connect refused the client", None, None))),
            Err(panic) => {
                tracing::error!(%panic, "on_connect failed");
                let closed = Closed::lost("on_connect panicked", None, Some(panic.into()));
                Err((ConnectionDeny::new(500, "the server failed"), closed))
            }
        }
    }
}

/// Answers a request by a protocol, and calls its methods until the end of the connection.
pub(super) async fn serve<P: WebSocketServerProtocol>(asked: Asked, protocol: P) {
    let mut protocol = ServerSide(protocol);
    let decision = protocol.decide(asked.request.clone());
    let decided = tokio::time::timeout_at(asked.deadline, decision).await.unwrap_or_else(|_| {
        let closed = Closed::lost("on_connect took too long", None, None);
        Err((ConnectionDeny::new(503, TOO_LATE), closed))
    });
    let closed = match decided {
        Ok(accept) => match asked.accept(accept, ServerSide::<P>::mode()).await {
            Ok(socket) => return run(socket, protocol).await,
            Err(error) => Closed::lost(error.to_string(), None, Some(Cause::new(error))),
        },
        Err((deny, closed)) => {
            asked.deny(deny).await;
            closed
        }
    };
    end(&mut protocol, closed).await;
}
