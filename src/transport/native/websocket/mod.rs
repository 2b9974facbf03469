//! WebSocket natively: a client, the accepting side, and the transport that both make.
//!
//! Owns WAMP's rules for WebSocket (spec: "WebSocket Transport"): subprotocols, one message per
//! WebSocket message, text for JSON and binary for the others, the limits of size and time. The
//! framing itself is tungstenite's.

#[cfg(feature = "client")]
mod client;
mod handshake;
mod io;
#[cfg(feature = "router")]
mod server;

use std::fmt;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

#[cfg(feature = "client")]
pub use self::client::WampWebSocketClientFactory;
use self::io::Io;
#[cfg(feature = "router")]
pub use self::server::{AcceptConfig, AcceptError, accept};
use crate::error::TransportError;
use crate::rt::Sleep;
use crate::transport::native::liveness::{AutoPing, Beat, Silence, Stall};
use crate::transport::{CloseCode, Transport, TransportInfo};

/// 16 MiB: what Autobahn's and Crossbar's users have settled on as the longest message.
const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 << 20;

/// TLS and the HTTP upgrade together.
const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Above this many unflushed bytes the transport is not ready. Below it nothing is written before
/// the flush: one system call per turn instead of one per message is the largest factor in speed.
/// Ready again means room below this, not an empty buffer: that is how the session or the router
/// sees that a slow peer reads.
const HIGH_WATER: usize = 1 << 20;

/// tungstenite clears as much memory before each read, so more is not better.
const READ_BUFFER: usize = 32 << 10;

/// How long closing waits by default, altogether: to send what is left, and for the peer's answer.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How many frames without a message are handled before other tasks get their turn.
const EMPTY_FRAMES_PER_POLL: usize = 64;

/// More than a frame's header ever takes.
const HEADER_SIZE: usize = 16;

/// A WebSocket after its opening handshake.
struct WebSocketTransport<S> {
    socket: WebSocket<Io<S>>,
    info: TransportInfo,
    reading: Reading,
    /// What `poll_flush` still has to write, at most.
    buffered: usize,
    /// A ping is in the buffer; the session may not flush, as it has nothing to say.
    ping_waits: bool,
    /// Writing failed. What the peer said before is still read, then this is told.
    write_error: Option<TransportError>,
    silence: Option<Silence>,
    stall: Stall,
    close_timeout: Duration,
    closing: Option<Closing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Open,
    /// The peer has closed, or is gone.
    Ended,
    /// The peer broke a rule, or is silent; the code says so in our Close frame.
    Failed(CloseCode),
}

struct Closing {
    timer: Sleep,
    step: CloseStep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CloseStep {
    /// Our Close frame, and all that was before it, leaves.
    Flush,
    /// The peer's Close frame comes, and then the end of the stream where we are the client.
    Answer,
    Shutdown,
    /// After a failure: the peer's bytes mean nothing any more, but they are taken.
    Drain,
    Done,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> WebSocketTransport<S> {
    /// `early` is what came behind the handshake already.
    fn new(
        stream: S,
        early: Vec<u8>,
        role: Role,
        info: TransportInfo,
        auto_ping: Option<AutoPing>,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(HIGH_WATER)
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(info.max_send))
            .max_frame_size(Some(info.max_send));
        WebSocketTransport {
            socket: WebSocket::from_raw_socket(Io::new(stream, early), role, Some(config)),
            info,
            reading: Reading::Open,
            buffered: 0,
            ping_waits: false,
            write_error: None,
            silence: auto_ping.map(Silence::new),
            stall: Stall::new(auto_ping.map(AutoPing::patience)),
            close_timeout: CLOSE_TIMEOUT,
            closing: None,
        }
    }

    /// How long closing waits, altogether. Default: [`CLOSE_TIMEOUT`].
    #[cfg(feature = "client")]
    fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// The longest frame that is taken. Default: as long as a message.
    #[cfg(feature = "client")]
    fn max_frame_size(mut self, bytes: usize) -> Self {
        self.socket.set_config(|config| config.max_frame_size = Some(bytes));
        self
    }

    /// Nothing came: is the peer alive?
    fn poll_silence(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        if let Some(error) = self.write_error.take() {
            return self.fail(error, None);
        }
        let read = self.socket.get_ref().bytes_read();
        while let Some(silence) = &mut self.silence
            && let Poll::Ready(beat) = silence.poll(cx, read)
        {
            match beat {
                Beat::Ping => {
                    if let Err(error) = self.write(Message::Ping(Bytes::new())) {
                        return self.fail(error, None);
                    }
                    self.ping_waits = true;
                }
                Beat::Dead => {
                    let error = TransportError::Timeout("the peer answers no ping");
                    return self.fail(error, Some(CloseCode::InternalError));
                }
            }
        }
        if self.ping_waits
            && let Poll::Ready(Err(error)) = self.poll_flush(cx)
        {
            return self.fail(error, Some(CloseCode::InternalError));
        }
        Poll::Pending
    }

    /// Into the buffer; into the socket only above [`HIGH_WATER`].
    fn write(&mut self, message: Message) -> Result<(), TransportError> {
        self.buffered += message.len() + HEADER_SIZE;
        match self.socket.write(message) {
            Ok(()) => Ok(()),
            Err(error) => self.write_failed(error),
        }
    }

    /// What is no error of writing becomes `Ok`. A broken connection is kept for `poll_recv`, so
    /// that the peer's last words are read first.
    fn write_failed(&mut self, error: tungstenite::Error) -> Result<(), TransportError> {
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
                self.socket.get_ref().wake();
                Ok(())
            }
            error => Err(lost(error)),
        }
    }

    fn fail(
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

    /// Our Close frame goes into the buffer, behind everything else.
    fn begin_close(&mut self, code: CloseCode) -> Closing {
        let code = match self.reading {
            Reading::Failed(code) => code,
            Reading::Open | Reading::Ended => code,
        };
        let frame = CloseFrame { code: code.code().into(), reason: Utf8Bytes::default() };
        let step = match (&self.write_error, self.socket.close(Some(frame))) {
            (Some(_), _) => CloseStep::Shutdown,
            (None, Ok(())) => CloseStep::Flush,
            (None, Err(error)) if would_block(&error) => CloseStep::Flush,
            (None, Err(_)) => CloseStep::Shutdown,
        };
        Closing { timer: Sleep::new(self.close_timeout), step }
    }

    fn poll_close_step(&mut self, cx: &mut Context<'_>, step: CloseStep) -> Poll<CloseStep> {
        let failed = matches!(self.reading, Reading::Failed(_));
        Poll::Ready(match step {
            CloseStep::Flush => match self.socket.flush() {
                Err(error) if would_block(&error) => return Poll::Pending,
                Ok(()) if !failed => CloseStep::Answer,
                Ok(()) | Err(_) => CloseStep::Shutdown,
            },
            CloseStep::Answer => match self.socket.read() {
                Ok(_) => CloseStep::Answer,
                Err(error) if would_block(&error) => return Poll::Pending,
                Err(_) => CloseStep::Shutdown,
            },
            CloseStep::Shutdown => match ready!(self.socket.get_mut().poll_shutdown(cx)) {
                Ok(()) if failed => CloseStep::Drain,
                Ok(()) | Err(_) => CloseStep::Done,
            },
            CloseStep::Drain => {
                // An error is an end as well.
                let _ = ready!(self.socket.get_mut().poll_drain(cx));
                CloseStep::Done
            }
            CloseStep::Done => CloseStep::Done,
        })
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
            match self.socket.read() {
                Ok(Message::Binary(frame)) if binary => return Poll::Ready(Some(Ok(frame))),
                Ok(Message::Text(frame)) if !binary => return Poll::Ready(Some(Ok(frame.into()))),
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
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(error) if would_block(&error) => return self.poll_silence(cx),
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
        self.write(if self.info.serializer.is_binary() {
            Message::Binary(frame)
        } else {
            let text = Utf8Bytes::try_from(frame).map_err(|error| {
                TransportError::Violation(format!("the frame to send is no text: {error}"))
            })?;
            Message::Text(text)
        })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.buffered == 0 || self.write_error.is_some() {
            self.buffered = 0;
            return Poll::Ready(Ok(()));
        }
        self.socket.get_mut().enter(cx);
        let result = match self.socket.flush() {
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
        for _ in 0..EMPTY_FRAMES_PER_POLL {
            if closing.step == CloseStep::Done {
                result = Poll::Ready(Ok(()));
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
}

fn would_block(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error) if error.kind() == ErrorKind::WouldBlock)
}

fn lost(error: impl fmt::Display) -> TransportError {
    TransportError::Lost(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{ReadBuf, duplex};

    use super::*;
    use crate::message::Serializer;

    #[test]
    fn a_peer_that_takes_a_part_makes_room() {
        const FRAME: usize = 100_000;
        const PIPE: usize = 64 << 10;
        let (near, mut far) = duplex(PIPE);
        let info = TransportInfo::new(Serializer::Cbor, "websocket", "test");
        let mut transport = WebSocketTransport::new(near, Vec::new(), Role::Server, info, None);
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
}
