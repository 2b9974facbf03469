//! RawSocket natively: the transport, and both halves of its opening handshake (spec: "RawSocket
//! Transport").
//!
//! Owns when bytes are read and written, the answers to PINGs, and the end of a connection, for
//! which RawSocket has no frame: each side ends its direction of the stream. The framing itself is
//! `framing::rawsocket`'s.

#[cfg(feature = "client")]
mod client;
mod closing;
mod handshake;
#[cfg(feature = "router")]
mod server;

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

#[cfg(feature = "client")]
pub use self::client::WampRawSocketClientFactory;
use self::closing::{CloseStep, Closing};
pub(super) use self::handshake::Agreement;
#[cfg(feature = "client")]
use self::handshake::{ShakeError, shake_hands};
#[cfg(feature = "router")]
pub(super) use self::server::{AnswerError, answer, refuse};
use crate::error::TransportError;
use crate::framing::rawsocket::{
    Frame, FrameError, FrameKind, FrameReader, FrameWriter, HEADER_SIZE,
};
use crate::net::limits::{EMPTY_FRAMES_PER_POLL, HIGH_WATER, LAST_WORDS, MESSAGES_PER_LOOK};
use crate::net::liveness::{AutoPing, Beat, Silence, Stall};
use crate::net::protection::Protection;
use crate::transport::{CloseCode, Transport, TransportInfo};

/// How much is read by one system call, unless the rest of a longer frame is missing. It lies on the
/// stack, so that a connection that waits needs no memory for it.
const READ_SIZE: usize = 32 << 10;

/// How many chunks are written by one system call.
const CHUNKS_PER_WRITE: usize = 16;

/// A RawSocket after its opening handshake.
#[derive(Debug)]
pub(super) struct RawSocketTransport<S> {
    stream: S,
    info: TransportInfo,
    reader: FrameReader,
    writer: FrameWriter,
    state: State,
    read: u64,
    written: u64,
    /// Something was pushed into `writer` since all had left.
    unflushed: bool,
    /// A PING or PONG is among it; the session may not flush, as it has nothing to say.
    control_waits: bool,
    /// How much of it is answers to PINGs, at most.
    answers: usize,
    /// Writing failed. What the peer said before is still read, then this is told.
    write_error: Option<TransportError>,
    /// So many bytes may have come then.
    hear_until: u64,
    silence: Option<Silence>,
    /// Read since the silence was looked at.
    messages: u8,
    stall: Stall,
    close_timeout: Duration,
    closing: Option<Closing>,
}

/// What the user has set for a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// `None`: never. Autobahn|Python and Crossbar drop the connection when they get a PING.
    pub(super) auto_ping: Option<AutoPing>,
    /// How long the peer may take nothing of what is sent. `None`: for ever.
    pub(super) send_timeout: Option<Duration>,
    /// How long closing may take, altogether.
    pub(super) close_timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The peer has ended its direction.
    Ended,
    /// The peer broke a rule; what we said before is still for it.
    Violated,
    /// The connection is broken, or nobody is there.
    Lost,
}

/// Crossbar and Autobahn|Python take a PING for the beginning of a message that is too long.
const NO_PING: &str = "the peer went away when it got a PING and may know none, as Crossbar: \
                       leave RawSocket's auto-ping off for it";

type Received = Poll<Option<Result<Bytes, TransportError>>>;

impl<S: AsyncRead + AsyncWrite + Send + Unpin> RawSocketTransport<S> {
    pub(super) fn new(
        stream: S,
        agreement: Agreement,
        peer: impl fmt::Display,
        protection: Protection,
        settings: Settings,
    ) -> Self {
        let Agreement { serializer, max_receive, max_send, early } = agreement;
        let mut info = TransportInfo::new(serializer, "rawsocket", peer);
        info.max_send = max_send;
        protection.tell(&mut info);
        let ping = settings.auto_ping;
        let silence = ping.map(|ping| Silence::new(ping, info.round_trip.clone()));
        let mut reader = FrameReader::new(max_receive.bytes());
        reader.feed(&early);
        RawSocketTransport {
            stream,
            info,
            reader,
            writer: FrameWriter::new(),
            state: State::Open,
            read: early.len() as u64,
            written: 0,
            unflushed: false,
            control_waits: false,
            answers: 0,
            write_error: None,
            hear_until: u64::MAX,
            silence,
            messages: 0,
            stall: Stall::new(settings.send_timeout),
            close_timeout: settings.close_timeout,
            closing: None,
        }
    }

    /// Reads once. 0 is the end of the peer's direction.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(mut space) = self.reader.space() {
            return pin!(self.stream.read_buf(&mut space)).poll(cx);
        }
        let mut space = [const { MaybeUninit::uninit() }; READ_SIZE];
        let mut buf = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
        self.reader.feed(buf.filled());
        Poll::Ready(Ok(buf.filled().len()))
    }

    /// Nothing came: is the peer alive?
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Received {
        if let Some(error) = self.write_error.take() {
            return self.fail(State::Lost, error);
        }
        while let Some(silence) = &mut self.silence
            && let Poll::Ready(beat) = silence.poll(cx, self.read)
        {
            match beat {
                Beat::Ping(payload) => {
                    if let Err(error) = self.ping(payload) {
                        return self.fail(State::Lost, error);
                    }
                }
                Beat::Dead => {
                    let error = TransportError::Timeout("the peer answers no ping");
                    return self.fail(State::Lost, error);
                }
            }
        }
        self.poll_control(cx)
    }

    /// PINGs and PONGs leave now. Never ready unless that has failed.
    fn poll_control(&mut self, cx: &mut Context<'_>) -> Received {
        if self.control_waits
            && let Poll::Ready(Err(error)) = self.poll_flush(cx)
        {
            return self.fail(State::Lost, error);
        }
        Poll::Pending
    }

    fn received(&mut self, cx: &mut Context<'_>, message: Bytes) -> Received {
        match self.poll_busy(cx) {
            Ok(()) => Poll::Ready(Some(Ok(message))),
            Err(error) => self.fail(State::Lost, error),
        }
    }

    /// Messages come without a pause: is a ping due all the same?
    fn poll_busy(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        self.messages = self.messages.wrapping_add(1);
        if self.messages.is_multiple_of(MESSAGES_PER_LOOK)
            && let Some(silence) = &mut self.silence
            && let Poll::Ready(payload) = silence.poll_busy(cx)
        {
            self.ping(payload)?;
        }
        Ok(())
    }

    fn ping(&mut self, payload: Bytes) -> Result<(), TransportError> {
        self.control(Frame::ping(payload))?;
        if let Some(silence) = &mut self.silence {
            silence.queued(self.written + self.writer.len() as u64);
        }
        Ok(())
    }

    fn pinged(&mut self, payload: Bytes) -> Result<(), TransportError> {
        if self.write_error.is_some() {
            // Nothing is kept for the peer any more, so nothing is counted.
            return Ok(());
        }
        self.answers += HEADER_SIZE + payload.len();
        self.control(Frame::pong(payload))
    }

    fn ponged(&mut self, payload: &[u8]) {
        if let Some(silence) = &mut self.silence
            && let Some(time) = silence.ponged(payload)
        {
            tracing::debug!(peer = self.info.peer, round_trip = ?time, "the peer answered a ping");
        }
    }

    /// The peer goes away. Is it because of our first PING?
    fn may_know_no_ping(&self) -> bool {
        self.silence.as_ref().is_some_and(Silence::is_unanswered)
    }

    fn control(&mut self, frame: Frame) -> Result<(), TransportError> {
        self.control_waits = true;
        self.push(frame)
    }

    fn push(&mut self, frame: Frame) -> Result<(), TransportError> {
        if self.write_error.is_some() {
            return Ok(());
        }
        self.unflushed = true;
        self.writer.push(frame).map_err(broken)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writer.is_empty() {
            let count = ready!(self.poll_write_once(cx))?;
            if count == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.written += count as u64;
            self.writer.advance(count);
            if let Some(silence) = &mut self.silence {
                silence.left(cx, self.written);
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let mut chunks = self.writer.chunks();
        let first = chunks.next().unwrap_or_default();
        let mut chunks = chunks.peekable();
        if chunks.peek().is_none() || !stream.is_write_vectored() {
            return stream.poll_write(cx, first);
        }
        let mut slices = [IoSlice::new(first); CHUNKS_PER_WRITE];
        let mut count = 1;
        for (slice, chunk) in slices[1..].iter_mut().zip(chunks) {
            *slice = IoSlice::new(chunk);
            count += 1;
        }
        stream.poll_write_vectored(cx, &slices[..count])
    }

    fn ended(&mut self) -> Received {
        if self.reader.is_within_frame() {
            return self.fail(State::Lost, lost("the peer went away within a frame"));
        }
        if self.may_know_no_ping() {
            return self.fail(State::Ended, lost(NO_PING));
        }
        // After an error of writing, the system does not tell a broken connection from an end.
        if let Some(error) = self.write_error.take() {
            return self.fail(State::Lost, error);
        }
        self.state = State::Ended;
        Poll::Ready(None)
    }

    fn fail(&mut self, state: State, error: TransportError) -> Received {
        self.state = state;
        Poll::Ready(Some(Err(error)))
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Transport for RawSocketTransport<S> {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Received {
        if self.state != State::Open {
            return Poll::Ready(None);
        }
        for _ in 0..EMPTY_FRAMES_PER_POLL {
            // Who does not take the answers to its PINGs is not asked for more of them.
            if self.answers >= HIGH_WATER {
                if let Poll::Ready(failed) = self.poll_control(cx) {
                    return Poll::Ready(failed);
                }
                // Only what still has to leave wakes us.
                if self.answers >= HIGH_WATER && self.unflushed {
                    return Poll::Pending;
                }
            }
            match self.reader.next_frame() {
                Ok(Some(Frame { kind: FrameKind::Message, payload })) => {
                    return self.received(cx, payload);
                }
                Ok(Some(Frame { kind: FrameKind::Ping, payload })) => {
                    if let Err(error) = self.pinged(payload) {
                        return self.fail(State::Lost, error);
                    }
                    continue;
                }
                Ok(Some(Frame { kind: FrameKind::Pong, payload })) => {
                    self.ponged(&payload);
                    continue;
                }
                Ok(None) => {}
                Err(error) => return self.fail(State::Violated, broken(error)),
            }
            if let Poll::Ready(failed) = self.poll_control(cx) {
                return Poll::Ready(failed);
            }
            if self.read >= self.hear_until
                && let Some(error) = self.write_error.take()
            {
                return self.fail(State::Lost, error);
            }
            match self.poll_read(cx) {
                Poll::Pending => return self.poll_silence(cx),
                Poll::Ready(Ok(0)) => return self.ended(),
                Poll::Ready(Ok(count)) => self.read += count as u64,
                Poll::Ready(Err(_)) if self.may_know_no_ping() => {
                    return self.fail(State::Lost, lost(NO_PING));
                }
                Poll::Ready(Err(error)) => return self.fail(State::Lost, lost(error)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.writer.len() < HIGH_WATER {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(cx) {
            Poll::Pending if self.writer.len() < HIGH_WATER => Poll::Ready(Ok(())),
            poll => poll,
        }
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let (size, limit) = (frame.len(), self.info.max_send);
        if size > limit {
            return Err(TransportError::TooLarge { size, limit });
        }
        self.push(Frame::message(frame))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let result = match self.poll_write(cx) {
            Poll::Pending => {
                self.answers = self.answers.min(self.writer.len());
                ready!(self.stall.poll(cx, self.written));
                self.state = State::Lost;
                Err(TransportError::Timeout("the peer does not take what is sent"))
            }
            Poll::Ready(Err(error)) => {
                self.write_error = Some(lost(error));
                self.hear_until = self.read.saturating_add(LAST_WORDS);
                self.writer.clear();
                cx.waker().wake_by_ref();
                Ok(())
            }
            Poll::Ready(Ok(())) => Ok(()),
        };
        self.stall.reset();
        self.unflushed = false;
        self.control_waits = false;
        self.answers = 0;
        Poll::Ready(result)
    }

    /// The code does not travel: RawSocket has no word for it.
    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        _code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        let mut closing = match self.closing.take() {
            Some(closing) => closing,
            None => self.begin_close(),
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

    fn is_half_open(&self) -> bool {
        self.state == State::Ended && self.write_error.is_none()
    }
}

fn broken(error: FrameError) -> TransportError {
    match error {
        FrameError::TooLong { length, limit } => TransportError::TooLarge { size: length, limit },
        error => TransportError::Violation(error.to_string()),
    }
}

fn lost(error: impl fmt::Display) -> TransportError {
    TransportError::Lost(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::future::poll_fn;
    use std::io::Cursor;
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, ReadBuf, duplex, join};

    use super::*;
    use crate::framing::rawsocket::MaxLength;
    use crate::message::Serializer;

    #[test]
    fn a_peer_that_takes_a_part_makes_room() {
        const FRAME: usize = 100_000;
        const PIPE: usize = 64 << 10;
        let (near, mut far) = duplex(PIPE);
        let agreement = Agreement::new(Serializer::Cbor, 16 << 20, MaxLength::MAX);
        let settings =
            Settings { auto_ping: None, send_timeout: None, close_timeout: Duration::from_secs(2) };
        let mut transport =
            RawSocketTransport::new(near, agreement, "test", Protection::default(), settings);
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
            assert!(transport.writer.len() >= HIGH_WATER);
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

    /// What it had said before is read; what it says without end is not.
    #[tokio::test]
    async fn who_takes_nothing_and_talks_on_is_ended() {
        const SIZE: usize = 60_000;
        for kind in [0_u32, 1] {
            let frame = [&(kind << 24 | SIZE as u32).to_be_bytes(), &[7; SIZE][..]].concat();
            let (talk, (broken, _)) = (Cursor::new(frame.repeat(300)), duplex(1));
            let agreement = Agreement::new(Serializer::Cbor, 16 << 20, MaxLength::MAX);
            let settings = Settings {
                auto_ping: None,
                send_timeout: None,
                close_timeout: Duration::from_secs(2),
            };
            let stream = join(talk, broken);
            let mut transport =
                RawSocketTransport::new(stream, agreement, "test", Protection::default(), settings);
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
            assert!((LAST_WORDS..LAST_WORDS + (1 << 20)).contains(&transport.read));
        }
    }

    /// Whoever turned pings on learns that it was them.
    #[tokio::test]
    async fn a_peer_that_goes_away_at_a_ping_may_know_none() {
        let (near, mut far) = duplex(1024);
        let agreement = Agreement::new(Serializer::Cbor, 16 << 20, MaxLength::MAX);
        let ping = AutoPing::new(Duration::from_millis(1), Duration::from_secs(10));
        let close_timeout = Duration::from_secs(2);
        let settings = Settings { auto_ping: Some(ping), send_timeout: None, close_timeout };
        let mut transport =
            RawSocketTransport::new(near, agreement, "test", Protection::default(), settings);
        let peer = tokio::spawn(async move { far.read_u8().await });
        let end = poll_fn(|cx| transport.poll_recv(cx)).await;
        assert_eq!(peer.await.unwrap().unwrap(), 1, "PING");
        assert_eq!(end, Some(Err(lost(NO_PING))));
    }
}
