//! Implements the server's side: checks the request, and builds the answer (RFC 6455, section 4.2).

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::{Method, Request, Response, StatusCode, Version};

use super::fields::{Once, elements, has_token, is_token_text, once};
use super::key::Key;
use super::refusal::Refusal;
use super::scanner::{HeadError, HeadFault};
use crate::framing::websocket::deflate::{BadExtensions, Extension, parse};

/// Offer of a client in a valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// Key, which the answer proves to have read.
    pub key: Key,
    /// Subprotocols, in the client's order.
    pub protocols: Vec<String>,
    /// Extensions, in the client's order, with their parameters. Unknown ones are among them.
    pub extensions: Vec<String>,
}

/// The request does not open a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The head is not valid, or exceeds a limit.
    #[error("{0}")]
    Head(#[source] HeadError),
    /// The method is not GET.
    #[error("the method is {0}; only GET is allowed")]
    Method(Method),
    /// The version of HTTP is below 1.1.
    #[error("the HTTP version is {0:?}; HTTP/1.1 is needed")]
    Version(Version),
    /// The header `Host` is missing or not valid.
    #[error("the header Host must be there once, with a host and an optional port")]
    Host,
    /// The request has a body.
    #[error("a WebSocket request has no body")]
    Body,
    /// The headers `Upgrade` and `Connection` do not ask for WebSocket.
    #[error("it needs the headers \"Connection: Upgrade\" and \"Upgrade: websocket\"")]
    Upgrade,
    /// The protocol's version is not 13.
    #[error("it needs the header \"Sec-WebSocket-Version: 13\"")]
    WebSocketVersion,
    /// The header `Sec-WebSocket-Version` is there more than once.
    #[error("the header Sec-WebSocket-Version is there more than once")]
    RepeatedVersion,
    /// The key is missing, repeated or not valid.
    #[error("the header Sec-WebSocket-Key must be there once, with 16 octets in Base64")]
    Key,
    /// A subprotocol is not a token, or there twice.
    #[error("the header Sec-WebSocket-Protocol must be a list of tokens, each once")]
    Protocols,
    /// The extensions are not a valid list.
    #[error("{0}")]
    Extensions(#[source] BadExtensions),
}

/// The chosen subprotocol was not offered by the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the subprotocol was not offered by the client")]
pub struct UnofferedProtocol;

/// Checks a request, as RFC 6455, section 4.2.1, requires of a server. `Host` is not checked; see
/// [`check_host`].
///
/// # Errors
/// The first rule that the request breaks.
pub fn check<B>(request: &Request<B>) -> Result<Offer, RequestError> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(RequestError::Method(request.method().clone()));
    }
    if request.version() < Version::HTTP_11 {
        return Err(RequestError::Version(request.version()));
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).into_iter();
    if headers.contains_key(TRANSFER_ENCODING) || lengths.any(|length| length != "0") {
        return Err(RequestError::Body);
    }
    if !has_token(headers, &UPGRADE, "websocket") || !has_token(headers, &CONNECTION, "upgrade") {
        return Err(RequestError::Upgrade);
    }
    match once(headers, SEC_WEBSOCKET_VERSION) {
        Once::Value(b"13") => {}
        Once::Value(_) | Once::Missing => return Err(RequestError::WebSocketVersion),
        Once::Repeated => return Err(RequestError::RepeatedVersion),
    }
    let key = match once(headers, SEC_WEBSOCKET_KEY) {
        Once::Value(value) => Key::read(value).ok_or(RequestError::Key)?,
        Once::Missing | Once::Repeated => return Err(RequestError::Key),
    };
    let mut protocols: Vec<String> = Vec::new();
    for element in elements(headers, &SEC_WEBSOCKET_PROTOCOL) {
        let name = std::str::from_utf8(element).ok().filter(|name| is_token_text(name));
        let name = name.ok_or(RequestError::Protocols)?;
        if protocols.iter().any(|one| one == name) {
            return Err(RequestError::Protocols);
        }
        protocols.push(name.to_owned());
    }
    let extensions = parse(headers.get_all(SEC_WEBSOCKET_EXTENSIONS));
    let extensions = extensions.map_err(RequestError::Extensions)?;
    let extensions = extensions.iter().map(Extension::to_string).collect();
    Ok(Offer { key, protocols, extensions })
}

/// Checks that `Host` is there exactly once (RFC 9112, section 3.2).
///
/// # Errors
/// [`RequestError::Host`].
pub fn check_host<B>(request: &Request<B>) -> Result<(), RequestError> {
    host_of(request).map(drop).ok_or(RequestError::Host)
}

/// Returns the host and port that the request is for: of its target if that is a whole URL, else of `Host`.
/// `None` if `Host` is missing, repeated or not valid.
pub fn host_of<B>(request: &Request<B>) -> Option<(&str, Option<u16>)> {
    let Once::Value(value) = once(request.headers(), HOST) else { return None };
    let of_header = split_host(std::str::from_utf8(value).ok()?)?;
    match request.uri().authority() {
        // The target's authority takes precedence (RFC 9112, section 3.2.2).
        Some(authority) => split_host(authority.as_str()),
        None => Some(of_header),
    }
}

/// Splits host and port. The brackets of an IPv6 address stay.
fn split_host(text: &str) -> Option<(&str, Option<u16>)> {
    let behind = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text[behind..].find(':') {
        Some(colon) => {
            let port = &text[behind + colon + 1..];
            let digits = port.bytes().all(|octet| octet.is_ascii_digit());
            (&text[..behind + colon], Some(port.parse().ok().filter(|_| digits)?))
        }
        None => (text, None),
    };
    let of_host = |octet: u8| octet.is_ascii_graphic() && !b"/?#@,\\\"<>".contains(&octet);
    (!host.is_empty() && host.bytes().all(of_host)).then_some((host, port))
}

impl Offer {
    /// Returns the answer that accepts the request.
    ///
    /// # Errors
    /// [`UnofferedProtocol`] if `protocol` is not among the offered ones.
    pub fn accept(
        &self,
        protocol: Option<&str>,
        extensions: Option<&HeaderValue>,
    ) -> Result<Response<()>, UnofferedProtocol> {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        let accept = HeaderValue::try_from(self.key.accept()).map_err(|_| UnofferedProtocol)?;
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(protocol) = protocol {
            if !self.protocols.iter().any(|one| one == protocol) {
                return Err(UnofferedProtocol);
            }
            let value = HeaderValue::try_from(protocol).map_err(|_| UnofferedProtocol)?;
            headers.insert(SEC_WEBSOCKET_PROTOCOL, value);
        }
        if let Some(extensions) = extensions {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, extensions.clone());
        }
        Ok(response)
    }
}

impl RequestError {
    /// Returns the HTTP status that answers the request.
    pub fn status(&self) -> StatusCode {
        match self {
            RequestError::Head(error) => match error.fault {
                HeadFault::TooLong | HeadFault::TooManyFields => {
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
                }
                HeadFault::Version { .. } => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                _ => StatusCode::BAD_REQUEST,
            },
            RequestError::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            RequestError::Version(_) => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            RequestError::Upgrade | RequestError::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
            RequestError::Host
            | RequestError::Body
            | RequestError::RepeatedVersion
            | RequestError::Key
            | RequestError::Protocols
            | RequestError::Extensions(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        Refusal::new(error.status(), error.to_string())
    }
}
