//! Contains `Refusal`, the answer to a request that is not accepted, and the encoding of answers.

use http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Response, StatusCode};

/// A refused request: an HTTP status, and a text for the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Status of the answer.
    pub status: StatusCode,
    /// Text of the answer.
    pub message: String,
}

impl Refusal {
    /// Creates a refusal.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into() }
    }

    /// Creates the refusal for too many connections.
    pub fn no_room() -> Self {
        let text = "too many connections; try again later";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    /// Creates the refusal of a server that shuts down.
    pub fn down() -> Self {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down")
    }

    /// Creates the refusal after a fault of the server, whose text is not shown.
    pub fn failed() -> Self {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed")
    }

    /// Returns the answer for the client. The connection cannot be used afterwards.
    pub fn response(&self) -> Response<String> {
        let mut response = Response::new(format!("{}\n", self.message));
        *response.status_mut() = self.status;
        let mut set = |name: HeaderName, value| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        set(CONNECTION, "close");
        set(CONTENT_TYPE, "text/plain; charset=utf-8");
        match self.status {
            StatusCode::UPGRADE_REQUIRED => {
                set(CONNECTION, "Upgrade, close");
                set(UPGRADE, "websocket");
                set(SEC_WEBSOCKET_VERSION, "13");
            }
            StatusCode::METHOD_NOT_ALLOWED => set(ALLOW, "GET"),
            _ => {}
        }
        let length = response.body().len();
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
        response
    }
}

/// Encodes status and headers. Names are spelled as in RFC 6455, because some small clients compare
/// them exactly.
pub fn encode<B>(response: &Response<B>) -> Vec<u8> {
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
