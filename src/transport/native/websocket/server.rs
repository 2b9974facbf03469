//! The accepting side of a WebSocket: the answer to the opening handshake, and the transport.
//!
//! [`check`] decides about a request without a socket, for HTTP servers that read requests themselves;
//! [`answer`] reads and writes.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::header::{self, HeaderName, HeaderValue};
use tungstenite::http::{HeaderMap, Method, Request, Response, StatusCode, Version};

use super::framing::transport;
use crate::framing::websocket::Role;
use crate::message::Serializer;
use crate::net::linger::drain_and_close;
use crate::net::protection::Protection;
use crate::transport::Transport;
use crate::transport::batched::Batched;
use crate::transport::native::accept::{
    AcceptError, ConnectionDeny, ConnectionRequest, OnConnect, Origins,
};
use crate::transport::subprotocol::Subprotocol;
use crate::websocket::handshake::{HeadError, MAX_HEAD, read_head, tokens};
use crate::websocket::settings::Settings;

/// The requirements for a request.
#[derive(Clone, Debug)]
pub(in crate::transport::native) struct Terms {
    /// `None` accepts any path.
    pub(in crate::transport::native) path: Option<String>,
    pub(in crate::transport::native) subprotocols: Vec<Subprotocol>,
    /// True to refuse a client without a supported subprotocol, instead of assuming JSON.
    pub(in crate::transport::native) strict: bool,
    pub(in crate::transport::native) origins: Origins,
    pub(in crate::transport::native) on_connect: Option<OnConnect>,
}

/// An accepted request.
#[derive(Debug)]
pub(crate) struct Agreed {
    subprotocol: Subprotocol,
    response: Response<()>,
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

/// Checks a request and selects the first supported subprotocol of the client's list.
pub(in crate::transport::native) fn check<B>(
    request: &Request<B>,
    terms: &Terms,
    peer: Option<&str>,
) -> Result<Agreed, Refusal> {
    if terms.path.as_ref().is_some_and(|path| request.uri().path() != path) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "no WAMP router at this path"));
    }
    let mut response = switch(request).map_err(|missing| {
        let text = format!("this is a WAMP router; connect by WebSocket ({missing})");
        Refusal::new(StatusCode::UPGRADE_REQUIRED, text)
    })?;
    let forbidden = |text| Refusal::new(StatusCode::FORBIDDEN, text);
    terms.origins.admit(request.headers()).map_err(forbidden)?;
    let (subprotocol, announced) = terms.choose(request.headers())?;
    if announced {
        let name = HeaderValue::from_static(subprotocol.name());
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    // Last, because it may have side effects for accepted clients.
    if let Some(on_connect) = &terms.on_connect {
        let (uri, headers) = (request.uri(), request.headers());
        let request = ConnectionRequest { uri, headers, peer };
        let denied = |deny: ConnectionDeny| Refusal::new(deny.status, deny.reason);
        on_connect.ask(&request, response.headers_mut()).map_err(denied)?;
    }
    Ok(Agreed { subprotocol, response })
}

/// Returns the answer to a WebSocket request, or its error (RFC 6455, section 4.2.1). Lists may be
/// split into several lines, as some proxies do.
fn switch<B>(request: &Request<B>) -> Result<Response<()>, &'static str> {
    let headers = request.headers();
    let has = |name, token: &str| tokens(headers, name).any(|it| it.eq_ignore_ascii_case(token));
    if request.method() != Method::GET || request.version() < Version::HTTP_11 {
        return Err("it needs GET of HTTP/1.1");
    }
    if !has("Connection", "upgrade") || !has("Upgrade", "websocket") {
        return Err("it needs the headers \"Connection: Upgrade\" and \"Upgrade: websocket\"");
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err("it needs the header \"Sec-WebSocket-Version: 13\"");
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let key = key.ok_or("it needs the header \"Sec-WebSocket-Key\"")?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    let accept = accept.map_err(|_| "its key cannot be answered")?;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let upgrade = HeaderValue::from_static("Upgrade");
    response.headers_mut().insert(header::CONNECTION, upgrade);
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

impl Terms {
    fn choose(&self, headers: &HeaderMap) -> Result<(Subprotocol, bool), Refusal> {
        let ours = &self.subprotocols;
        let mut asked = tokens(headers, "Sec-WebSocket-Protocol");
        let common = asked.find_map(|name| ours.iter().find(|one| one.name() == name).copied());
        let json = Subprotocol { serializer: Serializer::Json, batched: false };
        let assumed = Some((json, false)).filter(|_| !self.strict && ours.contains(&json));
        common.map(|one| (one, true)).or(assumed).ok_or_else(|| {
            let ours: Vec<_> = ours.iter().map(|one| one.name()).collect();
            let text = format!("no common subprotocol; this router speaks {}", ours.join(", "));
            Refusal::new(StatusCode::BAD_REQUEST, text)
        })
    }
}

impl Agreed {
    /// Returns the answer for the client.
    pub(crate) fn response(&self) -> &Response<()> {
        &self.response
    }
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into() }
    }

    /// Creates the refusal for too many connections.
    pub(crate) fn no_room() -> Self {
        let text = "too many connections; try again later";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    /// Creates the refusal of a server that shuts down.
    pub(crate) fn down() -> Self {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down")
    }

    /// Returns the answer for the client. The connection cannot be used afterwards.
    pub(crate) fn response(&self) -> Response<String> {
        let mut response = Response::new(format!("{}\n", self.message));
        *response.status_mut() = self.status;
        let mut set = |name: HeaderName, value| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        set(header::CONNECTION, "close");
        set(header::CONTENT_TYPE, "text/plain; charset=utf-8");
        if self.status == StatusCode::UPGRADE_REQUIRED {
            set(header::UPGRADE, "websocket");
            set(header::SEC_WEBSOCKET_VERSION, "13");
        }
        let length = response.body().len();
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        response
    }
}

/// Answers the request that starts with `early` and continues on the stream. Returns the stream and
/// the bytes after the request.
///
/// Without `room` every request is refused.
pub(in crate::transport::native) async fn answer<S>(
    mut stream: S,
    mut early: Vec<u8>,
    terms: &Terms,
    peer: &str,
    room: bool,
) -> Result<(S, Vec<u8>, Agreed), AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let outcome = match read_head::<Request<()>>(&mut stream, &mut early).await {
        Err(HeadError::Closed) => return Err(AcceptError::left()),
        Err(HeadError::Io(error)) => return Err(AcceptError::Lost(error.into())),
        Err(HeadError::Bad(text)) => Err(Refusal::new(StatusCode::BAD_REQUEST, text)),
        Err(HeadError::TooLong) => {
            let text = format!("the HTTP head is longer than {MAX_HEAD} bytes");
            Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, text))
        }
        Ok(_) if !room => Err(Refusal::no_room()),
        Ok((request, behind)) => check(&request, terms, Some(peer)).map(|agreed| (agreed, behind)),
    };
    match outcome {
        Ok((agreed, behind)) => {
            let head = head(agreed.response());
            let lost = |error: std::io::Error| AcceptError::Lost(error.into());
            stream.write_all(&head).await.map_err(lost)?;
            stream.flush().await.map_err(lost)?;
            Ok((stream, behind, agreed))
        }
        Err(refusal) => {
            let response = refusal.response();
            let mut text = head(&response);
            text.extend_from_slice(response.body().as_bytes());
            // The refusal stands, whether or not the client waits for it.
            if stream.write_all(&text).await.is_ok() {
                drain_and_close(stream).await;
            }
            Err(AcceptError::Refused { status: refusal.status.as_u16(), message: refusal.message })
        }
    }
}

/// Creates the transport over a stream after the handshake; `early` contains the bytes after it.
pub(in crate::transport::native) fn open<S>(
    stream: S,
    early: Vec<u8>,
    peer: impl fmt::Display,
    protection: Protection,
    agreed: &Agreed,
    settings: &Settings,
) -> Box<dyn Transport>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let subprotocol = agreed.subprotocol;
    let transport = transport(stream, early, Role::Server, peer, protection, subprotocol, settings);
    Batched::over(Box::new(transport), subprotocol.batched)
}

/// Formats status and headers. Names are spelled as in RFC 6455, because some small clients compare
/// them exactly.
fn head<B>(response: &Response<B>) -> Vec<u8> {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in response.headers() {
        for (index, part) in name.as_str().split('-').enumerate() {
            if index > 0 {
                head.push(b'-');
            }
            let (first, rest) = part.split_at(part.len().min(1));
            head.extend_from_slice(first.to_ascii_uppercase().as_bytes());
            head.extend_from_slice(if part == "websocket" { "ebSocket" } else { rest }.as_bytes());
        }
        for part in [b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}
