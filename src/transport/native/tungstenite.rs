//! `TungsteniteTransport`: WAMP over a stream of tokio-tungstenite.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;

use super::framed::FramedTransport;
use super::websocket::{WebSocketFraming, over};
use crate::error::{ConfigError, TransportError};
use crate::message::Serializer;
use crate::transport::batched::Batched;
use crate::transport::shared_frame::SharedFrame;
use crate::transport::{Transport, TransportInfo};
use crate::websocket::CloseCode;
use crate::websocket::WebSocketOptions;
use crate::websocket::settings::Settings;
use crate::websocket::tungstenite::{Connection, settings};

/// WAMP over an open WebSocket of tokio-tungstenite, of a client or a server. Feature `tokio-tungstenite`.
///
/// The opening handshake is the program's: a client offers the subprotocol of a serializer, such as
/// [`Serializer::subprotocol`], and the server answers with it. Close codes, automatic pings and time
/// limits are those of [`connect`](fn@crate::connect). The limits of received messages are those of the stream,
/// and the longest message to send is the same. Messages over 64 KiB are sent in several frames.
///
/// ```no_run
/// # async fn example(tcp: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio_tungstenite::tungstenite::client::IntoClientRequest;
/// use wampwerk::Serializer;
/// use wampwerk::session::{self, SessionConfig};
/// use wampwerk::transport::TungsteniteTransport;
///
/// let mut request = "ws://127.0.0.1:8080/ws".into_client_request()?;
/// let protocol = Serializer::Json.subprotocol();
/// request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse()?);
/// let (stream, _) = tokio_tungstenite::client_async(request, tcp).await?;
/// let transport = TungsteniteTransport::new(stream, Serializer::Json);
/// let session = session::join(Box::new(transport), "realm1", SessionConfig::new()).await?;
/// # Ok(()) }
/// ```
pub struct TungsteniteTransport<S: AsyncRead + AsyncWrite + Send + Unpin> {
    framed: FramedTransport<WebSocketFraming<Connection<S>>>,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> TungsteniteTransport<S> {
    /// Takes over a stream whose subprotocol is that of `serializer`.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(stream: WebSocketStream<S>, serializer: Serializer) -> Self {
        TungsteniteTransport::over(stream, serializer, &Settings::default())
    }

    /// As [`new`](Self::new), with options.
    ///
    /// # Errors
    /// The first option that is not valid, or that the stream decides: sizes of what is received, the time of the
    /// opening handshake, and compression.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn with_options(
        stream: WebSocketStream<S>,
        serializer: Serializer,
        options: &WebSocketOptions,
    ) -> Result<Self, ConfigError> {
        Ok(TungsteniteTransport::over(stream, serializer, &settings(options)?))
    }

    fn over(stream: WebSocketStream<S>, serializer: Serializer, settings: &Settings) -> Self {
        let connection = Connection::new(stream, settings);
        let mut info = TransportInfo::new(serializer, "websocket", "tokio-tungstenite");
        info.max_send = connection.max_send(settings);
        TungsteniteTransport { framed: over(connection, info, settings.times()) }
    }

    /// Sets the peer's address in [`info`](Transport::info). Default: `tokio-tungstenite`.
    #[must_use]
    pub fn peer(mut self, peer: impl fmt::Display) -> Self {
        self.framed.info_mut().peer = peer.to_string();
        self
    }

    /// Sets in [`info`](Transport::info) whether the stream is encrypted. Default: false.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.framed.info_mut().secure = secure;
        self
    }

    /// Returns the transport of a stream whose subprotocol is the
    /// [batched](Serializer::batched_subprotocol) one.
    pub fn batched(self) -> Box<dyn Transport>
    where
        S: 'static,
    {
        Batched::over(Box::new(self), true)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Transport for TungsteniteTransport<S> {
    fn info(&self) -> &TransportInfo {
        self.framed.info()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.framed.poll_recv(cx)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framed.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        self.framed.start_send(frame)
    }

    fn start_send_shared(&mut self, frame: SharedFrame) -> Result<(), TransportError> {
        self.framed.start_send_shared(frame)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framed.poll_flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        self.framed.poll_close(cx, code)
    }

    fn limit_messages(&mut self, bytes: usize) {
        self.framed.limit_messages(bytes);
    }

    fn close_timeout(&self) -> Duration {
        self.framed.close_timeout()
    }

    fn is_half_open(&self) -> bool {
        self.framed.is_half_open()
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> fmt::Debug for TungsteniteTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TungsteniteTransport").field("info", self.info()).finish_non_exhaustive()
    }
}
