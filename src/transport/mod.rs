//! How WAMP messages travel: the transport trait, and a connector that makes transports.
//!
//! Owns the seam between a session and the world. A transport moves whole frames; it knows the
//! serializer's name (it decides between text and binary frames), but reads no message.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{ConnectError, TransportError};
use crate::message::Serializer;
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};

#[cfg(any(target_arch = "wasm32", feature = "client", feature = "router"))]
mod batched;
pub mod memory;
pub(crate) mod outgoing;
mod round_trip;
mod settings;
#[cfg(any(target_arch = "wasm32", feature = "client", feature = "router"))]
mod subprotocol;

pub use crate::url::{RawSocketUrl, WebSocketUrl};
pub(crate) use crate::websocket::CLOSE_TIMEOUT;
pub use crate::websocket::CloseCode;
pub use round_trip::RoundTrip;
pub(crate) use settings::{ClientSettings, LARGEST, LONGEST, PING_SIZES, check_time};
pub use settings::{EndpointConfig, ProxyConfig, ProxyKind, TlsOptions, WebSocketOptions};

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod web;
        pub use web::*;
        pub(crate) use web::{RAW_SOCKET, rawsocket_connector, websocket_connector};
    } else {
        pub mod native;
        pub(crate) use native::{RAW_SOCKET, rawsocket_connector, websocket_connector};
        #[cfg(any(feature = "client", feature = "router"))]
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
    /// What the two sides agreed on.
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

    /// How long [`poll_close`](Transport::poll_close) takes at most. A server waits as long before
    /// it, for what was sent to leave; and drops what takes more than a second longer to close.
    /// Default: 2 s.
    fn close_timeout(&self) -> Duration {
        CLOSE_TIMEOUT
    }

    /// Whether, after the end of [`poll_recv`](Transport::poll_recv), frames can still be sent: the
    /// peer has ended its own direction alone, as on a RawSocket, and may wait for answers.
    /// Default: no.
    fn is_half_open(&self) -> bool {
        false
    }
}

/// What the two sides of a transport agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportInfo {
    /// The format of the messages.
    pub serializer: Serializer,
    /// Whether messages travel in batches (`wamp.2.<serializer>.batched`).
    pub batched: bool,
    /// What kind of transport it is: `"websocket"`, `"memory"`, …
    pub kind: &'static str,
    /// The peer's address, for people.
    pub peer: String,
    /// The longest frame that may be sent, in bytes, as far as it is known. In a batch, what
    /// surrounds a message counts, too, and is taken off here.
    pub max_send: usize,
    /// Whether TLS protects it.
    pub secure: bool,
    /// What names the one TLS connection below for its two ends alone: RFC 9266, `tls-exporter`.
    /// Only natively and with TLS 1.3.
    pub channel_id: Option<[u8; 32]>,
    /// How long the peer's last answer to a ping took.
    pub round_trip: RoundTrip,
}

/// Makes transports to one place; each attempt to connect calls it again.
pub trait Connector: MaybeSend + MaybeSync {
    /// Connects, and agrees on a serializer.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>>;
}

impl TransportInfo {
    /// An agreement without a limit of its own for what may be sent.
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
