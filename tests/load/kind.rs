//! The transports that sessions come over.

use wampwerk::Serializer;
use wampwerk::error::ConnectError;
use wampwerk::transport::{
    Connector, Transport, WampRawSocketClientFactory, WampWebSocketClientFactory,
};

/// A transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    WebSocket,
    Tcp,
    Unix,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::WebSocket, Kind::Tcp, Kind::Unix];

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        match key {
            "ws" => Some(Kind::WebSocket),
            "tcp" => Some(Kind::Tcp),
            "unix" => Some(Kind::Unix),
            _ => None,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::WebSocket => "WebSocket, TCP",
            Kind::Tcp => "RawSocket, TCP",
            Kind::Unix => "RawSocket, unix",
        }
    }

    /// Maximum heap of an idle session at the router, in bytes.
    pub(crate) fn idle_heap(self) -> usize {
        match self {
            Kind::WebSocket => 8 << 10,
            Kind::Tcp | Kind::Unix => 6 << 10,
        }
    }

    /// A transport for hand-written JSON messages.
    pub(crate) async fn open(self, url: &str) -> Result<Box<dyn Transport>, ConnectError> {
        match self {
            Kind::WebSocket => {
                WampWebSocketClientFactory::new(url, &[Serializer::Json])?.connect().await
            }
            Kind::Tcp | Kind::Unix => {
                WampRawSocketClientFactory::new(url, Serializer::Json)?.connect().await
            }
        }
    }
}
