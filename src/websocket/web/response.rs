//! Contains `ConnectionResponse`: what the browser tells of a server's answer.

/// The answer of a server that has accepted a WebSocket client. Equivalent of Autobahn's
/// `ConnectionResponse`. The browser does not tell its headers.
#[derive(Clone, Debug)]
pub struct ConnectionResponse {
    peer: String,
    protocol: String,
    extensions: String,
}

impl ConnectionResponse {
    /// Empty texts are for none.
    pub(crate) fn new(peer: String, protocol: String, extensions: String) -> Self {
        ConnectionResponse { peer, protocol, extensions }
    }

    /// Returns host and port of the URL.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// Returns the subprotocol that the server chose.
    #[doc(alias = "websocket_protocol_in_use")]
    pub fn protocol(&self) -> Option<&str> {
        Some(self.protocol.as_str()).filter(|name| !name.is_empty())
    }

    /// Iterates over the extensions that the server uses, each with its parameters as the browser shows
    /// them.
    #[doc(alias = "websocket_extensions_in_use")]
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        // No parameter of an extension that browsers offer has a comma.
        self.extensions.split(',').map(str::trim).filter(|extension| !extension.is_empty())
    }
}
