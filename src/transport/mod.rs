//! Transports: connections that carry WAMP messages, and the connectors that make them.
//!
//! - [`WampWebSocketClientFactory`] connects by WebSocket, natively and in the browser; its setters are
//!   the settings of a connection: TLS, proxy, headers, limits, timeouts.
//! - [`memory::pair`] joins two ends in one process.
//! - [`Transport`] and [`Connector`] are the traits for transports of your own. A transport moves whole
//!   frames and never reads a message.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{ConnectError, TransportError};
use crate::message::Serializer;
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};

mod batched;
mod client_factory;
mod config;
pub mod memory;
pub(crate) mod outgoing;
mod round_trip;
pub(crate) mod setters;
mod subprotocol;

pub use crate::settings::{Endpoint, IpVersion, Ping, Proxy, Tls, TlsServer, WebSocketOptions};
pub use crate::url::{RawSocketUrl, WebSocketUrl};
pub(crate) use crate::websocket::CLOSE_TIMEOUT;
pub use crate::websocket::CloseCode;
pub use client_factory::{WampRawSocketClientFactory, WampWebSocketClientFactory};
pub use config::TransportConfig;
pub(crate) use config::{is_secure, ready};
pub use round_trip::RoundTrip;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod web;
        pub(crate) use web::{RAW_SOCKET, check_url, rawsocket_connector, websocket_connector};
    } else {
        pub mod native;
        pub(crate) use native::{RAW_SOCKET, check_url, rawsocket_connector, websocket_connector};
        #[cfg(feature = "router")]
        pub use native::*;
    }
}

/// A connection that carries WAMP messages as frames, one message each.
///
/// Everything is polled by the one task that owns the transport, so nothing can be cancelled
/// half-way. After an error, or the end of [`poll_recv`](Transport::poll_recv), only
/// [`poll_close`](Transport::poll_close) may be called; but what writes may be called after the end,
/// too, if the transport [is half open](Transport::is_half_open) then.
pub trait Transport: MaybeSend {
    /// Result of the negotiation.
    fn info(&self) -> &TransportInfo;

    /// The next frame from the peer. `None` is the orderly end.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>>;

    /// Ready when the transport can take a frame without growing its buffer past its limit.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Takes a frame; only after [`poll_ready`](Transport::poll_ready) was ready. It may stay in a
    /// buffer until [`poll_flush`](Transport::poll_flush).
    ///
    /// A frame that is too long for the transport is refused with
    /// [`TransportError::TooLarge`]; the transport stays usable.
    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError>;

    /// Ready when all frames have left.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Closes the connection, with a bounded wait for the peer. The code of the first call counts.
    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>>;

    /// Longest time that [`poll_close`](Transport::poll_close) takes. Before closing, a server waits as long
    /// for sent frames to leave; it drops a transport that takes more than a second longer to close.
    /// Default: 2 s.
    fn close_timeout(&self) -> Duration {
        CLOSE_TIMEOUT
    }

    /// Returns whether frames can still be sent after the end of [`poll_recv`](Transport::poll_recv): the
    /// peer has ended only its own direction, as on a RawSocket, and may wait for answers.
    /// Default: false.
    fn is_half_open(&self) -> bool {
        false
    }
}

/// Properties of a transport, as both sides agreed on them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportInfo {
    /// The format of the messages.
    pub serializer: Serializer,
    /// True if messages travel in batches (`wamp.2.<serializer>.batched`).
    pub batched: bool,
    /// Kind of the transport: `"websocket"`, `"memory"`, …
    pub kind: &'static str,
    /// The peer's address, for messages and logs.
    pub peer: String,
    /// Maximum length of a sent frame in bytes, as far as it is known. The overhead of a batch is
    /// subtracted.
    pub max_send: usize,
    /// True if the transport uses TLS.
    pub secure: bool,
    /// Channel binding of the TLS connection: RFC 9266, `tls-exporter`. Only natively and with TLS 1.3.
    pub channel_id: Option<[u8; 32]>,
    /// Time of the peer's last answer to a ping.
    pub round_trip: RoundTrip,
}

/// Makes transports to one target; each attempt to connect calls it again.
pub trait Connector: MaybeSend + MaybeSync {
    /// Connects, and agrees on a serializer.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>>;
}

impl<C: Connector + ?Sized> Connector for &C {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        (**self).connect()
    }
}

impl<C: Connector + ?Sized> Connector for Arc<C> {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        (**self).connect()
    }
}

impl<C: Connector + ?Sized> Connector for Box<C> {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        (**self).connect()
    }
}

impl TransportInfo {
    /// Properties without a limit of the length of sent frames.
    pub fn new(serializer: Serializer, kind: &'static str, peer: impl fmt::Display) -> Self {
        let peer = peer.to_string();
        TransportInfo {
            serializer,
            batched: false,
            kind,
            peer,
            max_send: usize::MAX,
            secure: false,
            channel_id: None,
            round_trip: RoundTrip::new(),
        }
    }
}
