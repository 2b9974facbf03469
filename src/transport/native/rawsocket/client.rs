//! The client: makes a transport of a URL.
//!
//! Contains the client's settings, and its half of the handshake with its error texts.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::framing::transport;
use super::handshake::{ShakeError, shake_hands};
use crate::error::{Cause, ConfigError, ConnectError};
use crate::framing::rawsocket::{MaxLength, ReplyError};
use crate::message::Serializer;
use crate::net::dial::{Dialer, Handshake};
use crate::net::framed::TimeLimits;
use crate::net::is_end;
use crate::net::limits::SEND_TIMEOUT;
use crate::net::liveness::AutoPing;
use crate::net::protection::Protection;
use crate::rt::BoxFuture;
use crate::transport::native::settings::route_settings;
use crate::transport::{CLOSE_TIMEOUT, Connector, Transport, TransportConfig, of_url};
use crate::url::RawSocketUrl;

/// A connector that uses RawSocket, created from the settings.
#[derive(Clone, Debug)]
pub(crate) struct RawSocketClient {
    dial: Dialer,
    serializer: Serializer,
    max_message_size: usize,
    max_send_size: Option<usize>,
    close_timeout: Duration,
    send_timeout: Option<Duration>,
    auto_ping: Option<AutoPing>,
}

impl RawSocketClient {
    /// Reads what the settings name; the rest has been checked. Errors have the path of the key.
    pub(crate) fn new(
        config: &TransportConfig,
        serializer: Serializer,
    ) -> Result<Self, ConfigError> {
        let url = RawSocketUrl::parse(&config.url).map_err(of_url)?;
        let options = &config.options;
        let size = options.max_message_payload_size;
        let close_timeout = options.close_timeout.or(options.close_handshake_timeout);
        Ok(RawSocketClient {
            dial: Dialer::new(&url, &route_settings(config))?.keepalive(),
            serializer,
            max_message_size: size.unwrap_or(MaxLength::MAX.bytes()),
            max_send_size: options.max_send_size,
            close_timeout: close_timeout.unwrap_or(CLOSE_TIMEOUT),
            send_timeout: options.send_timeout.unwrap_or(Some(SEND_TIMEOUT)),
            auto_ping: AutoPing::of(&options.ping, false),
        })
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

impl Connector for RawSocketClient {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(self.dial.open(self))
    }
}

impl Handshake for RawSocketClient {
    type Output = Box<dyn Transport>;

    const STEP: &'static str = "the RawSocket handshake";

    /// Servers of both wait for more than the four octets of the client, as Crossbar's do.
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
        let times = TimeLimits {
            auto_ping: self.auto_ping,
            send_timeout: self.send_timeout,
            close_timeout: self.close_timeout,
        };
        let peer = self.dial.peer();
        Ok(Box::new(transport(stream, agreement, peer, protection, times)))
    }
}
