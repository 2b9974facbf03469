//! `on_connect`: what the application says to a WebSocket's request.
//!
//! Owns what it is shown and what it may answer. When it is asked is `websocket`'s matter.

use std::fmt;
use std::sync::Arc;

use tungstenite::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use tungstenite::http::{StatusCode, Uri};

/// The request of a WebSocket client, for [`Acceptor::on_connect`](super::Acceptor::on_connect).
/// Autobahn's `ConnectionRequest`.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionRequest<'a> {
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) peer: Option<&'a str>,
}

impl<'a> ConnectionRequest<'a> {
    /// The path: `/ws`.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// What is behind the `?` of the path, as it was sent.
    pub fn query(&self) -> Option<&'a str> {
        self.uri.query()
    }

    /// The first header of this name, in whatever case, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers in order; names in lower case, values as they were sent.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// The page's origin, as it was sent; none of what is no page.
    pub fn origin(&self) -> Option<&'a str> {
        self.header("Origin")
    }

    /// The subprotocols that the client names, in its order.
    pub fn protocols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        super::handshake::tokens(self.headers, "Sec-WebSocket-Protocol")
    }

    /// The client's address; none for what is [mounted](crate::server::Mount), whose HTTP server has
    /// it.
    pub fn peer(&self) -> Option<&'a str> {
        self.peer
    }
}

/// That a client is let in. Autobahn's headers of `onConnect`; the subprotocol is chosen by the
/// client's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionResponse {
    headers: Vec<(String, String)>,
}

impl ConnectionResponse {
    /// Without headers of its own.
    pub fn new() -> Self {
        ConnectionResponse::default()
    }

    /// One more header of the answer, such as `Set-Cookie`. One that cannot be a header, or is the
    /// handshake's own, gets the client HTTP status 500.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds them to an answer.
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

/// Of the handshake, or what says how long an answer is, which has no body.
fn is_ours(name: &HeaderName) -> bool {
    let others =
        [header::CONNECTION, header::UPGRADE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    name.as_str().starts_with("sec-websocket-") || others.contains(name)
}

/// That a client is not let in. Autobahn's `ConnectionDeny`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionDeny {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
}

impl ConnectionDeny {
    /// What the client gets: an HTTP status of 400 to 599, 500 in the place of any other, and a text
    /// for people.
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).ok();
        let status = status.filter(|it| it.is_client_error() || it.is_server_error());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        ConnectionDeny { status, reason: reason.into() }
    }
}

/// What is asked.
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

    /// Asks, and adds to the answer that is sent.
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
