//! Contains `ConnectionResponse`: a server's answer as the client's application sees it.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::framing::websocket::deflate;
use crate::framing::websocket::handshake::Agreement;

/// The answer of a server that has accepted a WebSocket client. Equivalent of Autobahn's
/// `ConnectionResponse`.
#[derive(Clone, Debug)]
pub struct ConnectionResponse {
    peer: String,
    /// Not a map, which takes three times the memory, as long as the connection is open.
    headers: Box<[(HeaderName, HeaderValue)]>,
    agreement: Agreement,
}

impl ConnectionResponse {
    /// The response that a server has sent.
    pub(crate) fn sent(
        peer: String,
        headers: HeaderMap,
        protocol: Option<&str>,
        deflate: Option<&deflate::Agreement>,
    ) -> Self {
        let lines = headers.get_all(http::header::SEC_WEBSOCKET_EXTENSIONS).iter();
        let extensions = lines.filter_map(|line| Some(line.to_str().ok()?.to_owned()));
        let mut extensions: Vec<_> = extensions.collect();
        extensions.shrink_to_fit();
        let agreement = Agreement {
            protocol: protocol.map(str::to_owned),
            extensions,
            deflate: deflate.cloned(),
        };
        ConnectionResponse::new(peer, headers, agreement)
    }

    pub(super) fn new(peer: String, headers: HeaderMap, agreement: Agreement) -> Self {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        ConnectionResponse { peer, headers, agreement }
    }

    /// The response to a handshake that another library has done.
    #[cfg(feature = "tokio-tungstenite")]
    pub(crate) fn unknown() -> Self {
        let (peer, headers) = Default::default();
        let agreement = Agreement { protocol: None, extensions: Vec::new(), deflate: None };
        ConnectionResponse { peer, headers, agreement }
    }

    /// Returns the server's address: host and port, or the path of a unix socket.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// Returns the first header of this name, in any case, if it is present and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(known, _): &&(HeaderName, _)| known.as_str().eq_ignore_ascii_case(name);
        self.headers.iter().find(is_it)?.1.to_str().ok()
    }

    /// Iterates over all headers in order; names in lower case, values as received.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// Returns the agreement about compression.
    pub(crate) fn deflate(&self) -> Option<&deflate::Agreement> {
        self.agreement.deflate.as_ref()
    }

    /// Returns the subprotocol that the server chose.
    #[doc(alias = "websocket_protocol_in_use")]
    pub fn protocol(&self) -> Option<&str> {
        self.agreement.protocol.as_deref()
    }

    /// Iterates over the extensions that the server uses, each with its parameters.
    #[doc(alias = "websocket_extensions_in_use")]
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        self.agreement.extensions.iter().map(String::as_str)
    }
}
