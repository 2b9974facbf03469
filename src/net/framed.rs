//! `Framed`: a connection over a framing.
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

/// Reads and writes the frames of a byte stream, and ends the connection.
pub(crate) trait Framing: Send {
    /// A message that comes.
    type Incoming;

    /// A message to send.
    type Outgoing;

    /// Code or other argument of closing.
    type Close: Send;

    /// A step of closing.
    type CloseStep: Copy + PartialEq + Send;

    /// The last step, after which there is nothing to do.
    const CLOSED: Self::CloseStep;

    /// Added where the peer goes away at the first ping, if it may be because of the ping.
    const PING_HINT: Option<&'static str> = None;

    /// Begins a poll of the task that drives the connection.
    fn enter(&mut self, cx: &Context<'_>) {
        let _ = cx;
    }

    /// The next frame of what was read already.
    fn next_buffered(&mut self) -> Result<Option<Incoming<Self::Incoming>>, TransportError> {
        Ok(None)
    }

    /// Reads once. An error, [`Incoming::Close`] and [`Incoming::End`] are the last.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Incoming<Self::Incoming>, TransportError>>;

    /// Refuses messages of more bytes from now on, if the framing can.
    fn limit_messages(&mut self, bytes: usize) {
        let _ = bytes;
    }

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
    fn push_message(&mut self, message: Self::Outgoing) -> Result<(), WriteError>;

    /// Returns whether a ping can be put into the buffer now. No ping is due before.
    fn can_ping(&self) -> bool {
        true
    }

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
    fn begin_close(&mut self, close: &Self::Close, can_write: bool) -> Self::CloseStep;

    /// The step after `step`, when that is done.
    fn poll_close_step(
        &mut self,
        cx: &mut Context<'_>,
        step: Self::CloseStep,
    ) -> Poll<Self::CloseStep>;
}

/// Result of reading once.
pub(crate) enum Incoming<M> {
    Message(M),
    /// A ping; the answer is in the buffer and has to be flushed. With a message if those above are told.
    Ping(Option<M>),
    /// A pong, with its payload. As with pings.
    Pong(Bytes, Option<M>),
    /// Bytes, but no whole frame.
    Nothing,
    /// The peer has said that it ends the connection. The framing knows what it said.
    Close,
    /// The peer's direction of the stream has ended.
    End {
        within_frame: bool,
    },
}

/// A framing could not write.
pub(crate) enum WriteError {
    /// The stream is broken. What the peer said before can still be read.
    Lost(TransportError),
    /// The frame itself cannot be sent.
    Frame(TransportError),
}

/// Why a connection ends, as the machine sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GiveUp {
    /// The stream is broken.
    Lost,
    /// The peer does not answer pings, or does not take them.
    Silent,
    /// The peer does not take what is sent.
    Stalled,
}

/// Limits of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLimits {
    /// `None`: pings are never sent.
    pub(crate) auto_ping: Option<AutoPing>,
    /// Longest time in which the peer takes no byte of what is sent. `None`: unlimited.
    pub(crate) send_timeout: Option<Duration>,
    /// Longest time that closing takes, altogether.
    pub(crate) close_timeout: Duration,
}

/// A connection over a framing, after the opening handshake.
pub(crate) struct Framed<F: Framing> {
    framing: F,
    peer: Box<str>,
    round_trip: Option<Duration>,
    /// Nothing more is read when this is false.
    is_open: bool,
    /// A ping or the answer to one is in the buffer; the user of the connection may not flush, as it has
    /// nothing to send.
    control_waits: bool,
    /// Writing failed. What the peer said before is still read, then this is told.
    write_error: Option<TransportError>,
    /// Total of bytes up to which the peer is still read then.
    hear_until: u64,
    /// Boxed, as many connections have none.
    ping_timer: Option<Box<PingTimer>>,
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

type Received<M> = Poll<Option<Result<M, TransportError>>>;

impl<F: Framing> Framed<F> {
    /// `peer` is the peer's address, for the log.
    pub(crate) fn new(framing: F, peer: impl ToString, times: TimeLimits) -> Self {
        Framed {
            framing,
            peer: peer.to_string().into(),
            round_trip: None,
            is_open: true,
            control_waits: false,
            write_error: None,
            hear_until: u64::MAX,
            ping_timer: times.auto_ping.map(|times| Box::new(PingTimer::new(times))),
            messages: 0,
            stall: StallTimer::new(times.send_timeout),
            has_stalled: false,
            close_timeout: times.close_timeout,
            closing: None,
        }
    }

    pub(crate) fn framing(&self) -> &F {
        &self.framing
    }

    /// Takes the time of an answer to a ping, if one has come since the last call.
    pub(crate) fn take_round_trip(&mut self) -> Option<Duration> {
        self.round_trip.take()
    }

    /// The next message, or `None` at the orderly end. Nothing follows either that or an error.
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Received<F::Incoming> {
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
                Incoming::Ping(told) => {
                    self.control_waits = true;
                    if let Some(message) = told {
                        return self.received(cx, message);
                    }
                }
                Incoming::Pong(payload, told) => {
                    self.handle_pong(&payload);
                    if let Some(message) = told {
                        return self.received(cx, message);
                    }
                }
                Incoming::Nothing => {}
                Incoming::End { within_frame } => return self.ended(within_frame),
                Incoming::Close => {
                    self.is_open = false;
                    return Poll::Ready(None);
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Refuses messages of more bytes from now on; the limit of the start still applies.
    pub(crate) fn limit_messages(&mut self, bytes: usize) {
        self.framing.limit_messages(bytes);
    }

    /// Ready when a message can be taken without exceeding the limit of the buffer.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.framing.buffered() < HIGH_WATER {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(cx) {
            Poll::Pending if self.framing.buffered() < HIGH_WATER => Poll::Ready(Ok(())),
            poll => poll,
        }
    }

    /// Takes a message. Nothing is sent before a flush.
    pub(crate) fn start_send(&mut self, message: F::Outgoing) -> Result<(), TransportError> {
        if self.write_error.is_some() {
            return Ok(());
        }
        let pushed = self.framing.push_message(message);
        self.written(pushed)
    }

    /// Returns whether writing has failed, which [`poll_recv`](Self::poll_recv) tells after what the peer said.
    pub(crate) fn has_lost(&self) -> bool {
        self.write_error.is_some()
    }

    /// Ready when all messages were sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framing.enter(cx);
        self.flush(cx)
    }

    /// Closes the connection, and waits for the peer for a bounded time. What the first call says counts.
    pub(crate) fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        close: &F::Close,
    ) -> Poll<Result<(), TransportError>> {
        self.framing.enter(cx);
        let mut closing = match self.closing.take() {
            Some(closing) => closing,
            None => Closing {
                step: self.framing.begin_close(close, self.write_error.is_none()),
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

    /// Longest time that closing takes.
    pub(crate) fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// Returns whether messages can be sent after the end of [`poll_recv`](Self::poll_recv).
    pub(crate) fn is_half_open(&self) -> bool {
        self.framing.is_half_open() && self.write_error.is_none()
    }

    /// Nothing came: asks whether the peer is alive.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Received<F::Incoming> {
        if let Some(error) = self.write_error.take() {
            return self.give_up(GiveUp::Lost, error);
        }
        let read = self.framing.bytes_read();
        while self.framing.can_ping()
            && let Some(silence) = &mut self.ping_timer
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
    fn poll_control(&mut self, cx: &mut Context<'_>) -> Received<F::Incoming> {
        if self.control_waits
            && let Poll::Ready(Err(error)) = self.flush(cx)
        {
            return self.give_up(GiveUp::Silent, error);
        }
        Poll::Pending
    }

    fn received(&mut self, cx: &mut Context<'_>, message: F::Incoming) -> Received<F::Incoming> {
        match self.poll_due_ping(cx) {
            Ok(()) => Poll::Ready(Some(Ok(message))),
            Err(error) => self.give_up(GiveUp::Lost, error),
        }
    }

    /// Messages come without a pause: sends a ping if one is due all the same.
    fn poll_due_ping(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        self.messages = self.messages.wrapping_add(1);
        if self.messages.is_multiple_of(MESSAGES_PER_LOOK)
            && self.framing.can_ping()
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
            self.round_trip = Some(time);
            tracing::debug!(peer = &*self.peer, round_trip = ?time, "the peer answered a ping");
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
    fn ended(&mut self, within_frame: bool) -> Received<F::Incoming> {
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

    /// The peer goes away, and it may be because of the first ping.
    fn ping_hint(&self) -> Option<TransportError> {
        let hint = F::PING_HINT?;
        let asked = self.ping_timer.as_ref().is_some_and(|timer| timer.is_unanswered());
        asked.then(|| lost(hint))
    }

    fn give_up(&mut self, why: GiveUp, error: TransportError) -> Received<F::Incoming> {
        self.framing.give_up(why);
        self.fail(error)
    }

    fn fail(&mut self, error: TransportError) -> Received<F::Incoming> {
        self.is_open = false;
        Poll::Ready(Some(Err(error)))
    }
}

pub(crate) fn lost(cause: impl Into<Cause>) -> TransportError {
    TransportError::Lost(cause.into())
}
