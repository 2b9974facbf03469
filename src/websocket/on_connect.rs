//! `on_connect`: the application's decision about a WebSocket request.
//!
//! Contains the request as the application sees it, and its possible answers.

use std::fmt;
use std::sync::Arc;

use tungstenite::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use tungstenite::http::{StatusCode, Uri};

/// The request of a WebSocket client, for the function that a server calls `on_connect`. Equivalent of
/// Autobahn's `ConnectionRequest`.
///
/// The function accepts the request, with additional headers of the answer, or refuses it. It must
/// not block: the connection waits for it. Use it for what is outside of WAMP: tokens in the query,
/// cookies, addresses. To identify a session, use WAMP's own authentication.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionRequest<'a> {
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) peer: Option<&'a str>,
}

impl<'a> ConnectionRequest<'a> {
    /// Returns the path, such as `/ws`.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// The text behind the `?` of the path, as it was sent.
    pub fn query(&self) -> Option<&'a str> {
        self.uri.query()
    }

    /// The first header of this name, in any case, if it is present and text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Iterates over all headers in order; names in lower case, values as received.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// The page's origin, as it was sent; `None` if the client is not a page.
    pub fn origin(&self) -> Option<&'a str> {
        self.header("Origin")
    }

    /// Iterates over the subprotocols that the client offers, in its order.
    pub fn protocols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        super::handshake::tokens(self.headers, "Sec-WebSocket-Protocol")
    }

    /// The client's address; `None` in a [mounted](crate::server::Mount) server, where the HTTP server
    /// has it.
    pub fn peer(&self) -> Option<&'a str> {
        self.peer
    }
}

/// Accepts a client. Autobahn's headers of `onConnect`; the subprotocol is chosen by the client's
/// order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionResponse {
    headers: Vec<(String, String)>,
}

impl ConnectionResponse {
    /// Accepts without additional headers.
    pub fn new() -> Self {
        ConnectionResponse::default()
    }

    /// Adds a header to the answer, such as `Set-Cookie`. With a header that is not valid, or that belongs
    /// to the handshake, the client gets HTTP status 500.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds the headers to an answer.
    fn add_to(&self, headers: &mut HeaderMap) -> Result<(), ConnectionDeny> {
        for (name, value) in &self.headers {
            match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                (Ok(name), Ok(value)) if !is_ours(&name) => drop(headers.append(name, value)),
                _ => {
                    tracing::warn!(name, "on_connect gave a header that cannot be sent");
                    return Err(ConnectionDeny::new(500, "the server's answer cannot be sent"));
                }
            }
        }
        Ok(())
    }
}

/// Returns whether the header belongs to the handshake, or describes a body, which the answer does not
/// have.
fn is_ours(name: &HeaderName) -> bool {
    let others =
        [header::CONNECTION, header::UPGRADE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    name.as_str().starts_with("sec-websocket-") || others.contains(name)
}

/// Refuses a client. Autobahn's `ConnectionDeny`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionDeny {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
}

impl ConnectionDeny {
    /// Refuses with an HTTP status of 400 to 599, or 500 in place of any other, and a text.
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).ok();
        let status = status.filter(|it| it.is_client_error() || it.is_server_error());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        ConnectionDeny { status, reason: reason.into() }
    }
}

/// The application's function.
#[derive(Clone)]
pub(crate) struct OnConnect(Arc<Ask>);

type Ask =
    dyn Fn(&ConnectionRequest<'_>) -> Result<ConnectionResponse, ConnectionDeny> + Send + Sync;

impl OnConnect {
    pub(crate) fn new<F>(ask: F) -> Self
    where
        F: Fn(&ConnectionRequest<'_>) -> Result<ConnectionResponse, ConnectionDeny>
            + Send
            + Sync
            + 'static,
    {
        OnConnect(Arc::new(ask))
    }

    /// Calls the function, and adds its headers to the answer that is sent.
    pub(crate) fn ask(
        &self,
        request: &ConnectionRequest<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), ConnectionDeny> {
        (self.0)(request)?.add_to(headers)
    }
}

impl fmt::Debug for OnConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnConnect")
    }
}
