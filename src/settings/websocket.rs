//! `WebSocketOptions`: what Autobahn's `setProtocolOptions` sets, for clients.

use std::time::Duration;

use crate::error::ConfigError;
use crate::settings::{Deflate, LARGEST, Ping, check_time};

/// Sizes, times and pings of a client's connection. Autobahn's `setProtocolOptions`.
///
/// Each has the name that it has there, in `snake_case`; [`max_send_size`](Self::max_send_size) and
/// [`send_timeout`](Self::send_timeout) are ours. The defaults below are WebSocket's.
///
/// RawSocket refuses `max_frame_payload_size`, `auto_fragment_size`, `per_message_deflate`, `fail_by_drop` and
/// `server_connection_drop_timeout`. There, messages have 512 bytes to 16 MiB, closing takes up to 2 s
/// in one step, and pings are sent only with an `auto_ping_interval`, without which the other settings
/// of pings are refused. The browser has `max_message_payload_size` and `open_handshake_timeout`.
#[doc(alias("setProtocolOptions", "echoCloseCodeReason", "utf8validateIncoming", "tcpNoDelay"))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSocketOptions {
    pub(crate) max_frame_payload_size: Option<usize>,
    pub(crate) max_message_payload_size: Option<usize>,
    pub(crate) max_send_size: Option<usize>,
    pub(crate) open_handshake_timeout: Option<Duration>,
    pub(crate) close_handshake_timeout: Option<Duration>,
    pub(crate) server_connection_drop_timeout: Option<Duration>,
    pub(crate) close_timeout: Option<Duration>,
    /// `Some(None)`: without limit.
    pub(crate) send_timeout: Option<Option<Duration>>,
    pub(crate) ping: Ping,
    /// 0 for none.
    pub(crate) auto_fragment_size: Option<usize>,
    /// `Some(None)`: switched off.
    pub(crate) per_message_deflate: Option<Option<Deflate>>,
    pub(crate) fail_by_drop: Option<bool>,
}

impl WebSocketOptions {
    /// Creates options with the defaults.
    pub fn new() -> Self {
        WebSocketOptions::default()
    }

    /// Maximum size of a received WebSocket frame in bytes, without its header. A longer one ends the
    /// connection with close code 1009 before it is read. Default: as long as a message.
    #[doc(alias = "maxFramePayloadSize")]
    #[must_use]
    pub fn max_frame_payload_size(mut self, bytes: usize) -> Self {
        self.max_frame_payload_size = Some(bytes);
        self
    }

    /// Maximum size of a message in bytes, in both directions. A longer one that comes ends the
    /// connection, over WebSocket with close code 1009; one that is to be sent is refused with
    /// [`TooLarge`](crate::error::TransportError::TooLarge), and the connection stays. Default: 16 MiB.
    ///
    /// In batches it is the batch that is limited, and none is made longer.
    ///
    /// Over RawSocket the server is told the next power of two, from 512 bytes to 16 MiB. What is sent
    /// is also limited by what the server takes, and to 2^24 - 1 bytes, as Autobahn cannot read the
    /// length of 16 MiB. With less than some 600 bytes not even HELLO can be sent: a session ends with
    /// `wamp.error.payload_size_exceeded` before it is joined.
    #[doc(alias = "maxMessagePayloadSize")]
    #[must_use]
    pub fn max_message_payload_size(mut self, bytes: usize) -> Self {
        self.max_message_payload_size = Some(bytes);
        self
    }

    /// Maximum size of a sent message in bytes, where it differs from that of a received one. The
    /// limit of a RawSocket's server holds as well. Default:
    /// [`max_message_payload_size`](Self::max_message_payload_size).
    #[must_use]
    pub fn max_send_size(mut self, bytes: usize) -> Self {
        self.max_send_size = Some(bytes);
        self
    }

    /// Time limit for TLS and the opening handshake together. A proxy's answer counts as connecting,
    /// unlike in Autobahn: see [`connect_timeout`](crate::transport::TransportConfig::connect_timeout).
    /// Default: 10 s.
    #[doc(alias = "openHandshakeTimeout")]
    #[must_use]
    pub fn open_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.open_handshake_timeout = Some(timeout);
        self
    }

    /// Time limit for sending what is left and for the server's answer when closing. Default: 1 s;
    /// for RawSocket 2 s.
    #[doc(alias = "closeHandshakeTimeout")]
    #[must_use]
    pub fn close_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.close_handshake_timeout = Some(timeout);
        self
    }

    /// Time limit after that for the server to end the TCP connection. Default: 1 s.
    #[doc(alias = "serverConnectionDropTimeout")]
    #[must_use]
    pub fn server_connection_drop_timeout(mut self, timeout: Duration) -> Self {
        self.server_connection_drop_timeout = Some(timeout);
        self
    }

    /// Time limit for all of closing: sending what is left, the server's answer, and the end of the TCP
    /// connection by the server. It replaces the two limits above. Default: 2 s.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = Some(timeout);
        self
    }

    /// Maximum time in which the server reads nothing of what is sent to it. Then the connection ends.
    /// `None`: no limit. Default: 20 s, with or without pings.
    #[must_use]
    pub fn send_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.send_timeout = Some(timeout.into());
        self
    }

    /// All settings of pings at once; `None` for no pings. Default: see [`Ping`]; RawSocket sends none.
    ///
    /// RawSocket has PING and PONG too, but Crossbar and Autobahn|Python (on Twisted) take a PING for
    /// a message of 16 MiB and drop the connection. Set it for servers that are known to answer, such
    /// as the embedded router.
    #[must_use]
    pub fn auto_ping(mut self, ping: impl Into<Option<Ping>>) -> Self {
        self.ping = Ping::set(ping.into());
        self
    }

    /// Time without received data after which a ping is sent. Zero: pings are never sent.
    /// Default: 10 s.
    #[doc(alias = "autoPingInterval")]
    #[must_use]
    pub fn auto_ping_interval(mut self, interval: Duration) -> Self {
        self.ping.interval = Some(interval);
        self
    }

    /// Time limit for the answer to a ping. Then the connection ends as lost. Zero: no limit.
    /// Default: 10 s.
    #[doc(alias = "autoPingTimeout")]
    #[must_use]
    pub fn auto_ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping.timeout = Some(timeout);
        self
    }

    /// Number of bytes of a ping, 12 to 125. Default: 12.
    #[doc(alias = "autoPingSize")]
    #[must_use]
    pub fn auto_ping_size(mut self, bytes: usize) -> Self {
        self.ping.size = Some(bytes);
        self
    }

    /// Sets whether any received data counts as the answer to a ping; see [`Ping::restart_on_traffic`].
    /// Default: true.
    #[doc(alias = "autoPingRestartOnAnyTraffic")]
    #[must_use]
    pub fn auto_ping_restart_on_any_traffic(mut self, restart: bool) -> Self {
        self.ping.restart_on_traffic = Some(restart);
        self
    }

    /// Sends each message that is longer than this in several frames of so many bytes, the last one
    /// shorter (RFC 6455, section 5.4); 0 for one frame per message. It is for servers and middle boxes
    /// with a limit on frames: each frame costs 6 to 14 bytes more. Default: 0.
    #[doc(alias = "autoFragmentSize")]
    #[must_use]
    pub fn auto_fragment_size(mut self, bytes: usize) -> Self {
        self.auto_fragment_size = Some(bytes);
        self
    }

    /// Offers compression of messages with these settings; `None` for no compression. See [`Deflate`]
    /// for its risks. In the browser it is not available as a setting: the browser offers it by itself.
    /// Default: no compression.
    #[doc(alias = "perMessageCompressionOffers")]
    #[must_use]
    pub fn per_message_deflate(mut self, deflate: impl Into<Option<Deflate>>) -> Self {
        self.per_message_deflate = Some(deflate.into());
        self
    }

    /// Drops the TCP connection without a Close frame if the peer breaks a rule or does not answer a ping. If
    /// false, a Close frame tells the peer the code of its fault. Default: false; in Autobahn true.
    #[doc(alias = "failByDrop")]
    #[must_use]
    pub fn fail_by_drop(mut self, drop: bool) -> Self {
        self.fail_by_drop = Some(drop);
        self
    }

    /// Takes the unset options from others.
    pub(crate) fn or(self, others: WebSocketOptions) -> Self {
        WebSocketOptions {
            max_frame_payload_size: self.max_frame_payload_size.or(others.max_frame_payload_size),
            max_message_payload_size: self
                .max_message_payload_size
                .or(others.max_message_payload_size),
            max_send_size: self.max_send_size.or(others.max_send_size),
            open_handshake_timeout: self.open_handshake_timeout.or(others.open_handshake_timeout),
            close_handshake_timeout: self
                .close_handshake_timeout
                .or(others.close_handshake_timeout),
            server_connection_drop_timeout: self
                .server_connection_drop_timeout
                .or(others.server_connection_drop_timeout),
            close_timeout: self.close_timeout.or(others.close_timeout),
            send_timeout: self.send_timeout.or(others.send_timeout),
            ping: self.ping.or(others.ping),
            auto_fragment_size: self.auto_fragment_size.or(others.auto_fragment_size),
            per_message_deflate: self.per_message_deflate.or(others.per_message_deflate),
            fail_by_drop: self.fail_by_drop.or(others.fail_by_drop),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            (self.max_frame_payload_size, "max_frame_payload_size", 1),
            (self.max_message_payload_size, "max_message_payload_size", 1),
            (self.max_send_size, "max_send_size", 1),
            (self.auto_fragment_size, "auto_fragment_size", 0),
        ];
        for (size, key, least) in sizes {
            if size.is_some_and(|size| size < least || size > LARGEST) {
                let text = format_args!("it must be {least} to {LARGEST} bytes");
                return Err(ConfigError::new(key, text));
            }
        }
        let times = [
            (self.open_handshake_timeout, "open_handshake_timeout", true),
            (self.close_handshake_timeout, "close_handshake_timeout", true),
            (self.server_connection_drop_timeout, "server_connection_drop_timeout", true),
            (self.close_timeout, "close_timeout", false),
            (self.send_timeout.flatten(), "send_timeout", true),
        ];
        for (time, key, never_zero) in times {
            if let Some(Err(text)) = time.map(|time| check_time(time, never_zero)) {
                return Err(ConfigError::new(key, text));
            }
        }
        let steps = [self.close_handshake_timeout, self.server_connection_drop_timeout];
        if self.close_timeout.is_some() && steps.iter().any(Option::is_some) {
            let text = "it cannot be set beside close_handshake_timeout and \
                        server_connection_drop_timeout";
            return Err(ConfigError::new("close_timeout", text));
        }
        if let Some(Some(deflate)) = &self.per_message_deflate {
            deflate.check().map_err(|error| error.within("per_message_deflate"))?;
        }
        self.ping.check()
    }
}
