//! Contains `WebSocketClientProtocol`, an object per connection whose methods are called, and the part
//! that it shares with `WebSocketServerProtocol`.

use std::future::{Future, poll_fn, ready};

use bytes::Bytes;

use super::ConnectionResponse;
use super::channel::Incoming;
use super::closed::Closed;
use super::connecting::ConnectingRequest;
use super::message::{Message, Part};
use super::sender::Sender;
use super::socket::WebSocket;
use crate::error::Cause;
use crate::rt::MaybeSend;
use crate::rt::guard::caught;

/// Methods that both sides have; `$trait` is the name of the trait.
macro_rules! events {
    () => {
        /// The connection is open. Keep the sender to send later; the connection stays open without it, too.
        #[doc(alias = "onOpen")]
        fn on_open(&mut self, sender: Sender) -> impl Future<Output = ()> + MaybeSend {
            drop(sender);
            ready(())
        }

        /// A message has come. The next one waits until the future is ready.
        #[doc(alias = "onMessage")]
        fn on_message(&mut self, message: Message) -> impl Future<Output = ()> + MaybeSend {
            drop(message);
            ready(())
        }

        /// A part of a message has come: in the place of [`on_message`](Self::on_message) if
        /// [`IN_PARTS`](Self::IN_PARTS) is set.
        #[doc(alias("onMessageBegin", "onMessageFrameData", "onMessageEnd"))]
        fn on_part(&mut self, part: Part) -> impl Future<Output = ()> + MaybeSend {
            drop(part);
            ready(())
        }

        /// A ping has come. It is answered in any case.
        #[doc(alias = "onPing")]
        fn on_ping(&mut self, payload: Bytes) -> impl Future<Output = ()> + MaybeSend {
            drop(payload);
            ready(())
        }

        /// A pong has come, asked for or not.
        #[doc(alias = "onPong")]
        fn on_pong(&mut self, payload: Bytes) -> impl Future<Output = ()> + MaybeSend {
            drop(payload);
            ready(())
        }

        /// The connection has ended. Called once, also if it was never open. If a method panics, the
        /// connection is closed with code 1011, if it was open, and this is still called.
        #[doc(alias = "onClose")]
        fn on_close(&mut self, closed: Closed) -> impl Future<Output = ()> + MaybeSend {
            drop(closed);
            ready(())
        }
    };
}

/// The client's end of a connection. [`WebSocketClientFactory::open_protocol`] opens it and calls these
/// methods, one at a time. Programs that prefer a stream of messages use
/// [`connect`](fn@super::connect).
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::websocket::{Closed, Message, Sender, WebSocketClientFactory, WebSocketClientProtocol};
///
/// struct Client;
///
/// impl WebSocketClientProtocol for Client {
///     async fn on_open(&mut self, sender: Sender) {
///         let _ = sender.send("hello").await;
///     }
///
///     async fn on_message(&mut self, message: Message) {
///         println!("{message:?}");
///     }
///
///     async fn on_close(&mut self, closed: Closed) {
///         println!("closed: {closed}");
///     }
/// }
///
/// let sender = WebSocketClientFactory::new("ws://127.0.0.1:9000").open_protocol(Client).await?;
/// sender.closed().await;
/// # Ok(()) }
/// ```
///
/// [`WebSocketClientFactory::open_protocol`]: super::WebSocketClientFactory::open_protocol
pub trait WebSocketClientProtocol: MaybeSend + 'static {
    /// True to get messages in parts. In the browser it has to be false.
    const IN_PARTS: bool = false;

    /// The byte stream stands, and nothing was sent on it; `peer` is the server's address. May change the
    /// request. Not called in the browser.
    ///
    /// # Errors
    /// An error ends the connection, and opening it fails.
    #[doc(alias = "onConnecting")]
    fn on_connecting(
        &mut self,
        peer: &str,
    ) -> impl Future<Output = Result<ConnectingRequest, Cause>> + MaybeSend {
        let _ = peer;
        ready(Ok(ConnectingRequest::new()))
    }

    /// The server's answer has come and is valid.
    ///
    /// # Errors
    /// An error ends the connection with code 1000, and opening it fails.
    #[doc(alias = "onConnect")]
    fn on_connect(
        &mut self,
        response: &ConnectionResponse,
    ) -> impl Future<Output = Result<(), Cause>> + MaybeSend {
        let _ = response;
        ready(Ok(()))
    }

    events!();
}

/// A protocol after its connection is open, of either side.
pub(super) trait Events: MaybeSend + 'static {
    fn open(&mut self, sender: Sender) -> impl Future<Output = ()> + MaybeSend;
    fn event(&mut self, incoming: Incoming) -> impl Future<Output = ()> + MaybeSend;
    fn close(&mut self, closed: Closed) -> impl Future<Output = ()> + MaybeSend;
}

/// Calls the methods of a protocol until the end of its connection.
pub(super) async fn run(mut socket: WebSocket, mut protocol: impl Events) {
    let sender = socket.sender();
    let all = async {
        protocol.open(sender.clone()).await;
        while let Some(Ok(incoming)) = poll_fn(|cx| socket.poll_incoming(cx)).await {
            protocol.event(incoming).await;
        }
    };
    if caught(all).await.is_err() {
        tracing::error!("a WebSocket protocol panicked, so its connection is closed");
        sender.close_failed();
    }
    let closed = sender.closed().await;
    end(&mut protocol, closed).await;
}

/// Calls the last method.
pub(super) async fn end(protocol: &mut impl Events, closed: Closed) {
    if caught(protocol.close(closed)).await.is_err() {
        tracing::error!("on_close of a WebSocket protocol panicked");
    }
}

macro_rules! events_of {
    ($wrapper:ident, $protocol:ident) => {
        impl<P: $protocol> Events for $wrapper<P> {
            async fn open(&mut self, sender: Sender) {
                self.0.on_open(sender).await;
            }

            async fn event(&mut self, incoming: Incoming) {
                match incoming {
                    Incoming::Message(message) => self.0.on_message(message).await,
                    Incoming::Part(part) => self.0.on_part(part).await,
                    Incoming::Ping(payload) => self.0.on_ping(payload).await,
                    Incoming::Pong(payload) => self.0.on_pong(payload).await,
                }
            }

            async fn close(&mut self, closed: Closed) {
                self.0.on_close(closed).await;
            }
        }
    };
}

/// The client's protocol.
pub(super) struct ClientSide<P>(pub(super) P);

events_of!(ClientSide, WebSocketClientProtocol);
