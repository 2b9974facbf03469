//! The browser's WebSocket as a transport.
//!
//! Implements WAMP's subprotocols and kinds of messages. The socket is that of
//! [`websocket`](crate::websocket).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::error::{ConnectError, TransportError};
use crate::message::Serializer;
use crate::rt::{BoxFuture, Sleep};
use crate::transport::batched::Batched;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::{
    CLOSE_TIMEOUT, CloseCode, Connector, Transport, TransportConfig, TransportInfo,
};
use crate::url::WebSocketUrl;
use crate::websocket::Message;
use crate::websocket::web::{Opening, Socket};

/// A connector that uses the browser's WebSocket.
#[derive(Clone, Debug)]
pub(super) struct WebSocketClient {
    opening: Opening,
    serializers: Vec<Serializer>,
    batched: bool,
}

impl WebSocketClient {
    /// `config` has been checked, and its URL is this one.
    pub(super) fn new(url: WebSocketUrl, config: &TransportConfig) -> Self {
        WebSocketClient {
            opening: Opening::new(url, config.connect_timeout, &config.options),
            serializers: config.offered().to_vec(),
            batched: config.batched,
        }
    }

    async fn open(&self) -> Result<Box<dyn Transport>, ConnectError> {
        // Without duplicates, which the browser would reject.
        let subprotocols = Subprotocol::list(&self.serializers, self.batched);
        let offered: Vec<_> = subprotocols.iter().map(|one| one.name()).collect();
        let socket = self.opening.open(&offered).await?;
        let Subprotocol { serializer, batched } = chosen(&socket.protocol(), &subprotocols)?;
        let mut info = TransportInfo::new(serializer, "websocket", &self.opening.authority);
        info.max_send = self.opening.max_message_size;
        let transport = WebSocketTransport { socket, info, closing: None };
        Ok(Batched::over(Box::new(transport), batched))
    }
}

impl Connector for WebSocketClient {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(self.open())
    }
}

/// Returns the server's choice. Browsers fail the connection without one, but some other
/// environments (React Native) omit the name; then it is the first offer.
fn chosen(name: &str, offered: &[Subprotocol]) -> Result<Subprotocol, ConnectError> {
    let chosen = match name {
        "" => offered.first(),
        name => offered.iter().find(|offer| offer.name() == name),
    };
    chosen.copied().ok_or_else(|| ConnectError::Subprotocol {
        offered: offered.iter().map(|offer| offer.name().to_owned()).collect(),
        chosen: Some(name.to_owned()),
    })
}

/// An open socket.
struct WebSocketTransport {
    socket: Socket,
    info: TransportInfo,
    closing: Option<Sleep>,
}

impl Transport for WebSocketTransport {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        let text = match (ready!(self.socket.poll_recv(cx)), self.info.serializer.is_binary()) {
            (Some(Ok(Message::Text(_))), true) => "text message, but this serializer's are binary",
            (Some(Ok(Message::Binary(_))), false) => {
                "binary message, but this serializer's are text"
            }
            (received, _) => return Poll::Ready(received.map(|it| it.map(Message::into_bytes))),
        };
        self.socket.fail(CloseCode::ProtocolError);
        Poll::Ready(Some(Err(TransportError::Violation(text.to_owned()))))
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.socket.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let (size, limit) = (frame.len(), self.info.max_send);
        if size > limit {
            return Err(TransportError::TooLarge { size, limit });
        }
        if self.socket.has_ended() {
            // As natively, `poll_recv` reports the end, after the peer's last messages.
            return Ok(());
        }
        if self.info.serializer.is_binary() {
            return self.socket.send_binary(&frame);
        }
        self.socket.send_text(&frame)
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The browser sends as soon as it can.
        Poll::Ready(Ok(()))
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        if self.closing.is_none() {
            self.socket.close(self.socket.failure().unwrap_or(code).code(), "");
        }
        // The browser finishes the rest by itself.
        let timer = self.closing.get_or_insert_with(|| Sleep::new(CLOSE_TIMEOUT));
        if self.socket.poll_closed(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let late = || Err(TransportError::Timeout("the peer does not close"));
        Pin::new(timer).poll(cx).map(|()| late())
    }
}
