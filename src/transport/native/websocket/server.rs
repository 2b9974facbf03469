//! The accepting side of a WebSocket: the answer to the opening handshake, and the transport.
//!
//! Owns what a request must have. [`check`] decides it without a socket, for those who read requests
//! themselves; [`answer`] reads and writes. It does not listen.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tungstenite::handshake::server::create_response_with_body;
use tungstenite::http::header::{self, HeaderName, HeaderValue};
use tungstenite::http::{HeaderMap, Request, Response, StatusCode};
use tungstenite::protocol::Role;

use super::handshake::{HeadError, read_head, tokens};
use super::{Settings, WebSocketTransport};
use crate::message::Serializer;
use crate::transport::batched::Batched;
use crate::transport::native::accept::{AcceptError, Origins};
use crate::transport::native::linger::farewell;
use crate::transport::native::protection::Protection;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::{Transport, TransportInfo};

/// What is asked of a request.
#[derive(Clone, Debug)]
pub(in crate::transport::native) struct Terms {
    /// Any, if there is none.
    pub(in crate::transport::native) path: Option<String>,
    pub(in crate::transport::native) subprotocols: Vec<Subprotocol>,
    /// Who names no subprotocol has to, or else speaks JSON.
    pub(in crate::transport::native) strict: bool,
    pub(in crate::transport::native) origins: Origins,
}

/// A request that is served.
#[derive(Debug)]
pub(crate) struct Agreed {
    subprotocol: Subprotocol,
    response: Response<()>,
}

/// A request that is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

/// Whether a request can be served, and how: the first subprotocol of the client's list that is among
/// ours.
pub(in crate::transport::native) fn check<B>(
    request: &Request<B>,
    terms: &Terms,
) -> Result<Agreed, Refusal> {
    if terms.path.as_ref().is_some_and(|path| request.uri().path() != path) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "no WAMP router at this path"));
    }
    let mut response = create_response_with_body(request, || ()).map_err(|error| {
        let text = format!("this is a WAMP router; connect by WebSocket ({error})");
        Refusal::new(StatusCode::UPGRADE_REQUIRED, text)
    })?;
    let forbidden = |text| Refusal::new(StatusCode::FORBIDDEN, text);
    terms.origins.admit(request.headers()).map_err(forbidden)?;
    let (subprotocol, announced) = terms.choose(request.headers())?;
    if announced {
        let name = HeaderValue::from_static(subprotocol.name());
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    Ok(Agreed { subprotocol, response })
}

impl Terms {
    fn choose(&self, headers: &HeaderMap) -> Result<(Subprotocol, bool), Refusal> {
        let ours = &self.subprotocols;
        let mut asked = tokens(headers, "Sec-WebSocket-Protocol").peekable();
        let json = Subprotocol { serializer: Serializer::Json, batched: false };
        if !self.strict && asked.peek().is_none() && ours.contains(&json) {
            return Ok((json, false));
        }
        let common = asked.find_map(|name| ours.iter().find(|one| one.name() == name).copied());
        common.map(|one| (one, true)).ok_or_else(|| {
            let ours: Vec<_> = ours.iter().map(|one| one.name()).collect();
            let text = format!("no common subprotocol; this router speaks {}", ours.join(", "));
            Refusal::new(StatusCode::BAD_REQUEST, text)
        })
    }
}

impl Agreed {
    /// What the client has to be told.
    pub(crate) fn response(&self) -> &Response<()> {
        &self.response
    }
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into() }
    }

    /// There are too many connections.
    pub(crate) fn no_room() -> Self {
        let text = "there are as many connections as may be; try again later";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    /// The server goes down.
    pub(crate) fn down() -> Self {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the WAMP router here goes down")
    }

    /// What the client has to be told. The connection cannot be used any more.
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

/// Answers the request that begins with `early`, and goes on to come on the stream. What came behind
/// it is given back with the stream.
///
/// Without `room` there is but one answer.
pub(in crate::transport::native) async fn answer<S>(
    mut stream: S,
    early: Vec<u8>,
    terms: &Terms,
    room: bool,
) -> Result<(S, Vec<u8>, Agreed), AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let outcome = match read_head::<Request<()>>(&mut stream, early).await {
        Err(HeadError::Closed) => return Err(AcceptError::Lost("the client left".to_owned())),
        Err(HeadError::Io(error)) => return Err(AcceptError::Lost(error.to_string())),
        Err(HeadError::Bad(text)) => Err(Refusal::new(StatusCode::BAD_REQUEST, text)),
        Ok(_) if !room => Err(Refusal::no_room()),
        Ok((request, behind)) => check(&request, terms).map(|agreed| (agreed, behind)),
    };
    match outcome {
        Ok((agreed, behind)) => {
            let head = head(agreed.response());
            let lost = |error: std::io::Error| AcceptError::Lost(error.to_string());
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
                farewell(stream).await;
            }
            Err(AcceptError::Refused { status: refusal.status.as_u16(), message: refusal.message })
        }
    }
}

/// The transport over a stream whose handshake is done; `early` is what came behind it.
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
    let mut info = TransportInfo::new(agreed.subprotocol.serializer, "websocket", peer);
    protection.tell(&mut info);
    let transport = WebSocketTransport::new(stream, early, Role::Server, info, settings);
    Batched::over(Box::new(transport), agreed.subprotocol.batched)
}

/// Status and headers as they are written. Names are as in RFC 6455, as there are small clients that
/// look for just that.
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
