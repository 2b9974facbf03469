//! The client's opening handshake: sends the request, and checks the response.

use std::io;

use http::header::TRANSFER_ENCODING;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::head::{ReadError, read_head};
use super::response::ConnectionResponse;
use crate::error::{Cause, ConnectError, HttpRefusal};
use crate::framing::websocket::handshake::{
    ClientRequest, HeadError, HeadFault, HeadKind, HeadReader, Key, ResponseError,
};
use crate::net::dial::Dialer;
use crate::net::is_end;
use crate::rt::random_bytes;

/// Maximum length of the text of a refusal that an error repeats.
const MAX_REFUSAL_TEXT: usize = 200;

/// An open WebSocket.
pub(crate) struct Opened<S> {
    pub(crate) stream: S,
    /// Octets behind the response: the first frames.
    pub(crate) early: Vec<u8>,
    pub(crate) response: ConnectionResponse,
}

/// The WebSocket was not opened.
#[derive(Debug)]
pub(crate) enum OpeningError {
    Io(io::Error),
    /// The server closed the connection before any octet of an answer.
    Silent(Option<io::Error>),
    /// The server closed the connection within its answer.
    Cut(Option<io::Error>),
    /// The answer is not the one of a WebSocket server that accepts.
    Refused {
        error: ResponseError,
        /// Beginning of the body, if it came with the head.
        body: Vec<u8>,
    },
}

/// Sends the request, which has been checked, and reads the response. The caller limits the time.
pub(crate) async fn open<S>(
    mut stream: S,
    request: &ClientRequest,
    peer: impl ToString,
) -> Result<Opened<S>, OpeningError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let key = Key::new(random_bytes().map_err(OpeningError::Io)?);
    let unsent = |error| OpeningError::ended(Some(error), true);
    stream.write_all(&request.encode(&key)).await.map_err(unsent)?;
    stream.flush().await.map_err(unsent)?;
    let mut reader = HeadReader::new(HeadKind::Response);
    let refused = |error, body| OpeningError::Refused { error, body };
    read_head(&mut stream, &mut reader).await.map_err(|error| match error {
        ReadError::Closed => OpeningError::ended(None, reader.is_empty()),
        ReadError::Io(error) => OpeningError::ended(Some(error), reader.is_empty()),
        ReadError::Bad(error) => refused(ResponseError::Head(error), Vec::new()),
    })?;
    let bad = |error| refused(ResponseError::Head(error), Vec::new());
    let (response, early) = reader.into_response().map_err(bad)?;
    match request.check_response(&key, &response) {
        Ok(agreement) => {
            let headers = response.into_parts().0.headers;
            let response = ConnectionResponse::new(peer.to_string(), headers, agreement);
            Ok(Opened { stream, early, response })
        }
        Err(error) => {
            let encoding = response.headers().get(TRANSFER_ENCODING);
            let chunked = encoding.is_some_and(|value| value.as_bytes().ends_with(b"chunked"));
            Err(refused(error, if chunked { of_chunks(&early) } else { early }))
        }
    }
}

impl OpeningError {
    fn ended(error: Option<io::Error>, silent: bool) -> Self {
        match error {
            Some(error) if !is_end(&error) => OpeningError::Io(error),
            error if silent => OpeningError::Silent(error),
            error => OpeningError::Cut(error),
        }
    }

    /// Returns the error for the user. `hint` names what may be there instead of a WebSocket server that
    /// closes the connection without an answer, such as `"if …, use …"`.
    pub(crate) fn into_connect_error(
        self,
        dial: &Dialer,
        request: &ClientRequest,
        hint: &str,
    ) -> ConnectError {
        let address = dial.peer().to_string();
        let (message, cause) = match self {
            OpeningError::Io(error) => return dial.lost(error),
            OpeningError::Silent(error) => {
                let text = "the server closed the connection without an answer";
                let text = if hint.is_empty() { text.into() } else { format!("{text}; {hint}") };
                (text, error.map(Cause::new))
            }
            OpeningError::Cut(error) => {
                let text = "the server closed the connection within its answer";
                (text.to_owned(), error.map(Cause::new))
            }
            OpeningError::Refused { error: ResponseError::Protocol { chosen }, .. } => {
                let offered = request.protocols.clone();
                return ConnectError::Subprotocol { offered, chosen: Some(chosen) };
            }
            OpeningError::Refused { error: ResponseError::Head(error), .. } => {
                (damaged(error, dial.is_secure()), None)
            }
            OpeningError::Refused { error: ResponseError::Status(status), body } => {
                let body = told(&body);
                let reason = status.canonical_reason().unwrap_or_default();
                let (mut text, mut refusal) =
                    (ResponseError::Status(status).to_string(), reason.to_owned());
                if !body.is_empty() {
                    text = format!("{text}: {body}");
                    refusal = format!("{reason}: {body}");
                }
                (text, Some(Cause::new(HttpRefusal::new(status.as_u16(), refusal))))
            }
            OpeningError::Refused { error, .. } => (error.to_string(), None),
        };
        ConnectError::Handshake { address, message, cause }
    }
}

/// Describes an answer that has no valid head.
fn damaged(error: HeadError, secure: bool) -> String {
    match error.fault {
        HeadFault::Tls if !secure => "not a WebSocket server; it speaks TLS: use wss://".to_owned(),
        HeadFault::Tls | HeadFault::RawSocket | HeadFault::NotHttp => {
            "not a WebSocket server: its answer is not HTTP".to_owned()
        }
        HeadFault::TooLong => "the HTTP head of its answer does not end".to_owned(),
        _ => format!("not a WebSocket server: the HTTP head of its answer is damaged: {error}"),
    }
}

/// Returns the content of a body in chunks (RFC 9112, section 7.1), as far as it is there.
fn of_chunks(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(end) = body.windows(2).position(|octets| octets == b"\r\n") {
        let (line, rest) = body.split_at(end);
        let digits = line.split(|octet| *octet == b';').next().unwrap_or_default().trim_ascii();
        let length = std::str::from_utf8(digits).ok();
        let length = length.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let (Some(length @ 1..), Some(rest)) = (length, rest.get(2..)) else { break };
        let (chunk, rest) = rest.split_at(length.min(rest.len()));
        content.extend_from_slice(chunk);
        body = rest.get(2..).unwrap_or_default();
    }
    content
}

/// Returns the beginning of the body of a refusal, to be shown.
fn told(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .trim()
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(MAX_REFUSAL_TEXT)
        .collect()
}
