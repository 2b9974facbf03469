//! Contains the transports of WAMP messages, their settings, and the traits for custom transports.
//!
//! Most programs need only a URL: [`connect`](fn@crate::connect) selects the transport and has the
//! settings of a connection. Use this module to reuse settings, and for custom transports.
//!
//! ```
//! use std::time::Duration;
//! use wampwerk::Serializer;
//! use wampwerk::transport::{Tls, WampWebSocketClientFactory};
//!
//! let factory = WampWebSocketClientFactory::new("wss://example.com/ws", &[Serializer::Cbor])?
//!     .tls(Tls::new().hostname("router.example.com"))
//!     .connect_timeout(Duration::from_secs(3));
//! // wampwerk::session::connect_with(&factory, "realm1").await?
//! # let _ = factory;
//! # Ok::<(), wampwerk::error::ConnectError>(())
//! ```
//!
//! - [`WampWebSocketClientFactory`] connects by WebSocket, natively and in the browser; natively
//!   `WampRawSocketClientFactory` connects by RawSocket.
//! - [`TransportConfig`] contains all settings of a connection: TLS, proxy, headers, limits, timeouts.
//! - [`MemoryTransport::pair`] creates two connected ends in one process.
//! - [`Transport`] and [`Connector`] are the traits for custom transports. A transport moves complete
//!   frames and never reads a message.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{ConnectError, TransportError};
use crate::message::Serializer;
use crate::websocket::TrafficStats;

pub(crate) mod batched;
mod client_factory;
mod config;
mod connector;
#[cfg(not(feature = "hosted"))]
mod custom;
mod memory;
pub(crate) mod outgoing;
mod round_trip;
pub(crate) mod setters;
pub(crate) mod shared_frame;
mod subprotocol;
#[cfg_attr(feature = "hosted", path = "no_traffic.rs")]
mod traffic;

pub use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
pub use crate::settings::{Endpoint, IpVersion, Ping, Proxy, Tls, TlsServer};
pub(crate) use crate::websocket::{CLOSE_TIMEOUT, CloseCode};
pub use client_factory::{WampRawSocketClientFactory, WampWebSocketClientFactory};
pub use config::TransportConfig;
pub(crate) use config::{is_secure, of_url, ready};
pub use memory::MemoryTransport;
use round_trip::RoundTrip;
use shared_frame::SharedFrame;
pub(crate) use traffic::{Counted, Traffic};

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod web;
        /// Proxies are the browser's.
        pub(crate) mod proxies {}
        pub(crate) use web::{RAW_SOCKET, check_url, rawsocket_connector, websocket_connector};
    } else {
        pub(crate) mod native;
        /// The protocols of proxies.
        pub(crate) mod proxies {
            pub use crate::net::dial::open_tunnel;
        }
        pub(crate) use native::{RAW_SOCKET, check_url, rawsocket_connector, websocket_connector};
        #[cfg(feature = "tokio-tungstenite")]
        pub use native::TungsteniteTransport;
        pub use native::accept::{Acceptor, ServerOptions};
    }
}

/// A connection that carries WAMP messages as frames, one message each.
///
/// The task that owns the transport polls all methods, so no operation can be canceled half-way.
/// After an error, or after the end of [`poll_recv`](Transport::poll_recv), only
/// [`poll_close`](Transport::poll_close) may be called. If the transport [is half
/// open](Transport::is_half_open) then, the sending methods may be called, too.
#[doc(alias = "ITransport")]
pub trait Transport: MaybeSend {
    /// Result of the negotiation.
    fn info(&self) -> &TransportInfo;

    /// Returns the next frame from the peer, or `None` at the orderly end.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>>;

    /// Completes when the transport can accept a frame without exceeding its buffer limit.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Accepts a frame. Call it only after [`poll_ready`](Transport::poll_ready) was ready. The
    /// frame may stay in a buffer until [`poll_flush`](Transport::poll_flush).
    ///
    /// # Errors
    /// Returns [`TransportError::TooLarge`] for a frame that is too long; the transport stays
    /// usable.
    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError>;

    /// As [`start_send`](Transport::start_send), for a frame that other transports send, too. A
    /// transport around another one passes the frame on; its type is named in `internals`. Default:
    /// sends its bytes.
    ///
    /// # Errors
    /// Returns [`TransportError::TooLarge`] for a frame that is too long; the transport stays
    /// usable.
    fn start_send_shared(&mut self, frame: SharedFrame) -> Result<(), TransportError> {
        self.start_send(frame.into())
    }

    /// Completes when all frames were sent.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Closes the connection and waits for the peer for a bounded time. The code of the first call
    /// counts.
    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>>;

    /// Refuses longer messages of the peer from now on; the transport's own limit still applies. A peer
    /// without a session may send short ones only, so that strangers cannot fill memory. Default: does
    /// nothing, and the messages are refused once they are complete.
    fn limit_messages(&mut self, bytes: usize) {
        let _ = bytes;
    }

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
#[doc(alias = "TransportDetails")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportInfo {
    /// Serializer of the messages.
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
    round_trip: RoundTrip,
    traffic: Traffic,
}

/// Makes transports to one target; each attempt to connect calls it again.
pub trait Connector: MaybeSend + MaybeSync {
    /// Connects and negotiates a serializer.
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
            round_trip: RoundTrip::default(),
            traffic: Traffic::default(),
        }
    }

    /// Returns the time from the last answered ping to its answer, as last measured. Copies of these
    /// properties return the same.
    ///
    /// [`Ping`] measures it, so only native WebSocket and RawSocket have one, and only once a ping was
    /// answered. It includes the turns of both processes; load on either side makes it longer.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), wampwerk::error::ConnectError> {
    /// let session = wampwerk::connect("ws://127.0.0.1:8080/ws", "realm1").await?;
    /// match session.transport().round_trip() {
    ///     Some(time) => println!("the router answers within {time:?}"),
    ///     None => println!("no ping was answered yet"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "onAutoPong")]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip.last()
    }

    /// Returns the number of WAMP messages of a session or server connection, and their bytes in its
    /// [`serializer`](Self::serializer), as `messages_in`, `messages_out`, `payload_in` and `payload_out`; the
    /// other counts are 0. Copies of these properties return the same. In the npm package all are 0.
    ///
    /// ```
    /// # #[cfg(feature = "router")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = wampwerk::Router::builder().realm("realm1").build()?;
    /// let session = router.connect("realm1").await?;
    /// let traffic = session.transport().traffic();
    /// // HELLO and WELCOME.
    /// assert_eq!((traffic.messages_out, traffic.messages_in), (1, 1));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "router"))]
    /// # fn main() {}
    /// ```
    #[doc(alias("stats", "trafficStats"))]
    pub fn traffic(&self) -> TrafficStats {
        self.traffic.stats()
    }

    /// Adds to the counts of messages.
    pub(crate) fn count(&self, counted: Counted) {
        self.traffic.add(counted);
    }

    /// Sets the time of an answered ping. For custom transports.
    pub fn set_round_trip(&self, time: Duration) {
        self.round_trip.set(time);
    }
}
