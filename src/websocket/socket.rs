//! `WebSocket`: an open connection.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::ConnectionResponse;
use super::channel::{Channel, Command, Handles, Incoming};
use super::closed::{Closed, WebSocketError};
use super::message::{Message, SendOptions};
use super::sender::Sender;
use super::stats::TrafficStats;

/// An open WebSocket: a [`Stream`] of messages, and a `Sink` for them.
///
/// A task of its own drives the connection. It answers pings, sends automatic ones, and reads ahead up to
/// 256 KiB. Then it waits until messages are taken, and so does the peer.
///
/// The stream ends after a closing handshake. If the connection fails, the last item is an
/// [error](WebSocketError::Failed).
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::websocket::{self, Message};
///
/// let mut socket = websocket::connect("wss://example.com/echo").await?;
/// socket.send("hello").await?;
/// while let Some(message) = socket.next().await {
///     match message? {
///         Message::Text(text) => println!("{text}"),
///         Message::Binary(bytes) => println!("{} bytes", bytes.len()),
///     }
/// }
/// println!("closed: {}", socket.closed().await);
/// # Ok(()) }
/// ```
#[doc(alias = "IWebSocketChannel")]
pub struct WebSocket {
    sender: Sender,
    pub(super) response: ConnectionResponse,
    /// The error of the end was returned.
    is_over: bool,
    /// Place among those who wait for the end, while the sink is being closed.
    place: Option<u64>,
}

impl WebSocket {
    pub(super) fn new(channel: Arc<Channel>, response: ConnectionResponse) -> Self {
        let sender = Sender { handles: Handles::new(channel) };
        WebSocket { sender, response, is_over: false, place: None }
    }

    /// Receives the next message; `None` after the closing handshake, and after an error. Dropping the future
    /// loses nothing.
    #[allow(clippy::should_implement_trait, reason = "the name that streams have")]
    pub async fn next(&mut self) -> Option<Result<Message, WebSocketError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Sends a message; see [`Sender::send`].
    ///
    /// # Errors
    /// [`WebSocketError::TooLarge`] for a message above the limit, and [`WebSocketError::Closed`] at the end of
    /// the connection.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        self.sender.send(message).await
    }

    /// Returns a handle that sends; it can be cloned.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Returns the parts that send and receive.
    pub fn split(self) -> (Sender, Self) {
        (self.sender.clone(), self)
    }

    /// Returns what both sides agreed on in the opening handshake.
    #[doc(alias("websocket_protocol_in_use", "websocket_extensions_in_use", "http_headers"))]
    pub fn response(&self) -> &ConnectionResponse {
        &self.response
    }

    /// Closes the connection; see [`Sender::close`]. Messages that come until its end are dropped.
    ///
    /// # Errors
    /// [`WebSocketError::Invalid`] for a code that is not 1000 or from 3000 to 4999. The connection stays.
    pub async fn close(&self, code: u16, reason: &str) -> Result<Closed, WebSocketError> {
        self.sender.close(code, reason).await
    }

    /// Waits for the end of the connection; see [`Sender::closed`].
    pub async fn closed(&self) -> Closed {
        self.sender.closed().await
    }

    /// Returns the counts of the connection.
    pub fn stats(&self) -> TrafficStats {
        self.sender.stats()
    }

    /// As [`next`](Self::next), with control frames and parts.
    pub(super) fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Incoming, WebSocketError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let channel = self.sender.channel();
        if let Some(incoming) = ready!(channel.incoming.poll_take(cx)) {
            return Poll::Ready(Some(Ok(incoming)));
        }
        self.is_over = true;
        let failed = channel.ending().filter(|closed| !closed.was_clean && closed.cause.is_some());
        Poll::Ready(failed.map(|closed| Err(WebSocketError::Failed(closed))))
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.poll_incoming(cx)) {
                Some(Ok(Incoming::Message(message))) => return Poll::Ready(Some(Ok(message))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl futures_sink::Sink<Message> for WebSocket {
    type Error = WebSocketError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        let channel = self.sender.channel();
        Poll::Ready(match ready!(channel.commands.poll_room(cx, None)) {
            true => Ok(()),
            false => Err(channel.closed_error()),
        })
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), WebSocketError> {
        let (command, size) = self.sender.message(message, SendOptions::new())?;
        let channel = self.sender.channel();
        if channel.has_lost() {
            return Err(channel.closed_error());
        }
        // A writer may have come since there was room.
        match channel.commands.put_later(command, size) {
            true => Ok(()),
            false => Err(channel.closed_error()),
        }
    }

    /// Ready when all messages of this connection were sent: the system has them, or the browser. They are sent
    /// without being asked as well.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        let channel = self.sender.channel();
        ready!(channel.commands.poll_done(cx));
        Poll::Ready(match channel.ending() {
            Some(closed) if !closed.was_clean => Err(channel.closed_error()),
            None if channel.has_lost() => Err(channel.closed_error()),
            _ => Ok(()),
        })
    }

    /// Closes the connection with code 1000 behind all that was sent before, and waits for the end.
    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WebSocketError>> {
        let channel = Arc::clone(self.sender.channel());
        // It would overtake messages that wait for the end of a message in parts.
        ready!(channel.commands.poll_unheld(cx));
        // What is put into a closed queue has no effect.
        channel.commands.put(Command::Close(Some((1000, String::new()))), 0);
        channel.commands.close();
        let closed = ready!(channel.closed.poll(&mut self.place, cx));
        Poll::Ready(if closed.was_clean { Ok(()) } else { Err(WebSocketError::Closed(closed)) })
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        // What still comes is dropped, and does not stop the connection while senders use it.
        let channel = self.sender.channel();
        channel.incoming.discard();
        channel.closed.forget(self.place.take());
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WebSocket");
        debug.field("response", &self.response).field("sender", &self.sender).finish()
    }
}
