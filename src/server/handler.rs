//! `TransportHandler`: the trait by which a custom WAMP server handles a connection.
//!
//! `attending` calls its methods.

use std::fmt;
use std::future::{Future, ready};

use crate::error::Violation;
use crate::message::Message;
use crate::server::WampTransport;
use crate::websocket::CloseCode;

/// Handles one connection of a custom WAMP server.
/// Autobahn's `ITransportHandler`.
///
/// A handler is made for each connection, by the function that
/// [`WampWebSocketServerFactory`](super::WampWebSocketServerFactory) or
/// [`WampRawSocketServerFactory`](super::WampRawSocketServerFactory) takes. State that
/// connections share is in an [`Arc`](std::sync::Arc) that this function clones into each handler.
///
/// The methods are async functions, and called one after the other: `on_open`, `on_message` for
/// each message in order, `on_shutdown` if the server goes down, and in the end `on_close`, exactly
/// once. While one is at work, no more is read from the peer than 64 messages or 1 MiB ahead, so
/// a peer that sends faster than the handler works is slowed down. Writing goes on meanwhile. If that
/// limit is reached for 60 s, the method counts as stuck, and the connection is closed with WebSocket's
/// code 1011: nothing is read meanwhile, neither the peer's pings nor its end. Longer work belongs in a
/// task of its own.
///
/// ```
/// use wampwerk::Uri;
/// use wampwerk::message::{Abort, ClosingDetails, Message, Payload};
/// use wampwerk::server::{HandlerError, TransportHandler, WampTransport};
///
/// /// Refuses every client.
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
///         let (details, reason) = (ClosingDetails::default(), Uri::NO_SUCH_REALM.into());
///         transport.send(Abort { details, reason, payload: Payload::empty() }).await?;
///         transport.close();
///         Ok(())
///     }
/// }
/// ```
///
/// # The end
/// The connection ends when the peer closes it or is lost, when the handler
/// [closes](WampTransport::close) it or answers an error, and when the peer sends something that is
/// not a WAMP message in the negotiated serializer (WebSocket close code 1002).
///
/// If the peer ended the connection, the messages that it had sent before are still handled, and a
/// running method may finish: 10 s in total, then the method is dropped at its next `await`. Sending
/// fails meanwhile, except on a RawSocket whose client has ended only its own direction: it gets the
/// answers. After the handler's own end or an error, only the running method may finish, within 10 s
/// after the connection is gone. All times are shorter when the server shuts down: see
/// [`on_shutdown`](Self::on_shutdown).
///
/// A method that panics is treated as one that fails; the server and its other connections continue.
/// A method must not block its thread, as a blocked method cannot be ended.
#[doc(alias = "ITransportHandler")]
pub trait TransportHandler: Send + 'static {
    /// Called when the connection is open and a serializer is negotiated. Usually keeps `transport`, which
    /// sends messages.
    ///
    /// # Errors
    /// The connection is closed; see [`HandlerError`].
    #[doc(alias = "onOpen")]
    fn on_open(
        &mut self,
        transport: WampTransport,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Called for each message of the peer. Its payload is not decoded yet.
    ///
    /// # Errors
    /// The connection is closed; see [`HandlerError`].
    #[doc(alias = "onMessage")]
    fn on_message(
        &mut self,
        message: Message,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Called when the server shuts down. Default: closes the connection with WebSocket's code 1001.
    ///
    /// A handler that wants to say GOODBYE first sends it here and closes when the peer has
    /// answered. The connection is aborted 5 s after the server's shutdown began, or after twice its
    /// [`close_timeout`](crate::transport::ServerOptions::close_timeout) and one second, if that is
    /// longer. A method that still runs then is dropped.
    ///
    /// # Errors
    /// The connection is closed; see [`HandlerError`].
    fn on_shutdown(
        &mut self,
        transport: WampTransport,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send {
        transport.close_with(CloseCode::GoingAway);
        ready(Ok(()))
    }

    /// Called last, when the connection is gone. `was_clean` is true if it was closed in order, by the
    /// peer or by [`WampTransport::close`] after everything was sent. It is false if the connection broke,
    /// was aborted, or was closed because of an error.
    ///
    /// Time limit: 10 s. Default: does nothing.
    #[doc(alias = "onClose")]
    fn on_close(&mut self, was_clean: bool) -> impl Future<Output = ()> + Send {
        let _ = was_clean;
        ready(())
    }
}

/// Reason why a handler closes its connection. For any error of its own, WebSocket's close code is 1011;
/// for a protocol error of the peer, [`HandlerError::violation`], it is 1002. Both are logged; the peer
/// gets only the code.
///
/// Every error converts to this one by `?`. A [`Violation`] becomes a protocol error of the peer.
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
    /// A protocol error of the peer: a message that is not valid, or not valid in this state.
    pub fn violation(text: impl fmt::Display) -> Self {
        Violation::new(text).into()
    }

    /// Returns whether it is a protocol error of the peer.
    pub fn is_violation(&self) -> bool {
        self.error.is::<Violation>()
    }

    /// The code with which the connection is closed.
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
