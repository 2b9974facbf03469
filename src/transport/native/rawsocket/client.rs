//! The client: makes a transport of a URL.
//!
//! Contains the client's settings, and its half of the handshake with its error texts.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::framing::transport;
use super::handshake::{ShakeError, shake_hands};
use crate::codec;
use crate::error::{Cause, ConfigError, ConnectError};
use crate::framing::rawsocket::{MaxLength, ReplyError};
use crate::message::Serializer;
use crate::net::dial::{Dial, Handshake};
use crate::net::dial::{Endpoint, IpVersion, Proxy};
use crate::net::is_end;
use crate::net::limits::SEND_TIMEOUT;
use crate::net::liveness::AutoPing;
use crate::net::protection::Protection;
#[cfg(feature = "tls")]
use crate::net::tls::TlsConfig;
use crate::rt::BoxFuture;
use crate::transport::native::framed::Times;
use crate::transport::{CLOSE_TIMEOUT, Connector, Transport};
use crate::url::RawSocketUrl;

/// Connects to a router by RawSocket, over TCP, TLS or a unix socket. Autobahn's
/// `WampRawSocketClientFactory`.
///
/// ```
/// # #[cfg(all(feature = "router", feature = "cbor"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::Serializer;
/// use wampwerk::transport::WampRawSocketClientFactory;
///
/// # let router = wampwerk::Router::builder().realm("realm1").build()?;
/// # let listener = router.listen("rs://127.0.0.1:0").await?;
/// # let url = listener.url();
/// let factory = WampRawSocketClientFactory::new(url, Serializer::Cbor)?;
/// let session = wampwerk::session::connect_with(&factory, "realm1").await?;
/// assert_eq!(session.transport().kind, "rawsocket");
/// # session.leave().await;
/// # Ok(()) }
/// # #[cfg(not(all(feature = "router", feature = "cbor")))]
/// # fn main() {}
/// ```
///
/// # Detecting a dead connection
/// Over TCP, the system's keepalive checks silent connections: first after 30 s, then every 10 s, on
/// Linux for two minutes. It does not detect that the server's program hangs, and does nothing while
/// sent data is not acknowledged. When the system's buffers are full because the server takes nothing,
/// the connection is given up after the [`send_timeout`](Self::send_timeout). Until then, which can be
/// some MB, only TCP's own, longer limit applies: [`auto_ping`](Self::auto_ping) is for that.
#[derive(Clone, Debug)]
pub struct WampRawSocketClientFactory {
    pub(in crate::transport::native) dial: Dial,
    serializer: Serializer,
    max_message_size: usize,
    max_send_size: Option<usize>,
    close_timeout: Duration,
    send_timeout: Option<Duration>,
    auto_ping: Option<AutoPing>,
}

impl WampRawSocketClientFactory {
    /// Connects to `url` (`rs://host[:port]`, `rss://…` with TLS, or a unix socket, as in
    /// `rs://unix:/run/router.sock`; see [`RawSocketUrl::parse`]), with this serializer: in RawSocket
    /// the server has no choice.
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`], and [`ConnectError::InvalidConfig`] when the URL needs TLS or
    /// the serializer a feature that the crate is built without.
    pub fn new(url: &str, serializer: Serializer) -> Result<Self, ConnectError> {
        let url = RawSocketUrl::parse(url)?;
        if !codec::available().contains(&serializer) {
            let text = format!("{} is not compiled in", serializer.as_str());
            return Err(ConfigError::new("serializer", text).into());
        }
        Ok(WampRawSocketClientFactory {
            dial: Dial::to(&url)?.keepalive(),
            serializer,
            max_message_size: MaxLength::MAX.bytes(),
            max_send_size: None,
            close_timeout: CLOSE_TIMEOUT,
            send_timeout: Some(SEND_TIMEOUT),
            auto_ping: None,
        })
    }

    /// Network endpoint of the server. Default: that of the URL. The certificate must still be valid for
    /// the host of the URL.
    ///
    /// # Errors
    /// For a unix socket where the URL is `rss://`, or where there is
    /// a proxy.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Result<Self, ConfigError> {
        self.dial = self.dial.endpoint(endpoint)?;
        Ok(self)
    }

    /// The proxy to connect through; `None` for none. Default: none; the environment is not read.
    ///
    /// # Errors
    /// For a unix socket.
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Result<Self, ConfigError> {
        self.dial = self.dial.proxy(proxy.into())?;
        Ok(self)
    }

    /// IP version of the addresses that are tried, of the server's name or of the proxy's, if there is
    /// one. Default: [`IpVersion::Any`].
    ///
    /// # Errors
    /// Where an address is given and is of the other version.
    pub fn ip_version(mut self, version: IpVersion) -> Result<Self, ConfigError> {
        self.dial = self.dial.ip_version(version)?;
        Ok(self)
    }

    /// Time limit of all steps before TLS and the handshake: looking up the name, TCP to any of its
    /// addresses, and a proxy's answer. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.dial = self.dial.connect_timeout(timeout);
        self
    }

    /// Time limit of TLS and RawSocket's handshake together. Default: 10 s.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.dial = self.dial.handshake_timeout(timeout);
        self
    }

    /// The longest message in bytes, both ways. Default: 16 MiB, which is RawSocket's own limit.
    ///
    /// The server is told so, and a longer message from it ends the connection; as only powers of two
    /// from 512 bytes to 16 MiB can be told, it is the next of them that is taken. What is sent is
    /// also limited by what the server takes, and to 2^24 - 1 bytes, as Autobahn cannot read the
    /// length of 16 MiB; more is refused with [`TooLarge`](crate::TransportError::TooLarge), and the
    /// connection stays. With less than some 600 bytes not even HELLO can be sent: a session ends
    /// with `wamp.error.payload_size_exceeded` before it is joined.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// The longest message in bytes that is sent, where that is another limit than for what is
    /// taken. The server's limit holds as well. Default:
    /// [`max_message_size`](Self::max_message_size).
    #[must_use]
    pub fn max_send_size(mut self, bytes: usize) -> Self {
        self.max_send_size = Some(bytes);
        self
    }

    /// Time limit of closing: sending what is left, and the server's end of the connection.
    /// Default: 2 s.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Longest time in which the server takes no byte of what is sent, before the connection is given up;
    /// `None` for no limit. Default: 20 s, with and without auto-ping.
    #[must_use]
    pub fn send_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.send_timeout = timeout.into();
        self
    }

    /// Automatic pings; `None` for none. Default: none.
    ///
    /// RawSocket has PING and PONG for it, but Crossbar and Autobahn|Python (on Twisted) do not know
    /// them: they take a PING for a message of 16 MiB, and drop the connection. So it is for servers
    /// that are known to answer, as our own router does.
    #[must_use]
    pub fn auto_ping(mut self, auto_ping: impl Into<Option<AutoPing>>) -> Self {
        self.auto_ping = auto_ping.into();
        self
    }

    /// TLS settings for `rss://`. Default: the platform's trust store, and no client certificate.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.dial = self.dial.tls(tls);
        self
    }

    fn failed(&self, error: ShakeError) -> ConnectError {
        let address = self.dial.peer().to_string();
        let serializer = self.serializer.as_str();
        let mut cause = None;
        let message = match error {
            ShakeError::Io(error) if !is_end(&error) => return self.dial.lost(error),
            ShakeError::Reply(ReplyError::Refused(refusal)) => {
                return ConnectError::RawSocketRefused { address, serializer, refusal };
            }
            // Crossbar's way of saying so.
            error @ (ShakeError::Io(_) | ShakeError::Closed) => {
                if let ShakeError::Io(error) = error {
                    cause = Some(Cause::new(error));
                }
                let text = "the server closed the connection during the RawSocket handshake";
                format!("{text}; it may not speak {serializer}")
            }
            ShakeError::Reply(error @ ReplyError::Magic(octet)) => match known(octet) {
                Some(what) => format!("{error}; {what}"),
                None => error.to_string(),
            },
            ShakeError::Reply(error) => error.to_string(),
        };
        ConnectError::Handshake { address, message, cause }
    }
}

/// Another protocol that begins with this octet.
fn known(octet: u8) -> Option<&'static str> {
    match octet {
        // The types of TLS records: alert and handshake (RFC 8446, section 5.1).
        0x15 | 0x16 => Some("it speaks TLS: use rss://"),
        b'H' => Some("it seems to be HTTP: if there is WebSocket, use ws://"),
        _ => None,
    }
}

impl Connector for WampRawSocketClientFactory {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(self.dial.open(self))
    }
}

impl Handshake for WampRawSocketClientFactory {
    type Output = Box<dyn Transport>;

    const STEP: &'static str = "the RawSocket handshake";

    /// Servers of both wait for more than our four octets, as Crossbar's do.
    fn silence(&self) -> &'static str {
        match (self.dial.is_secure(), self.dial.peer().is_unix()) {
            (true, _) => "; if it is a server of WebSocket, use wss://",
            (false, false) => "; if it is a server of WebSocket, use ws://, and of TLS, rss://",
            (false, true) => "; if it is a server of WebSocket, use ws://",
        }
    }

    async fn shake_hands<S>(
        &self,
        mut stream: S,
        protection: Protection,
    ) -> Result<Box<dyn Transport>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let sizes = (self.max_message_size, self.max_send_size);
        let agreement = shake_hands(&mut stream, self.serializer, sizes)
            .await
            .map_err(|error| self.failed(error))?;
        let times = Times {
            auto_ping: self.auto_ping,
            send_timeout: self.send_timeout,
            close_timeout: self.close_timeout,
        };
        let peer = self.dial.peer();
        Ok(Box::new(transport(stream, agreement, peer, protection, times)))
    }
}
