//! Contains the answers of `on_connect`: `ConnectionAccept` and `ConnectionDeny`.

use std::error::Error;

use http::StatusCode;

use crate::framing::websocket::handshake::Refusal;

/// Accepts a client. Equivalent of Autobahn's `ConnectionAccept`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionAccept {
    protocol: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

impl ConnectionAccept {
    /// Accepts without additional headers. The server chooses the subprotocol.
    pub fn new() -> Self {
        ConnectionAccept::default()
    }

    /// Chooses a subprotocol, which must be one that the client offers; otherwise the client gets HTTP
    /// status 500. A server of a protocol above WebSocket accepts only its own subprotocols here.
    /// Default: the server's choice, in
    /// the client's order.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.protocol = Some(name.into());
        self
    }

    /// Adds a header to the answer, such as `Set-Cookie`. With a header that is not valid, or that belongs
    /// to the handshake, the client gets HTTP status 500.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl ConnectionAccept {
    /// Returns the subprotocol of the application's choice.
    pub(crate) fn chosen(&self) -> Option<&str> {
        self.protocol.as_deref()
    }
}

/// Refuses a client. Equivalent of Autobahn's `ConnectionDeny`.
///
/// Made of any error by `?`, it means HTTP status 500. The text of the error is logged and not sent.
///
/// ```
/// use wampwerk::websocket::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
///
/// async fn on_connect(request: ConnectionRequest) -> Result<ConnectionAccept, ConnectionDeny> {
///     let known = std::fs::read_to_string("tokens.txt")?;
///     match request.header("X-Token") {
///         Some(token) if known.lines().any(|line| line == token) => Ok(ConnectionAccept::new()),
///         _ => Err(ConnectionDeny::new(403, "this token is not known")),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionDeny {
    pub(super) status: StatusCode,
    pub(super) reason: String,
    /// Text of an error, for the log.
    pub(super) cause: Option<String>,
}

impl ConnectionDeny {
    /// Returns the answer. An error that was not made for the client is logged, and answered without its text.
    pub(crate) fn into_refusal(self) -> Refusal {
        if let Some(cause) = self.cause {
            tracing::warn!(%cause, "on_connect failed");
        }
        Refusal::new(self.status, self.reason)
    }
}

impl ConnectionDeny {
    /// Refuses with an HTTP status of 400 to 599, or 500 in place of any other, and a text.
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).ok();
        let status = status.filter(|it| it.is_client_error() || it.is_server_error());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        ConnectionDeny { status, reason: reason.into(), cause: None }
    }
}

impl<E: Error> From<E> for ConnectionDeny {
    fn from(error: E) -> Self {
        let deny = ConnectionDeny::new(500, "the server failed");
        ConnectionDeny { cause: Some(error.to_string()), ..deny }
    }
}
