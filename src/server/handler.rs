//! `TransportHandler`: what a WAMP server of one's own is made of.
//!
//! Owns the trait and what its methods may answer. How a connection drives it is `attending`'s
//! matter.

use std::fmt;
use std::future::{Future, ready};

use crate::error::Violation;
use crate::message::Message;
use crate::server::WampTransport;
use crate::transport::CloseCode;

/// One connection of a WAMP server of one's own: what happens on it, as methods of one type.
/// Autobahn's `ITransportHandler`.
///
/// A handler is made for each connection, by the function that
/// [`WampWebSocketServerFactory`](super::WampWebSocketServerFactory) or
/// [`WampRawSocketServerFactory`](super::WampRawSocketServerFactory) takes. What connections share
/// stands in an [`Arc`](std::sync::Arc) that this function clones into each.
///
/// The methods are async functions, and called one after the other: `on_open`, `on_message` for
/// each message in order, `on_shutdown` if the server goes down, and in the end `on_close`, exactly
/// once. While one is at work, no more is read from the peer than 64 messages or 1 MiB ahead, so
/// whoever sends faster than the handler works is slowed down. Writing goes on meanwhile. A method
/// that keeps so much waiting for 60 s is taken to be stuck, and the connection is closed with
/// WebSocket's code 1011: nothing is read at that point, neither the peer's pings nor its end. Work
/// that takes so long belongs in a task of its own.
///
/// ```
/// use wampwerk::message::{Abort, AbortDetails, Message, Payload};
/// use wampwerk::server::{HandlerError, TransportHandler, WampTransport};
/// use wampwerk::uris;
///
/// /// Lets nobody in.
/// #[derive(Default)]
/// struct Doorman {
///     transport: Option<WampTransport>,
/// }
///
/// impl TransportHandler for Doorman {
///     async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
///         self.transport = Some(transport);
///         Ok(())
///     }
///
///     async fn on_message(&mut self, message: Message) -> Result<(), HandlerError> {
///         let (Some(transport), Message::Hello(hello)) = (&self.transport, message) else {
///             return Err(HandlerError::violation("no HELLO"));
///         };
///         println!("{} wants to join {}", transport.info().peer, hello.realm);
///         let (details, reason) = (AbortDetails::default(), uris::NO_SUCH_REALM.into());
///         transport.send(Abort { details, reason, payload: Payload::empty() }).await?;
///         transport.close();
///         Ok(())
///     }
/// }
/// ```
///
/// # The end
/// The connection ends when the peer closes it or is lost, when the handler
/// [closes](WampTransport::close) it or answers an error, and when the peer sends what is no WAMP
/// message of the serializer that was agreed on (WebSocket close code 1002).
///
/// If it was the peer's doing, what the peer had sent before is still handled, and a method that is
/// at work may finish: altogether there are 10 s, then the method is dropped at its next `await`.
/// Sending fails meanwhile, except on a RawSocket whose client has ended its own direction alone: it
/// gets the answers. After the handler's own end or a mistake, only the method that is at work may
/// finish; it has 10 s after the connection is gone. All this is shorter when the server goes down:
/// see [`on_shutdown`](Self::on_shutdown).
///
/// A method that panics is treated as one that fails; the server and its other connections live on.
/// A method must not block its thread: nothing can end that.
pub trait TransportHandler: Send + 'static {
    /// There is a connection, and both sides have agreed on a serializer. Usually keeps `transport`,
    /// by which messages are sent.
    ///
    /// # Errors
    /// The connection is closed, as [`HandlerError`] tells.
    fn on_open(
        &mut self,
        transport: WampTransport,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// The peer has sent a message. Its payload is not decoded yet.
    ///
    /// # Errors
    /// The connection is closed, as [`HandlerError`] tells.
    fn on_message(
        &mut self,
        message: Message,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// The server goes down. Default: closes the connection with WebSocket's code 1001.
    ///
    /// A handler that wants to say GOODBYE first sends it here and closes when the peer has
    /// answered. The connection is aborted 5 s after the server's shutdown began, or after twice its
    /// [`close_timeout`](crate::transport::ServerOptions::close_timeout) and one second, if that is
    /// longer. A method that is still at work then is dropped, whichever it is.
    ///
    /// # Errors
    /// The connection is closed, as [`HandlerError`] tells.
    fn on_shutdown(
        &mut self,
        transport: WampTransport,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send {
        transport.close_with(CloseCode::GoingAway);
        ready(Ok(()))
    }

    /// The connection is gone, and nothing more is called. `was_clean` tells whether it was closed
    /// in order, by the peer or by [`WampTransport::close`] after all that was to be sent; not if it
    /// broke, was aborted, or had to be closed because somebody made a mistake.
    ///
    /// It has 10 s. Default: nothing.
    fn on_close(&mut self, was_clean: bool) -> impl Future<Output = ()> + Send {
        let _ = was_clean;
        ready(())
    }
}

/// Why a handler gives its connection up: any error of its own, with which the connection is closed
/// with WebSocket's code 1011, or a mistake of the peer's, [`HandlerError::violation`]: 1002. Both
/// are logged; the peer is told the code alone.
///
/// Every error becomes one by `?`. A [`Violation`] becomes a mistake of the peer's.
///
/// ```
/// use wampwerk::error::Violation;
/// use wampwerk::server::HandlerError;
///
/// fn check(realm: &str) -> Result<u16, HandlerError> {
///     if realm.is_empty() {
///         return Err(HandlerError::violation("HELLO without a realm"));
///     }
///     Ok(realm.parse()?)
/// }
///
/// assert!(check("").unwrap_err().is_violation());
/// assert!(!check("x").unwrap_err().is_violation());
/// ```
pub struct HandlerError {
    error: Box<dyn std::error::Error + Send + Sync>,
}

impl HandlerError {
    /// The peer broke the protocol: what it sent cannot be, or not now.
    pub fn violation(text: impl fmt::Display) -> Self {
        Violation::new(text).into()
    }

    /// Whether it is the peer's mistake.
    pub fn is_violation(&self) -> bool {
        self.error.is::<Violation>()
    }

    /// How the connection is closed because of it.
    pub(super) fn close_code(&self) -> CloseCode {
        if self.is_violation() { CloseCode::ProtocolError } else { CloseCode::InternalError }
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        HandlerError { error: error.into() }
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandlerError").field(&self.error).finish()
    }
}
