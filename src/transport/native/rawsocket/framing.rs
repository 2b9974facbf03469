//! RawSocket as a framing of WAMP messages: reading and writing frames, the answers to PINGs, and
//! the end of a connection.
//!
//! RawSocket has no frame for the end: each side ends its direction of the stream. What frames look
//! like is in `framing::rawsocket`.

use std::fmt;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::handshake::Agreement;
use crate::error::TransportError;
use crate::framing::rawsocket::{
    Frame, FrameError, FrameKind, FrameReader, FrameWriter, HEADER_SIZE,
};
use crate::net::framed::{Framing, GiveUp, Incoming, TimeLimits, WriteError, lost};
use crate::net::limits::HIGH_WATER;
use crate::net::protection::Protection;
use crate::net::write::poll_write_pieces;
use crate::transport::TransportInfo;
use crate::transport::native::framed::FramedTransport;
use crate::websocket::CloseCode;

/// Bytes read by one system call, unless the rest of a longer frame is missing. The space is on the
/// stack, so that a connection that waits needs no memory for it.
const READ_SIZE: usize = 32 << 10;

/// Bytes read at once to be dropped.
const DRAIN_SIZE: usize = 16 << 10;

/// Crossbar and Autobahn|Python read a PING as the start of a message that is too long.
const NO_PING: &str = "the peer went away when it got a PING and may know none, as Crossbar: \
                       leave RawSocket's auto-ping off for it";

/// A RawSocket connection.
#[derive(Debug)]
pub(in crate::transport::native) struct RawSocketFraming<S> {
    stream: S,
    reader: FrameReader,
    writer: FrameWriter,
    state: State,
    read: u64,
    written: u64,
    /// Something was pushed into `writer` since everything had left.
    dirty: bool,
    /// Upper bound of the bytes in `writer` that are answers to PINGs.
    answers: usize,
    /// Writing has failed, and nothing is kept for the peer any more.
    broken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The peer has closed its direction.
    Ended,
    /// The peer violated the protocol; messages to it are still sent.
    Violated,
    /// The connection is broken, or the peer does not answer.
    Lost,
}

/// A step of closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport::native) enum CloseStep {
    /// Everything that waits is sent. What comes is read and dropped: the peer may have much
    /// to say before it reads, too.
    Flush,
    Shutdown,
    /// Until the peer has ended its direction, too. Closing a socket with unread bytes would make
    /// the system reset the connection, and the last sent bytes could be lost.
    Drain,
    Done,
}

/// The transport over a stream whose opening handshake is done.
pub(in crate::transport::native) fn transport<S>(
    stream: S,
    agreement: Agreement,
    peer: impl fmt::Display,
    protection: Protection,
    times: TimeLimits,
) -> FramedTransport<RawSocketFraming<S>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let Agreement { serializer, max_receive, max_send, early } = agreement;
    let mut info = TransportInfo::new(serializer, "rawsocket", peer);
    info.max_send = max_send;
    info.secure = protection.secure;
    info.channel_id = protection.channel_id;
    let mut reader = FrameReader::new(max_receive.bytes());
    reader.feed(&early);
    let framing = RawSocketFraming {
        stream,
        reader,
        writer: FrameWriter::new(),
        state: State::Open,
        read: early.len() as u64,
        written: 0,
        dirty: false,
        answers: 0,
        broken: false,
    };
    FramedTransport::new(framing, info, times)
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Framing for RawSocketFraming<S> {
    type Incoming = Bytes;
    type Outgoing = Bytes;
    type Close = CloseCode;
    type CloseStep = CloseStep;

    const CLOSED: CloseStep = CloseStep::Done;

    const PING_HINT: Option<&'static str> = Some(NO_PING);

    fn limit_messages(&mut self, bytes: usize) {
        self.reader.limit_frames(bytes);
    }

    fn next_buffered(&mut self) -> Result<Option<Incoming<Bytes>>, TransportError> {
        let Frame { kind, payload } = match self.reader.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.state = State::Violated;
                return Err(frame_error(error));
            }
        };
        Ok(Some(match kind {
            FrameKind::Message => Incoming::Message(payload),
            FrameKind::Pong => Incoming::Pong(payload, None),
            // Nothing is kept for the peer any more, so nothing is counted.
            FrameKind::Ping if self.broken => Incoming::Nothing,
            FrameKind::Ping => {
                self.answers += HEADER_SIZE + payload.len();
                if let Err(error) = self.push(Frame::pong(payload)) {
                    self.state = State::Lost;
                    return Err(error);
                }
                Incoming::Ping(None)
            }
        }))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming<Bytes>, TransportError>> {
        Poll::Ready(match ready!(self.poll_read_once(cx)) {
            Ok(0) => {
                self.state = State::Ended;
                Ok(Incoming::End { within_frame: self.reader.is_within_frame() })
            }
            Ok(count) => {
                self.read += count as u64;
                Ok(Incoming::Nothing)
            }
            Err(error) => {
                self.state = State::Lost;
                Err(lost(error))
            }
        })
    }

    fn is_backlogged(&self) -> bool {
        self.answers >= HIGH_WATER
    }

    fn push_message(&mut self, message: Bytes) -> Result<(), WriteError> {
        self.push(Frame::message(message)).map_err(WriteError::Frame)
    }

    fn push_ping(&mut self, payload: Bytes) -> Result<(), WriteError> {
        self.push(Frame::ping(payload)).map_err(WriteError::Frame)
    }

    fn buffered(&self) -> usize {
        self.writer.len()
    }

    fn needs_flush(&self) -> bool {
        self.dirty
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let result = match self.poll_write_all(cx) {
            Poll::Pending => {
                self.answers = self.answers.min(self.writer.len());
                return Poll::Pending;
            }
            Poll::Ready(Err(error)) => {
                self.broken = true;
                self.writer.clear();
                // The task reads on, and tells the error at the end.
                cx.waker().wake_by_ref();
                Err(WriteError::Lost(lost(error)))
            }
            Poll::Ready(Ok(())) => Ok(()),
        };
        self.dirty = false;
        self.answers = 0;
        Poll::Ready(result)
    }

    fn bytes_read(&self) -> u64 {
        self.read
    }

    fn bytes_written(&self) -> u64 {
        self.written
    }

    fn bytes_left(&self) -> usize {
        self.writer.len()
    }

    fn give_up(&mut self, _why: GiveUp) {
        self.state = State::Lost;
    }

    fn is_half_open(&self) -> bool {
        self.state == State::Ended
    }

    /// The code does not travel: RawSocket has no frame for it. A broken connection is just dropped.
    fn begin_close(&mut self, _code: &CloseCode, can_write: bool) -> CloseStep {
        let broken = self.state == State::Lost || !can_write;
        if broken { CloseStep::Done } else { CloseStep::Flush }
    }

    fn poll_close_step(&mut self, cx: &mut Context<'_>, step: CloseStep) -> Poll<CloseStep> {
        Poll::Ready(match step {
            CloseStep::Flush => match self.poll_write_all(cx) {
                Poll::Ready(Ok(())) => CloseStep::Shutdown,
                Poll::Ready(Err(_)) => CloseStep::Done,
                // It has ended its direction, and may read on.
                Poll::Pending if self.state == State::Ended => return Poll::Pending,
                Poll::Pending => match ready!(self.poll_discard(cx)) {
                    Ok(true) => CloseStep::Flush,
                    Ok(false) => {
                        self.state = State::Ended;
                        CloseStep::Flush
                    }
                    Err(_) => CloseStep::Done,
                },
            },
            CloseStep::Shutdown => match ready!(Pin::new(&mut self.stream).poll_shutdown(cx)) {
                Ok(()) if self.state != State::Ended => CloseStep::Drain,
                Ok(()) | Err(_) => CloseStep::Done,
            },
            CloseStep::Drain => match ready!(self.poll_discard(cx)) {
                Ok(true) => CloseStep::Drain,
                Ok(false) | Err(_) => CloseStep::Done,
            },
            CloseStep::Done => CloseStep::Done,
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> RawSocketFraming<S> {
    /// Reads once. 0 is the end of the peer's direction.
    fn poll_read_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(mut space) = self.reader.space() {
            return pin!(self.stream.read_buf(&mut space)).poll(cx);
        }
        let mut space = [const { MaybeUninit::uninit() }; READ_SIZE];
        let mut buf = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
        self.reader.feed(buf.filled());
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn push(&mut self, frame: Frame) -> Result<(), TransportError> {
        self.dirty = true;
        self.writer.push(frame).map_err(frame_error)
    }

    fn poll_write_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writer.is_empty() {
            let pieces = self.writer.chunks();
            let count = ready!(poll_write_pieces(&mut self.stream, cx, pieces))?;
            if count == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.written += count as u64;
            self.writer.advance(count);
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Reads once what is dropped. `false` is the end of the peer's direction.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [const { MaybeUninit::uninit() }; DRAIN_SIZE];
        let mut buf = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(!buf.filled().is_empty()))
    }
}

fn frame_error(error: FrameError) -> TransportError {
    match error {
        FrameError::TooLong { length, limit } => TransportError::TooLarge { size: length, limit },
        error => TransportError::Violation(error.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::future::poll_fn;
    use std::io::Cursor;
    use std::task::Waker;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, ReadBuf, duplex, join};

    use super::*;
    use crate::framing::rawsocket::MaxLength;
    use crate::message::Serializer;
    use crate::net::limits::LAST_WORDS;
    use crate::net::liveness::AutoPing;
    use crate::settings::Ping;
    use crate::transport::Transport;

    #[test]
    fn a_peer_that_takes_a_part_makes_room() {
        const FRAME: usize = 100_000;
        const PIPE: usize = 64 << 10;
        let (near, mut far) = duplex(PIPE);
        let agreement = Agreement::new(Serializer::Cbor, 16 << 20, MaxLength::MAX);
        let settings = TimeLimits {
            auto_ping: None,
            send_timeout: None,
            close_timeout: Duration::from_secs(2),
        };
        let mut transport = transport(near, agreement, "test", Protection::default(), settings);
        let cx = &mut Context::from_waker(Waker::noop());
        let frame = Bytes::from(vec![7; FRAME]);
        let (mut sent, mut read) = (0, 0);
        while read < 5 * HIGH_WATER {
            while let Poll::Ready(ready) = transport.poll_ready(cx) {
                assert_eq!(ready, Ok(()));
                assert_eq!(transport.start_send(frame.clone()), Ok(()));
                sent += FRAME + HEADER_SIZE;
            }
            // Neither does it wait until all has left, nor does it take more than it should.
            let held = HIGH_WATER..=HIGH_WATER + FRAME + HEADER_SIZE + PIPE;
            assert!(held.contains(&(sent - read)), "{sent} - {read}");
            assert!(transport.framing().writer.len() >= HIGH_WATER);
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

    /// Messages sent before the failure are read; an endless stream of them is not.
    #[tokio::test]
    async fn who_takes_nothing_and_talks_on_is_ended() {
        const SIZE: usize = 60_000;
        for kind in [0_u32, 1] {
            let frame = [&(kind << 24 | SIZE as u32).to_be_bytes(), &[7; SIZE][..]].concat();
            let (talk, (broken, _)) = (Cursor::new(frame.repeat(300)), duplex(1));
            let agreement = Agreement::new(Serializer::Cbor, 16 << 20, MaxLength::MAX);
            let settings = TimeLimits {
                auto_ping: None,
                send_timeout: None,
                close_timeout: Duration::from_secs(2),
            };
            let stream = join(talk, broken);
            let mut transport =
                transport(stream, agreement, "test", Protection::default(), settings);
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
            assert_eq!(messages, if kind == 0 { LAST_WORDS / (SIZE as u64 + 4) } else { 0 });
            assert!((LAST_WORDS..LAST_WORDS + (1 << 20)).contains(&transport.framing().read));
        }
    }

    /// Whoever turned pings on learns that it was them.
    #[tokio::test]
    async fn a_peer_that_goes_away_at_a_ping_may_know_none() {
        let (near, mut far) = duplex(1024);
        let agreement = Agreement::new(Serializer::Cbor, 16 << 20, MaxLength::MAX);
        let ping = Ping::new(Duration::from_millis(1), Duration::from_secs(10));
        let ping = AutoPing::of(&ping, false);
        let close_timeout = Duration::from_secs(2);
        let settings = TimeLimits { auto_ping: ping, send_timeout: None, close_timeout };
        let mut transport = transport(near, agreement, "test", Protection::default(), settings);
        let peer = tokio::spawn(async move { far.read_u8().await });
        let end = poll_fn(|cx| transport.poll_recv(cx)).await;
        assert_eq!(peer.await.unwrap().unwrap(), 1, "PING");
        assert_eq!(end, Some(Err(lost(NO_PING))));
    }
}
