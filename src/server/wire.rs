//! Drives the transport of a connection beside its handler.
//!
//! Reads ahead, sends what the queue holds, and ends the connection; it never calls the handler.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::error::TransportError;
use crate::rt::Sleep;
use crate::server::WampTransport;
use crate::server::read_ahead::ReadAhead;
use crate::server::wamp_transport::{Ending, Queue, Queued};
use crate::transport::outgoing::{CLOSE_MARGIN, Closing, poll_send};
use crate::transport::{Transport, TransportInfo};
use crate::websocket::CloseCode;

/// Number of messages handled before other tasks get their turn and answers are flushed: one flush for
/// many answers is the largest factor in speed.
const MESSAGES_PER_TURN: usize = 32;

/// Minimum time that a handler has when the server shuts down; it is longer if draining and closing may
/// take longer.
const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

/// Time that a handler has after the end of the peer or the connection, and time limit of `on_close`.
pub(super) const GRACE: Duration = Duration::from_secs(10);

pub(super) struct Wire {
    /// `None` when the connection is over.
    transport: Option<Box<dyn Transport>>,
    queue: Arc<Queue>,
    close_timeout: Duration,
    phase: Phase,
    /// True if the transport delivers nothing more.
    ended: bool,
    /// Messages that were read, but not handled.
    ahead: ReadAhead,
    /// Frames taken from the queue, but not accepted by the transport.
    frames: VecDeque<Queued>,
    /// Number of messages of this turn.
    handled: usize,
    /// This side has failed or found a protocol error, so the end is not clean.
    failed: bool,
    shutdown: Shutdown,
    /// Started at the end; see [`GRACE`].
    grace: Option<Sleep>,
}

/// The next event for the handler.
pub(super) enum Next {
    Message(Bytes),
    Shutdown,
    /// The end; true if it was clean.
    End(bool),
}

enum Phase {
    Open,
    /// Frames sent before leave, until the timer ends.
    Draining(CloseCode, Sleep),
    Closing {
        closing: Closing,
        is_clean: bool,
    },
    Over {
        is_clean: bool,
    },
}

enum Shutdown {
    No,
    /// The handler was not told yet.
    Begun(Sleep),
    Told(Sleep),
    /// The time is over.
    Forced,
}

impl Wire {
    pub(super) fn new(transport: Box<dyn Transport>) -> Self {
        Wire {
            queue: Queue::new(transport.info().clone()),
            close_timeout: transport.close_timeout(),
            transport: Some(transport),
            phase: Phase::Open,
            ended: false,
            ahead: ReadAhead::default(),
            frames: VecDeque::new(),
            handled: 0,
            failed: false,
            shutdown: Shutdown::No,
            grace: None,
        }
    }

    pub(super) fn handle(&self) -> WampTransport {
        WampTransport::new(&self.queue)
    }

    pub(super) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    pub(super) fn info(&self) -> &TransportInfo {
        self.queue.info()
    }

    /// Returns the next message, in its turn.
    pub(super) async fn next(&mut self) -> Next {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Waits for the end, for example after [`fail`](Self::fail).
    pub(super) async fn closed(&mut self) {
        poll_fn(|cx| {
            self.drive(cx, true, ReadAhead::MESSAGES);
            match self.phase {
                Phase::Over { .. } => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
        .await;
    }

    /// Drives the transport while the handler runs. Ready when the handler's time is over.
    pub(super) fn poll_transport(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.handled = 0;
        self.drive(cx, true, ReadAhead::MESSAGES);
        match &mut self.grace {
            _ if matches!(self.shutdown, Shutdown::Forced) => Poll::Ready(()),
            Some(timer) => Pin::new(timer).poll(cx),
            None => Poll::Pending,
        }
    }

    /// Ends the connection because of an error, after the frames sent before.
    pub(super) fn fail(&mut self, code: CloseCode) {
        // A connection that has ended keeps its state, unless the peer's last messages were wrong.
        self.failed |= matches!(self.phase, Phase::Open | Phase::Draining(..))
            || code == CloseCode::ProtocolError;
        self.ahead.clear();
        self.queue.end(Ending::Close(code));
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.handled >= MESSAGES_PER_TURN {
            self.handled = 0;
            self.drive(cx, true, 1);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.drive(cx, false, 1);
        if self.ended && self.ahead.is_empty() && matches!(self.phase, Phase::Open) {
            // Everything was handled, and the peer waits for the answers.
            self.queue.end(Ending::Close(CloseCode::Normal));
            self.drive(cx, true, 1);
        }
        if let Phase::Open = self.phase
            && let Some(()) = self.shutdown.tell()
        {
            return Poll::Ready(Next::Shutdown);
        }
        // Messages before the peer's end are handled in their turn.
        if let Some(frame) = self.ahead.pop() {
            self.handled += 1;
            return Poll::Ready(Next::Message(frame));
        }
        self.handled = 0;
        match self.phase {
            Phase::Over { is_clean } => Poll::Ready(Next::End(is_clean && !self.failed)),
            _ => Poll::Pending,
        }
    }

    /// Drives everything but the handler, and reads until this many messages wait for it. Without `flush`,
    /// frames are flushed only if no message waits to be handled.
    fn drive(&mut self, cx: &mut Context<'_>, flush: bool, messages: usize) {
        let asked = self.queue.take(cx, &mut self.frames);
        if self.shutdown.poll(cx, asked.down, self.close_timeout) {
            self.queue.end(Ending::Abort);
            self.ahead.clear();
            return self.over(false);
        }
        if asked.deaf {
            self.ahead.clear();
        }
        if let Some(Ending::Abort) = asked.ending {
            return self.over(false);
        }
        let Some(transport) = &mut self.transport else { return };
        if let Some(Ending::Close(code)) = asked.ending
            && let Phase::Open = self.phase
        {
            self.phase = Phase::Draining(code, Sleep::new(self.close_timeout));
        }
        if let Phase::Open | Phase::Draining(..) = self.phase
            && !self.ended
            && let Poll::Ready(end) = read(cx, transport, &self.phase, &mut self.ahead, messages)
        {
            self.ended(end);
        }
        if let Phase::Open = self.phase
            && self.ahead.poll_stalled(cx).is_ready()
        {
            let info = self.queue.info();
            tracing::warn!(peer = info.peer, kind = info.kind, "closed: its handler is stuck");
            self.fail(CloseCode::InternalError);
        }
        if let Phase::Open | Phase::Draining(..) = self.phase {
            self.write(cx, flush);
        }
        self.close(cx);
    }

    fn write(&mut self, cx: &mut Context<'_>, flush: bool) {
        let Some(transport) = &mut self.transport else { return };
        let flush = flush || self.ahead.is_empty();
        match write(cx, transport, &mut self.frames, &self.queue, flush) {
            Ok(left) => {
                if let Phase::Draining(code, timer) = &mut self.phase {
                    let code = *code;
                    // The time is over if the peer does not read.
                    if left.is_ready() || Pin::new(timer).poll(cx).is_ready() {
                        self.begin_close(code, left.is_ready());
                    }
                }
            }
            Err(error) => {
                self.log(&error);
                self.ended = true;
                self.begin_close(CloseCode::InternalError, false);
            }
        }
    }

    /// Handles the end of the peer's direction or of the connection.
    fn ended(&mut self, end: Result<(), TransportError>) {
        self.ended = true;
        self.grace.get_or_insert_with(|| Sleep::new(GRACE));
        match end {
            // Messages handled now are still answered.
            Ok(()) if self.transport.as_ref().is_some_and(|one| one.is_half_open()) => {}
            Ok(()) => self.begin_close(CloseCode::Normal, true),
            Err(error) => {
                self.log(&error);
                self.begin_close(CloseCode::InternalError, false);
            }
        }
    }

    fn begin_close(&mut self, code: CloseCode, is_clean: bool) {
        self.queue.refuse();
        self.phase = Phase::Closing { closing: Closing::new(code, self.close_timeout), is_clean };
    }

    fn close(&mut self, cx: &mut Context<'_>) {
        let Phase::Closing { closing, is_clean } = &mut self.phase else { return };
        let Some(transport) = &mut self.transport else { return };
        if let Poll::Ready(result) = closing.poll(cx, transport.as_mut()) {
            let is_clean = *is_clean && result.is_ok();
            self.over(is_clean);
        }
    }

    fn over(&mut self, is_clean: bool) {
        if let Phase::Over { .. } = self.phase {
            return;
        }
        self.phase = Phase::Over { is_clean };
        self.grace.get_or_insert_with(|| Sleep::new(GRACE));
        self.frames = VecDeque::new();
        self.queue.over();
        // The socket is closed before the handler is told.
        self.transport = None;
    }

    fn log(&self, error: &TransportError) {
        let info = self.info();
        tracing::debug!(peer = info.peer, kind = info.kind, %error, "lost");
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.queue.gone();
    }
}

/// Reads ahead, or reads and drops, so that a peer that is still writing comes to reading. Ready at the
/// end.
fn read(
    cx: &mut Context<'_>,
    transport: &mut Box<dyn Transport>,
    phase: &Phase,
    ahead: &mut ReadAhead,
    messages: usize,
) -> Poll<Result<(), TransportError>> {
    let is_open = matches!(phase, Phase::Open);
    for _ in 0..MESSAGES_PER_TURN {
        if is_open && ahead.holds(messages) {
            return Poll::Pending;
        }
        match transport.poll_recv(cx) {
            Poll::Ready(Some(Ok(frame))) if is_open => ahead.push(frame),
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Passes frames to the transport. Ready when all were sent.
fn write(
    cx: &mut Context<'_>,
    transport: &mut Box<dyn Transport>,
    frames: &mut VecDeque<Queued>,
    queue: &Queue,
    flush: bool,
) -> Result<Poll<()>, TransportError> {
    let sent = poll_send(cx, transport.as_mut(), frames, |transport, Queued { frame, cost }| {
        queue.leaves(cost);
        transport.start_send(frame)
    })?;
    if sent.is_pending() {
        return Ok(Poll::Pending);
    }
    Ok(if flush { transport.poll_flush(cx)? } else { Poll::Pending })
}

impl Shutdown {
    /// Returns whether the time is over.
    fn poll(&mut self, cx: &mut Context<'_>, down: bool, close_timeout: Duration) -> bool {
        if let Shutdown::No = self
            && down
        {
            let closing = close_timeout.saturating_mul(2).saturating_add(CLOSE_MARGIN);
            *self = Shutdown::Begun(Sleep::new(SHUTDOWN_TIME.max(closing)));
        }
        if let Shutdown::Begun(timer) | Shutdown::Told(timer) = self
            && Pin::new(timer).poll(cx).is_ready()
        {
            *self = Shutdown::Forced;
        }
        matches!(self, Shutdown::Forced)
    }

    /// Returns `Some` once, when the handler has to be told.
    fn tell(&mut self) -> Option<()> {
        match std::mem::replace(self, Shutdown::No) {
            Shutdown::Begun(timer) => {
                *self = Shutdown::Told(timer);
                Some(())
            }
            other => {
                *self = other;
                None
            }
        }
    }
}
