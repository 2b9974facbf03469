//! WebSocket natively: a client, the accepting side, and the transport that both make.
//!
//! Owns WAMP's rules for WebSocket (spec: "WebSocket Transport"): subprotocols, one message per
//! WebSocket message, text for JSON and binary for the others, the limits of size and time. The
//! framing itself is tungstenite's.

use std::fmt;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::Role;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, Utf8Bytes, WebSocket};

use super::closing::{CloseStep, Closing};
use super::control::Pongs;
use super::io::Io;
use super::settings::Settings;
use crate::error::TransportError;
use crate::net::limits::{EMPTY_FRAMES_PER_POLL, HIGH_WATER, LAST_WORDS};
use crate::net::liveness::{Silence, Stall};
use crate::transport::{CloseCode, Transport, TransportInfo};

/// tungstenite clears as much memory before each read, and each connection keeps it. How much the
/// system is asked for at once is another matter, see [`io`].
pub(super) const READ_BUFFER: usize = 4 << 10;

/// More than a frame's header ever takes.
pub(super) const HEADER_SIZE: usize = 16;

/// A WebSocket after its opening handshake.
pub(crate) struct WebSocketTransport<S> {
    pub(super) socket: WebSocket<Io<S>>,
    pub(super) info: TransportInfo,
    pub(super) reading: Reading,
    /// What `poll_flush` still has to write, at most.
    pub(super) buffered: usize,
    /// A ping is in the buffer; the session may not flush, as it has nothing to say.
    pub(super) ping_waits: bool,
    /// Writing failed. What the peer said before is still read, then this is told.
    pub(super) write_error: Option<TransportError>,
    /// So many bytes may have come then.
    pub(super) hear_until: u64,
    pub(super) silence: Option<Silence>,
    /// Read since the silence was looked at.
    pub(super) messages: u8,
    pub(super) pongs: Pongs,
    pub(super) stall: Stall,
    pub(super) fragment: Option<NonZeroUsize>,
    pub(super) close_timeout: Duration,
    pub(super) closing: Option<Closing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Open,
    /// The peer has closed, or is gone.
    Ended,
    /// The peer broke a rule, or is silent; the code says so in our Close frame.
    Failed(CloseCode),
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> WebSocketTransport<S> {
    /// `early` is what came behind the handshake already. What `info` has to say of sizes and of the
    /// round trip is filled in here.
    pub(crate) fn new(
        stream: S,
        early: Vec<u8>,
        role: Role,
        mut info: TransportInfo,
        settings: &Settings,
    ) -> Self {
        info.max_send = settings.max_send();
        let io = Io::new(stream, early);
        let silence = settings.auto_ping.map(|ping| Silence::new(ping, info.round_trip.clone()));
        WebSocketTransport {
            socket: WebSocket::from_raw_socket(io, role, Some(settings.framing())),
            info,
            reading: Reading::Open,
            buffered: 0,
            ping_waits: false,
            write_error: None,
            hear_until: u64::MAX,
            silence,
            messages: 0,
            pongs: Pongs::default(),
            stall: Stall::new(settings.send_timeout),
            fragment: settings.auto_fragment_size,
            close_timeout: settings.close_timeout,
            closing: None,
        }
    }

    /// In frames of so many bytes; a character may be split (RFC 6455, section 5.6).
    fn write_fragments(
        &mut self,
        mut rest: Bytes,
        kind: Data,
        most: usize,
    ) -> Result<(), TransportError> {
        let mut code = OpCode::Data(kind);
        loop {
            let frame = rest.split_to(most.min(rest.len()));
            let last = rest.is_empty();
            self.write(Message::Frame(Frame::message(frame, code, last)))?;
            if last {
                return Ok(());
            }
            code = OpCode::Data(Data::Continue);
        }
    }

    /// Into the buffer; into the socket only above [`HIGH_WATER`].
    pub(super) fn write(&mut self, message: Message) -> Result<(), TransportError> {
        self.buffered += message.len() + HEADER_SIZE;
        match self.socket.write(message) {
            Ok(()) => Ok(()),
            Err(error) => self.write_failed(error),
        }
    }

    /// What is no error of writing becomes `Ok`. A broken connection is kept for `poll_recv`, so
    /// that the peer's last words are read first.
    pub(super) fn write_failed(&mut self, error: tungstenite::Error) -> Result<(), TransportError> {
        use tungstenite::Error;
        match error {
            // It is in the buffer.
            Error::Io(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            // The peer has closed, which is read as the end.
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::SendAfterClosing) => Ok(()),
            Error::Io(error) => {
                self.write_error = Some(lost(error));
                self.hear_until = self.socket.get_ref().bytes_read().saturating_add(LAST_WORDS);
                self.socket.get_ref().wake();
                Ok(())
            }
            error => Err(lost(error)),
        }
    }

    pub(super) fn fail(
        &mut self,
        error: TransportError,
        code: Option<CloseCode>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.reading = code.map_or(Reading::Ended, Reading::Failed);
        Poll::Ready(Some(Err(error)))
    }

    fn read_failed(
        &mut self,
        error: tungstenite::Error,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        use tungstenite::Error;
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => {
                self.reading = Reading::Ended;
                Poll::Ready(None)
            }
            Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                let error = TransportError::TooLarge { size, limit: max_size };
                self.fail(error, Some(CloseCode::TooBig))
            }
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                self.fail(lost("the peer went away without closing"), None)
            }
            Error::Protocol(error) => self.violation(error),
            Error::Utf8(error) => self.violation(error),
            Error::Io(error) => self.fail(lost(error), None),
            error => self.fail(lost(error), None),
        }
    }

    fn violation(
        &mut self,
        text: impl fmt::Display,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        let error = TransportError::Violation(text.to_string());
        self.fail(error, Some(CloseCode::ProtocolError))
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Transport for WebSocketTransport<S> {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        if self.reading != Reading::Open {
            return Poll::Ready(None);
        }
        self.socket.get_mut().enter(cx);
        let binary = self.info.serializer.is_binary();
        for _ in 0..EMPTY_FRAMES_PER_POLL {
            if self.socket.get_ref().bytes_read() >= self.hear_until
                && let Some(error) = self.write_error.take()
            {
                return self.fail(error, None);
            }
            match self.socket.read() {
                Ok(Message::Binary(frame)) if binary => return self.received(cx, frame),
                Ok(Message::Text(frame)) if !binary => return self.received(cx, frame.into()),
                Ok(Message::Binary(_)) => {
                    return self.violation("binary message, but this serializer's are text");
                }
                Ok(Message::Text(_)) => {
                    return self.violation("text message, but this serializer's are binary");
                }
                Ok(Message::Close(frame)) => {
                    if let Some(frame) = frame {
                        tracing::debug!(peer = self.info.peer, code = %frame.code,
                            reason = %frame.reason, "closed by the peer");
                    }
                    // The answer leaves now, or in `poll_close`.
                    let _ = self.socket.flush();
                    self.reading = Reading::Ended;
                    return Poll::Ready(None);
                }
                Ok(Message::Pong(payload)) => self.ponged(&payload),
                Ok(Message::Ping(payload)) if !self.may_ask(payload.len()) => {
                    return self.violation("pings without end, and their answers are not taken");
                }
                Ok(Message::Ping(_) | Message::Frame(_)) => {}
                Err(error) if would_block(&error) => {
                    if self.socket.get_ref().is_drained() {
                        return self.poll_silence(cx);
                    }
                    return Poll::Pending;
                }
                Err(error) => return self.read_failed(error),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.buffered < HIGH_WATER {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(cx) {
            Poll::Pending if self.buffered < HIGH_WATER => Poll::Ready(Ok(())),
            poll => poll,
        }
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let (size, limit) = (frame.len(), self.info.max_send);
        if size > limit {
            return Err(TransportError::TooLarge { size, limit });
        }
        if self.write_error.is_some() {
            return Ok(());
        }
        let text = match self.info.serializer.is_binary() {
            true => None,
            false => Some(Utf8Bytes::try_from(frame.clone()).map_err(|error| {
                TransportError::Violation(format!("the frame to send is not valid UTF-8: {error}"))
            })?),
        };
        match (self.fragment.map(NonZeroUsize::get), text) {
            (Some(most), text) if size > most => {
                let kind = text.map_or(Data::Binary, |_| Data::Text);
                self.write_fragments(frame, kind, most)
            }
            (_, Some(text)) => self.write(Message::Text(text)),
            (_, None) => self.write(Message::Binary(frame)),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.buffered == 0 || self.write_error.is_some() {
            self.buffered = 0;
            return Poll::Ready(Ok(()));
        }
        self.socket.get_mut().enter(cx);
        let flushed = self.socket.flush();
        if let Some(silence) = &mut self.silence {
            silence.left(cx, self.socket.get_ref().bytes_written());
        }
        let result = match flushed {
            Err(error) if would_block(&error) => {
                let io = self.socket.get_ref();
                // Never 0 while the stream itself has something to flush.
                self.buffered = io.bytes_left().max(1);
                ready!(self.stall.poll(cx, io.bytes_written()));
                Err(TransportError::Timeout("the peer does not take what is sent"))
            }
            Err(error) => self.write_failed(error),
            Ok(()) => Ok(()),
        };
        self.stall.reset();
        self.buffered = 0;
        self.ping_waits = false;
        Poll::Ready(result)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        self.socket.get_mut().enter(cx);
        let mut closing = match self.closing.take() {
            Some(closing) => closing,
            None => self.begin_close(code),
        };
        let mut result = Poll::Pending;
        // Bounded, as a peer may go on sending.
        for turn in 0.. {
            if closing.step == CloseStep::Done {
                result = Poll::Ready(Ok(()));
                break;
            }
            if turn == EMPTY_FRAMES_PER_POLL {
                cx.waker().wake_by_ref();
                break;
            }
            match self.poll_close_step(cx, closing.step) {
                Poll::Ready(step) => closing.step = step,
                Poll::Pending => break,
            }
        }
        if result.is_pending() && Pin::new(&mut closing.timer).poll(cx).is_ready() {
            closing.step = CloseStep::Done;
            result = Poll::Ready(Err(TransportError::Timeout("the peer does not close")));
        }
        self.closing = Some(closing);
        result
    }

    fn close_timeout(&self) -> Duration {
        self.close_timeout
    }
}

pub(super) fn would_block(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error) if error.kind() == ErrorKind::WouldBlock)
}

fn lost(error: impl fmt::Display) -> TransportError {
    TransportError::Lost(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Cursor;
    use std::task::Waker;

    use tokio::io::{ReadBuf, duplex, join, repeat, sink};

    use super::*;
    use crate::message::Serializer;
    use crate::net::limits::MESSAGES_PER_LOOK;
    use crate::net::liveness::AutoPing;

    #[test]
    fn a_peer_that_takes_a_part_makes_room() {
        const FRAME: usize = 100_000;
        const PIPE: usize = 64 << 10;
        let (near, mut far) = duplex(PIPE);
        let info = TransportInfo::new(Serializer::Cbor, "websocket", "test");
        let settings = Settings { auto_ping: None, send_timeout: None, ..Settings::default() };
        let mut transport =
            WebSocketTransport::new(near, Vec::new(), Role::Server, info, &settings);
        let cx = &mut Context::from_waker(Waker::noop());
        let frame = Bytes::from(vec![7; FRAME]);
        let (mut sent, mut read) = (0, 0);
        while read < 5 * HIGH_WATER {
            while let Poll::Ready(ready) = transport.poll_ready(cx) {
                assert_eq!(ready, Ok(()));
                assert_eq!(transport.start_send(frame.clone()), Ok(()));
                sent += FRAME + 10;
            }
            // Neither does it wait until all has left, nor does it take more than it should.
            let held = HIGH_WATER..=HIGH_WATER + FRAME + 10 + PIPE;
            assert!(held.contains(&(sent - read)), "{sent} - {read}");
            assert!(transport.buffered >= HIGH_WATER);
            let mut space = [0; PIPE / 4];
            let mut buf = ReadBuf::new(&mut space);
            assert!(Pin::new(&mut far).poll_read(cx, &mut buf).is_ready());
            assert!(!buf.filled().is_empty());
            read += buf.filled().len();
        }
        // All of it is there, and flushing ends.
        while read < sent {
            let _ = transport.poll_flush(cx);
            let mut space = [0; PIPE];
            let mut buf = ReadBuf::new(&mut space);
            assert!(Pin::new(&mut far).poll_read(cx, &mut buf).is_ready());
            read += buf.filled().len();
        }
        assert_eq!(read, sent);
        assert_eq!(transport.poll_flush(cx), Poll::Ready(Ok(())));
    }

    #[test]
    fn fragments_without_end_do_not_hold_the_task() {
        // An empty fragment, and then empty continuations for ever.
        let stream = join(repeat(0), sink());
        let info = TransportInfo::new(Serializer::Cbor, "websocket", "test");
        let settings = Settings { auto_ping: None, ..Settings::default() };
        let mut transport =
            WebSocketTransport::new(stream, vec![2, 0], Role::Client, info, &settings);
        let cx = &mut Context::from_waker(Waker::noop());
        for turn in 1..5 {
            assert!(transport.poll_recv(cx).is_pending());
            let read = usize::try_from(transport.socket.get_ref().bytes_read());
            assert!(
                read.is_ok_and(|read| read <= 2 + turn * 16 * crate::websocket::io::READ_SIZE),
                "{read:?}"
            );
        }
    }

    /// What it had said before is read; what it says without end is not.
    #[tokio::test]
    async fn who_takes_nothing_and_talks_on_is_ended() {
        const SIZE: usize = 60_000;
        let header = [0x82, 0xfe, (SIZE >> 8) as u8, SIZE as u8, 0, 0, 0, 0];
        let frame = [&header, &[7; SIZE][..]].concat();
        let (talk, (broken, _)) = (Cursor::new(frame.repeat(300)), duplex(1));
        let info = TransportInfo::new(Serializer::Cbor, "websocket", "test");
        let settings = Settings { auto_ping: None, ..Settings::default() };
        let stream = join(talk, broken);
        let mut transport =
            WebSocketTransport::new(stream, Vec::new(), Role::Server, info, &settings);
        assert_eq!(transport.start_send(Bytes::from_static(b"unheard")), Ok(()));
        assert_eq!(poll_fn(|cx| transport.poll_flush(cx)).await, Ok(()));
        let mut messages = 0_u64;
        let error = loop {
            match poll_fn(|cx| transport.poll_recv(cx)).await {
                Some(Ok(_)) => messages += 1,
                last => break last,
            }
        };
        assert!(matches!(error, Some(Err(TransportError::Lost(_)))), "{error:?}");
        let expected = LAST_WORDS / (SIZE as u64 + 8);
        assert!((expected..expected + 2).contains(&messages), "{messages}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_ping_is_due_though_messages_come_without_a_pause() {
        for strict in [true, false] {
            // For a server, without end: a binary message of two bytes, masked with 0x82 each.
            let stream = join(repeat(0x82), sink());
            let info = TransportInfo::new(Serializer::Cbor, "websocket", "test");
            let ping = AutoPing::default().restart_on_traffic(!strict);
            let settings = Settings { auto_ping: Some(ping), ..Settings::default() };
            let mut transport =
                WebSocketTransport::new(stream, Vec::new(), Role::Server, info, &settings);
            let cx = &mut Context::from_waker(Waker::noop());
            for waited in [Duration::ZERO, ping.interval] {
                tokio::time::advance(waited).await;
                for _ in 0..MESSAGES_PER_LOOK {
                    let message = Ok(Bytes::from_static(&[0, 0]));
                    assert_eq!(transport.poll_recv(cx), Poll::Ready(Some(message)));
                }
                let pinged = transport.socket.get_ref().bytes_written() > 0;
                assert_eq!(pinged, strict && !waited.is_zero());
            }
        }
    }
}
