//! The browser's WebSocket as a transport.
//!
//! Implements the settings, the opening, and the rules of the browser's interface: codes for closing,
//! sub-protocols, buffers without a limit. The socket's events are in `socket`.

mod socket;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use self::socket::Socket;
use crate::error::{ConnectError, TransportError, UrlError};
use crate::message::Serializer;
use crate::rt::future::within;
use crate::rt::{BoxFuture, Sleep, now};
use crate::transport::batched::Batched;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::{
    CLOSE_TIMEOUT, CloseCode, Connector, Transport, TransportConfig, TransportInfo,
};
use crate::url::{WebSocketUrl, shown};

/// Default maximum message size, as natively.
const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 << 20;

/// Default time limit of each step, as natively.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Number of bytes unsent by the browser above which the transport is not ready.
const HIGH_WATER: u32 = 1 << 20;

/// Interval for looking at the browser's buffer, only while blocked: the browser does not tell when it
/// shrinks.
const BLOCKED_CHECK: Duration = Duration::from_millis(10);

/// Longest time in which a server takes nothing of what is sent; the native default is the same.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connector that uses the browser's WebSocket.
#[derive(Clone, Debug)]
pub(super) struct WebSocketClient {
    /// Checked, so that errors are the same as natively.
    url: WebSocketUrl,
    authority: String,
    serializers: Vec<Serializer>,
    batched: bool,
    connect_timeout: Duration,
    handshake_timeout: Duration,
    max_message_size: usize,
}

impl WebSocketClient {
    /// `config` has been checked, and its URL is this one.
    pub(super) fn new(url: WebSocketUrl, config: &TransportConfig) -> Self {
        let options = &config.options;
        WebSocketClient {
            authority: url.authority(),
            url,
            serializers: config.offered().to_vec(),
            batched: config.batched,
            connect_timeout: config.connect_timeout.unwrap_or(DEFAULT_TIMEOUT),
            handshake_timeout: options.open_handshake_timeout.unwrap_or(DEFAULT_TIMEOUT),
            max_message_size: options.max_message_payload_size.unwrap_or(DEFAULT_MAX_MESSAGE_SIZE),
        }
    }

    async fn open(&self) -> Result<Box<dyn Transport>, ConnectError> {
        // Without duplicates, which the browser would reject.
        let subprotocols = Subprotocol::list(&self.serializers, self.batched);
        let offered: Vec<_> = subprotocols.iter().map(|one| one.name()).collect();
        let limit = self.max_message_size;
        let url = self.url.to_string();
        let mut socket = Socket::new(&url, &offered, limit).map_err(|refusal| {
            if refusal.syntax {
                // Browsers repeat the URL in the text.
                let message = refusal.text.replace(&url, &shown(&url));
                UrlError::new(shown(&url), message).into()
            } else {
                ConnectError::Io {
                    address: self.authority.clone(),
                    message: refusal.text,
                    cause: None,
                }
            }
        })?;
        let patience = self.connect_timeout.saturating_add(self.handshake_timeout);
        match within(patience, poll_fn(|cx| socket.poll_open(cx))).await {
            Some(Ok(())) => {}
            Some(Err(message)) => {
                let address = self.authority.clone();
                return Err(ConnectError::Io { address, message, cause: None });
            }
            None => {
                let step = format!("connecting to {} by WebSocket", self.authority);
                return Err(ConnectError::Timeout(step));
            }
        }
        let Subprotocol { serializer, batched } = chosen(&socket.protocol(), &subprotocols)?;
        let mut info = TransportInfo::new(serializer, "websocket", &self.authority);
        info.max_send = limit;
        let transport = WebSocketTransport { socket, info, blocked: None, closing: None };
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
    blocked: Option<BlockedSend>,
    closing: Option<Sleep>,
}

/// State while the browser's buffer is over the limit.
struct BlockedSend {
    timer: Sleep,
    amount: u32,
    /// Time of the last change of the amount.
    since: Duration,
}

impl BlockedSend {
    fn new(amount: u32) -> Self {
        BlockedSend { timer: Sleep::new(BLOCKED_CHECK), amount, since: now() }
    }
}

impl Transport for WebSocketTransport {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.socket.poll_recv(cx, self.info.serializer.is_binary())
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        loop {
            let amount = self.socket.buffered_amount();
            if amount < HIGH_WATER || !self.socket.is_open() {
                self.blocked = None;
                return Poll::Ready(Ok(()));
            }
            let blocked = self.blocked.get_or_insert_with(|| BlockedSend::new(amount));
            if amount != blocked.amount {
                (blocked.amount, blocked.since) = (amount, now());
            } else if now().saturating_sub(blocked.since) > PATIENCE {
                let error = TransportError::Timeout("the peer does not take what is sent");
                return Poll::Ready(Err(error));
            }
            if Pin::new(&mut blocked.timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            blocked.timer = Sleep::new(BLOCKED_CHECK);
        }
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let (size, limit) = (frame.len(), self.info.max_send);
        if size > limit {
            return Err(TransportError::TooLarge { size, limit });
        }
        if !self.socket.is_open() {
            // As natively, `poll_recv` reports the end, after the peer's last messages.
            return Ok(());
        }
        if self.info.serializer.is_binary() {
            return self.socket.send_binary(&frame);
        }
        let text = std::str::from_utf8(&frame).map_err(|error| {
            TransportError::Violation(format!("the frame to send is not valid UTF-8: {error}"))
        })?;
        self.socket.send_text(text)
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
            self.socket.close(page_code(self.socket.failure().unwrap_or(code)));
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

/// Returns a code that a page may use, 1000 or 3000 to 4999; the private range represents the
/// others.
fn page_code(code: CloseCode) -> u16 {
    match code {
        CloseCode::Normal => 1000,
        other => 3000 + other.code(),
    }
}
