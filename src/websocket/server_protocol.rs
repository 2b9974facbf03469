//! `WebSocketServerProtocol`: an object per connection of a server, whose methods are called.

use std::future::{Future, ready};

use bytes::Bytes;

use super::channel::Incoming;
use super::client::Mode;
use super::closed::Closed;
use super::handshake::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
use super::message::{Message, Part};
use super::protocol::{Events, end, events, events_of, run};
use super::sender::Sender;
use super::serving::Asked;
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

struct ServerSide<P>(P);

events_of!(ServerSide, WebSocketServerProtocol);

/// Answers a request by a protocol, and calls its methods until the end of the connection.
pub(super) async fn serve<P: WebSocketServerProtocol>(asked: Asked, protocol: P) {
    let mut protocol = ServerSide(protocol);
    let (request, deadline) = (asked.request.clone(), asked.deadline);
    let answer = caught(async { protocol.0.on_connect(request).await });
    let reason = match tokio::time::timeout_at(deadline, answer).await {
        Ok(Ok(Ok(accept))) => {
            let mode = Mode { in_parts: P::IN_PARTS, tells_control: true };
            match asked.accept(accept, mode).await {
                Ok(socket) => return run(socket, protocol).await,
                Err(error) => Closed::lost(error.to_string(), None, Some(Cause::new(error))),
            }
        }
        Ok(Ok(Err(deny))) => {
            asked.deny(deny).await;
            Closed::lost("on_connect refused the client", None, None)
        }
        Ok(Err(panic)) => {
            tracing::error!(%panic, "on_connect failed");
            asked.deny(ConnectionDeny::new(500, "the server failed")).await;
            Closed::lost("on_connect panicked", None, Some(panic.into()))
        }
        Err(_) => {
            asked.deny(ConnectionDeny::new(503, "the server took too long")).await;
            Closed::lost("on_connect took too long", None, None)
        }
    };
    end(&mut protocol, reason).await;
}
