//! A WebSocket of a stream of tokio-tungstenite.

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
use crate::rt;

/// Refuses a frame whose length is told before its bytes.
const NO_FRAME_DATA: &str = "a frame cannot be sent in parts over tokio-tungstenite: \
    send whole frames, with MessageWriter::frame";

impl WebSocket {
    /// Takes over an open stream of tokio-tungstenite, of a client or a server. A task drives it from now on,
    /// with automatic pings and the time limits of [`connect`](fn@super::connect).
    ///
    /// The limits of received messages are those of the stream, and the longest message to send is the same.
    /// Messages over 64 KiB are sent in several frames. [`response`](Self::response) is empty, and
    /// [`stats`](Self::stats) count no bytes on the wire. [`MessageWriter::begin_frame`] is refused.
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
        let connection = Connection::new(stream);
        let channel = Channel::new(connection.max_message(), None, Some(NO_FRAME_DATA));
        let socket = WebSocket::new(channel.clone(), ConnectionResponse::unknown());
        let times = Settings::default().times();
        rt::spawn(Driver::new(connection, channel, "tokio-tungstenite", times, false));
        socket
    }
}
