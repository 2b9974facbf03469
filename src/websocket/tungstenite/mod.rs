//! A WebSocket of a stream of tokio-tungstenite.

use std::fmt;

use http::header::SEC_WEBSOCKET_PROTOCOL;

mod connection;
mod seen;

pub(crate) use connection::Connection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;

use super::ConnectionResponse;
use super::channel::Channel;
use super::driver::Driver;
use super::settings::Settings;
use super::socket::WebSocket;
use crate::error::ConfigError;
use crate::rt;
use crate::settings::WebSocketOptions;

/// Refuses a frame whose length is told before its bytes.
const NO_FRAME_DATA: &str = "a frame cannot be sent in parts over tokio-tungstenite: \
    send whole frames, with MessageWriter::frame";

impl WebSocket {
    /// Takes over an open stream of tokio-tungstenite, of a client or a server. A task drives it from now on,
    /// with automatic pings and the time limits of [`connect`](fn@super::connect).
    ///
    /// The limits of received messages are those of the stream, and the longest message to send is the same.
    /// Messages over 64 KiB are sent in several frames. [`response`](Self::response) is empty, unless it is
    /// [set](Self::with_response), and [`stats`](Self::stats) count no bytes on the wire.
    /// [`MessageWriter::begin_frame`] is refused.
    ///
    /// [`MessageWriter::begin_frame`]: super::MessageWriter::begin_frame
    ///
    /// ```no_run
    /// # async fn example(tcp: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::websocket::WebSocket;
    ///
    /// let mut socket = WebSocket::from_tungstenite(tokio_tungstenite::accept_async(tcp).await?);
    /// socket.send("hello").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn from_tungstenite<S>(stream: WebSocketStream<S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        over(stream, &Settings::default())
    }

    /// As [`from_tungstenite`](Self::from_tungstenite), with options.
    ///
    /// # Errors
    /// The first option that is not valid, or that the stream decides: sizes of what is received, the time of the
    /// opening handshake, and compression.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn from_tungstenite_with<S>(
        stream: WebSocketStream<S>,
        options: &WebSocketOptions,
    ) -> Result<Self, ConfigError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Ok(over(stream, &settings(options)?))
    }

    /// Sets the [`response`](Self::response): that of the handshake which another library has done.
    ///
    /// ```no_run
    /// # async fn example(tcp: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::websocket::WebSocket;
    ///
    /// let (stream, response) = tokio_tungstenite::client_async("ws://localhost/", tcp).await?;
    /// let socket = WebSocket::from_tungstenite(stream).with_response("localhost:80", &response);
    /// # let _ = socket;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_response<B>(
        mut self,
        peer: impl fmt::Display,
        response: &http::Response<B>,
    ) -> Self {
        let headers = response.headers().clone();
        let protocol = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|it| it.to_str().ok());
        let protocol = protocol.map(str::to_owned);
        self.response =
            ConnectionResponse::sent(peer.to_string(), headers, protocol.as_deref(), None);
        self
    }
}

/// Reads options for a stream that is open.
pub(crate) fn settings(options: &WebSocketOptions) -> Result<Settings, ConfigError> {
    options.check()?;
    let of_stream = [
        (options.max_message_payload_size.is_some(), "max_message_payload_size"),
        (options.max_frame_payload_size.is_some(), "max_frame_payload_size"),
        (options.open_handshake_timeout.is_some(), "open_handshake_timeout"),
        (options.per_message_deflate.is_some(), "per_message_deflate"),
    ];
    match of_stream.into_iter().find(|(is_set, _)| *is_set) {
        Some((_, name)) => {
            Err(ConfigError::new(name, "the stream of tokio-tungstenite decides it"))
        }
        None => Ok(Settings::of(options)),
    }
}

fn over<S>(stream: WebSocketStream<S>, settings: &Settings) -> WebSocket
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = Connection::new(stream, settings);
    let max_send = connection.max_send(settings);
    let fragment = settings.auto_fragment_size;
    let channel = Channel::new(max_send, fragment, Some(NO_FRAME_DATA), false);
    let socket = WebSocket::new(channel.clone(), ConnectionResponse::unknown());
    rt::spawn(Driver::new(connection, channel, "tokio-tungstenite", settings.times(), false));
    socket
}
