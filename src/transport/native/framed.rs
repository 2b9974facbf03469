//! `Framed`: a WAMP transport over a framing.
//!
//! WebSocket and RawSocket differ in how frames look and how a connection ends. Everything else is
//! here, once: reading, pings and silence, a peer that takes nothing, the last words of a broken
//! connection, flushing, and the time that closing may take.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Cause, TransportError};
use crate::net::limits::{EMPTY_FRAMES_PER_POLL, HIGH_WATER, LAST_WORDS, MESSAGES_PER_LOOK};
use crate::net::liveness::{AutoPing, PingStep, PingTimer, StallTimer};
use crate::rt::Sleep;
use crate::transport::{CloseCode, Transport, TransportInfo};

/// Reads and writes the frames of a byte stream, and ends the connection.
pub(super) trait Framing: Send {
    /// A step of closing.
    type CloseStep: Copy + PartialEq + Send;

    /// The last step, after which there is nothing to do.
    const CLOSED: Self::CloseStep;

    /// Added where the peer goes away at our first ping, if it may be because of the ping.
    const PING_HINT: Option<&'static str> = None;

    /// Begins a poll of the task that drives the connection.
    fn enter(&mut self, cx: &Context<'_>) {
        let _ = cx;
    }

    /// The next frame of what was read already.
    fn next_buffered(&mut self) -> Result<Option<Incoming>, TransportError> {
        Ok(None)
    }

    /// Reads once. An error, [`Incoming::Goodbye`] and [`Incoming::End`] are the last.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, TransportError>>;

    /// Returns whether the stream had nothing more to read when [`poll_read`](Self::poll_read) was
    /// pending.
    fn is_drained(&self) -> bool {
        true
    }

    /// Returns whether so many answers to pings wait that nothing more may be read.
    fn is_backlogged(&self) -> bool {
        false
    }

    /// Puts a message into the buffer.
    fn push_message(&mut self, message: Bytes) -> Result<(), WriteError>;

    /// Puts a ping into the buffer.
    fn push_ping(&mut self, payload: Bytes) -> Result<(), WriteError>;

    /// Upper bound of the bytes in the buffer.
    fn buffered(&self) -> usize;

    /// Returns whether something was put into the buffer since everything had left.
    fn needs_flush(&self) -> bool;

    /// Writes. Ready when everything has left, or with an error, after which nothing is kept. Of an
    /// error the framing wakes the task, so that it reads on.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>>;

    /// Number of bytes read since the start.
    fn bytes_read(&self) -> u64;

    /// Number of bytes that the stream took since the start.
    fn bytes_written(&self) -> u64;

    /// Number of bytes that are still to be written, after an attempt to write.
    fn bytes_left(&self) -> usize;

    /// The connection ends for a reason that the framing has not found itself.
    fn give_up(&mut self, why: GiveUp);

    /// Returns whether the peer has ended its own direction alone.
    fn is_half_open(&self) -> bool {
        false
    }

    /// Begins closing. `can_write` is false when the connection is broken.
    fn begin_close(&mut self, code: CloseCode, can_write: bool) -> Self::CloseStep;

    /// The step after `step`, when that is done.
    fn poll_close_step(
        &mut self,
        cx: &mut Context<'_>,
        step: Self::CloseStep,
    ) -> Poll<Self::CloseStep>;
}

/// Result of reading once.
pub(super) enum Incoming {
    Message(Bytes),
    /// A ping; the answer is in the buffer and has to be flushed.
    Ping,
    Pong(Bytes),
    /// Bytes, but no whole frame.
    Nothing,
    /// The peer has said that it ends the connection, with a code and a reason if it gave them.
    Goodbye(Option<(u16, String)>),
    /// The peer's direction of the stream has ended.
    End {
        within_frame: bool,
    },
}

/// A framing could not write.
pub(super) enum WriteError {
    /// The stream is broken. What the peer said before can still be read.
    Lost(TransportError),
    /// The frame itself cannot be sent.
    Frame(TransportError),
}

/// Why a connection ends, as the machine sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GiveUp {
    /// The stream is broken.
    Lost,
    /// The peer does not answer pings, or does not take them.
    Silent,
    /// The peer does not take what is sent.
    Stalled,
}

/// Limits of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeLimits {
    /// `None`: pings are never sent.
    pub(super) auto_ping: Option<AutoPing>,
    /// Longest time in which the peer takes no byte of what is sent. `None`: unlimited.
    pub(super) send_timeout: Option<Duration>,
    /// Longest time that closing takes, altogether.
    pub(super) close_timeout: Duration,
}

/// A transport over a framing, after the opening handshake.
pub(super) struct Framed<F: Framing> {
    framing: F,
    info: TransportInfo,
    /// Nothing more is read when this is false.
    is_open: bool,
    /// A ping or the answer to one is in the buffer; the session may not flush, as it has nothing to
    /// say.
    control_waits: bool,
    /// Writing failed. What the peer said before is still read, then this is told.
    write_error: Option<TransportError>,
    /// Total of bytes up to which the peer is still read then.
    hear_until: u64,
    ping_timer: Option<PingTimer>,
    /// Messages that were read since a due ping was looked for.
    messages: u8,
    stall: StallTimer,
    /// The peer did not take what was sent; what is left of it is not sent any more.
    has_stalled: bool,
    close_timeout: Duration,
    closing: Option<Closing<F::CloseStep>>,
}

struct Closing<S> {
    timer: Sleep,
    step: S,
}

type Received = Poll<Option<Result<Bytes, TransportError>>>;

impl<F: Framing> Framed<F> {
    pub(super) fn new(framing: F, info: TransportInfo, times: TimeLimits) -> Self {
        Framed {
            framing,
            info,
            is_open: true,
            control_waits: false,
            write_error: None,
            hear_until: u64::MAX,
            ping_timer: times.auto_ping.map(PingTimer::new),
            messages: 0,
            stall: StallTimer::new(times.send_timeout),
            has_stalled: false,
            close_timeout: times.close_timeout,
            closing: None,
        }
    }

    #[cfg(test)]
    pub(super) fn framing(&self) -> &F {
        &self.framing
    }

    /// Nothing came: asks whether the peer is alive.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Received {
        if let Some(error) = self.write_error.take() {
            return self.give_up(GiveUp::Lost, error);
        }
        let read = self.framing.bytes_read();
        while let Some(silence) = &mut self.ping_timer
            && let Poll::Ready(beat) = silence.poll(cx, read)
        {
            match beat {
                PingStep::Ping(payload) => {
                    if let Err(error) = self.ping(cx, payload) {
                        return self.give_up(GiveUp::Lost, error);
                    }
                }
                PingStep::TimedOut => {
                    let error = TransportError::Timeout("the peer answers no ping");
                    return self.give_up(GiveUp::Silent, error);
                }
            }
        }
        self.poll_control(cx)
    }

    /// Pings and their answers leave now. Never ready unless that has failed.
    fn poll_control(&mut self, cx: &mut Context<'_>) -> Received {
        if self.control_waits
            && let Poll::Ready(Err(error)) = self.flush(cx)
        {
            return self.give_up(GiveUp::Silent, error);
        }
        Poll::Pending
    }

    fn received(&mut self, cx: &mut Context<'_>, message: Bytes) -> Received {
        match self.poll_due_ping(cx) {
            Ok(()) => Poll::Ready(Some(Ok(message))),
            Err(error) => self.give_up(GiveUp::Lost, error),
        }
    }

    /// Messages come without a pause: sends a ping if one is due all the same.
    fn poll_due_ping(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        self.messages = self.messages.wrapping_add(1);
        if self.messages.is_multiple_of(MESSAGES_PER_LOOK)
            && let Some(silence) = &mut self.ping_timer
            && let Poll::Ready(payload) = silence.poll_due_ping(cx)
        {
            self.ping(cx, payload)?;
        }
        Ok(())
    }

    /// Puts a ping into the buffer, and offers everything there to the stream: only then is known
    /// how much that is.
    fn ping(&mut self, cx: &mut Context<'_>, payload: Bytes) -> Result<(), TransportError> {
        if self.write_error.is_some() {
            return Ok(());
        }
        self.control_waits = true;
        let pushed = self.framing.push_ping(payload);
        self.written(pushed)?;
        if let Poll::Ready(Err(error)) = self.flush(cx) {
            return Err(error);
        }
        let written = self.framing.bytes_written();
        if let Some(silence) = &mut self.ping_timer {
            silence.queued(written + self.framing.bytes_left() as u64);
            silence.left(cx, written);
        }
        Ok(())
    }

    /// Writes what is in the buffer. The caller has entered the framing, so that a poll that reads and
    /// writes keeps its bound of work.
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if !self.framing.needs_flush() || self.write_error.is_some() || self.has_stalled {
            return Poll::Ready(Ok(()));
        }
        let written = self.framing.poll_write(cx);
        let count = self.framing.bytes_written();
        if let Some(silence) = &mut self.ping_timer {
            silence.left(cx, count);
        }
        let result = match written {
            Poll::Ready(result) => self.written(result),
            Poll::Pending => {
                ready!(self.stall.poll(cx, count));
                self.framing.give_up(GiveUp::Stalled);
                self.has_stalled = true;
                self.is_open = false;
                Err(TransportError::Timeout("the peer does not take what is sent"))
            }
        };
        self.stall.reset();
        self.control_waits = false;
        Poll::Ready(result)
    }

    fn handle_pong(&mut self, payload: &[u8]) {
        if let Some(silence) = &mut self.ping_timer
            && let Some(time) = silence.handle_pong(payload)
        {
            self.info.round_trip.set(time);
            tracing::debug!(peer = self.info.peer, round_trip = ?time, "the peer answered a ping");
        }
    }

    /// Keeps the error of a broken stream for `poll_recv`, so that the peer's last words are read
    /// first.
    fn written(&mut self, result: Result<(), WriteError>) -> Result<(), TransportError> {
        match result {
            Ok(()) => Ok(()),
            Err(WriteError::Frame(error)) => Err(error),
            Err(WriteError::Lost(error)) => {
                self.write_error = Some(error);
                self.hear_until = self.framing.bytes_read().saturating_add(LAST_WORDS);
                Ok(())
            }
        }
    }

    /// The peer has ended its direction of the stream.
    fn ended(&mut self, within_frame: bool) -> Received {
        if within_frame {
            let text = "the peer went away within a frame";
            let cause = io::Error::new(io::ErrorKind::UnexpectedEof, text);
            return self.give_up(GiveUp::Lost, lost(cause));
        }
        if let Some(hint) = self.ping_hint() {
            return self.fail(hint);
        }
        // After an error of writing, the system does not tell a broken connection from an end.
        if let Some(error) = self.write_error.take() {
            return self.give_up(GiveUp::Lost, error);
        }
        self.is_open = false;
        Poll::Ready(None)
    }

    /// The peer goes away, and it may be because of our first ping.
    fn ping_hint(&self) -> Option<TransportError> {
        let hint = F::PING_HINT?;
        let asked = self.ping_timer.as_ref().is_some_and(PingTimer::is_unanswered);
        asked.then(|| lost(hint))
    }

    fn give_up(&mut self, why: GiveUp, error: TransportError) -> Received {
        self.framing.give_up(why);
        self.fail(error)
    }

    fn fail(&mut self, error: TransportError) -> Received {
        self.is_open = false;
        Poll::Ready(Some(Err(error)))
    }
}

impl<F: Framing> Transport for Framed<F> {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Received {
        if !self.is_open {
            return Poll::Ready(None);
        }
        self.framing.enter(cx);
        for _ in 0..EMPTY_FRAMES_PER_POLL {
            // A peer that does not take the answers to its pings is not read.
            if self.framing.is_backlogged() {
                if let Poll::Ready(failed) = self.poll_control(cx) {
                    return Poll::Ready(failed);
                }
                // Only what still has to leave wakes us.
                if self.framing.is_backlogged() && self.framing.needs_flush() {
                    return Poll::Pending;
                }
            }
            let incoming = match self.framing.next_buffered() {
                Ok(Some(incoming)) => incoming,
                Ok(None) => {
                    if let Poll::Ready(failed) = self.poll_control(cx) {
                        return Poll::Ready(failed);
                    }
                    if self.framing.bytes_read() >= self.hear_until
                        && let Some(error) = self.write_error.take()
                    {
                        return self.give_up(GiveUp::Lost, error);
                    }
                    match self.framing.poll_read(cx) {
                        Poll::Ready(Ok(incoming)) => incoming,
                        Poll::Ready(Err(error @ TransportError::Lost(_))) => {
                            let error = self.ping_hint().unwrap_or(error);
                            return self.fail(error);
                        }
                        Poll::Ready(Err(error)) => return self.fail(error),
                        Poll::Pending if self.framing.is_drained() => return self.poll_silence(cx),
                        Poll::Pending => return Poll::Pending,
                    }
                }
                Err(error) => return self.fail(error),
            };
            match incoming {
                Incoming::Message(message) => return self.received(cx, message),
                Incoming::Ping => self.control_waits = true,
                Incoming::Pong(payload) => self.handle_pong(&payload),
                Incoming::Nothing => {}
                Incoming::End { within_frame } => return self.ended(within_frame),
                Incoming::Goodbye(said) => {
                    if let Some((code, reason)) = said {
                        let peer = &self.info.peer;
                        tracing::debug!(peer, code, reason, "closed by the peer");
                    }
                    self.is_open = false;
                    return Poll::Ready(None);
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.framing.buffered() < HIGH_WATER {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(cx) {
            Poll::Pending if self.framing.buffered() < HIGH_WATER => Poll::Ready(Ok(())),
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
        let pushed = self.framing.push_message(frame);
        self.written(pushed)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framing.enter(cx);
        self.flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        self.framing.enter(cx);
        let mut closing = match self.closing.take() {
            Some(closing) => closing,
            None => Closing {
                step: self.framing.begin_close(code, self.write_error.is_none()),
                timer: Sleep::new(self.close_timeout),
            },
        };
        let mut result = Poll::Pending;
        // Bounded, as a peer may go on sending.
        for turn in 0.. {
            if closing.step == F::CLOSED {
                result = Poll::Ready(Ok(()));
                break;
            }
            if turn == EMPTY_FRAMES_PER_POLL {
                cx.waker().wake_by_ref();
                break;
            }
            match self.framing.poll_close_step(cx, closing.step) {
                Poll::Ready(step) => closing.step = step,
                Poll::Pending => break,
            }
        }
        if result.is_pending() && Pin::new(&mut closing.timer).poll(cx).is_ready() {
            closing.step = F::CLOSED;
            result = Poll::Ready(Err(TransportError::Timeout("the peer does not close")));
        }
        self.closing = Some(closing);
        result
    }

    fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    fn is_half_open(&self) -> bool {
        self.framing.is_half_open() && self.write_error.is_none()
    }
}

pub(super) fn lost(cause: impl Into<Cause>) -> TransportError {
    TransportError::Lost(cause.into())
}
