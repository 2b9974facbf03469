//! The transport of a connection that has a handler, driven beside it.
//!
//! Owns reading one message ahead, sending what the queue holds, and every way to the end; it calls
//! nothing of the handler's.

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
use crate::server::wamp_transport::{Ending, Queue, Queued};
use crate::transport::{CloseCode, Transport, TransportInfo};

/// Messages that are handled before other tasks get their turn, and answers leave: one flush for
/// many answers is the largest factor in speed.
const MESSAGES_PER_TURN: usize = 32;

/// How long a connection that shall be closed may take to read what was sent before.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// How long a transport may take to close. Those of this crate have their own, shorter limit.
const CLOSE_TIME: Duration = Duration::from_secs(3);

/// How long a handler may go on when the server goes down.
const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

pub(super) struct Wire {
    /// Gone when all is over.
    transport: Option<Box<dyn Transport>>,
    queue: Arc<Queue>,
    phase: Phase,
    /// Read, not handled.
    ahead: Option<Bytes>,
    /// Taken from the queue, not by the transport.
    frames: VecDeque<Queued>,
    /// Messages of this turn.
    handled: usize,
    /// Our side has made a mistake or found one, so that the end is not clean.
    failed: bool,
    shutdown: Shutdown,
}

/// What comes next for the handler.
pub(super) enum Next {
    Message(Bytes),
    Shutdown,
    /// It was clean or not.
    End(bool),
}

enum Phase {
    Open,
    /// What was sent before leaves, until the timer ends.
    Draining(CloseCode, Sleep),
    Closing {
        code: CloseCode,
        is_clean: bool,
        timer: Sleep,
    },
    Over {
        is_clean: bool,
    },
}

enum Shutdown {
    No,
    /// The handler has not been told yet.
    Begun(Sleep),
    Told(Sleep),
    /// The time is over.
    Forced,
}

impl Wire {
    pub(super) fn new(transport: Box<dyn Transport>) -> Self {
        Wire {
            queue: Queue::new(transport.info().clone()),
            transport: Some(transport),
            phase: Phase::Open,
            ahead: None,
            frames: VecDeque::new(),
            handled: 0,
            failed: false,
            shutdown: Shutdown::No,
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

    /// The next message, in its turn.
    pub(super) async fn next(&mut self) -> Next {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Waits for the end; [`fail`](Self::fail) or somebody else brings it.
    pub(super) async fn closed(&mut self) {
        poll_fn(|cx| self.poll_beside(cx)).await;
    }

    /// Goes on while the handler is at work. Ready when the connection is over.
    pub(super) fn poll_beside(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.handled = 0;
        self.drive(cx, true);
        match self.phase {
            Phase::Over { .. } => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    /// Ends the connection because of a mistake, after what was sent before.
    pub(super) fn fail(&mut self, code: CloseCode) {
        // What has ended already was ended as it was.
        self.failed |= matches!(self.phase, Phase::Open | Phase::Draining(..));
        self.queue.end(Ending::Close(code));
    }

    /// Whether the server goes down, and its patience is over.
    pub(super) fn is_forced(&self) -> bool {
        matches!(self.shutdown, Shutdown::Forced)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.handled >= MESSAGES_PER_TURN {
            self.handled = 0;
            self.drive(cx, true);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.drive(cx, false);
        match self.phase {
            Phase::Open => {}
            Phase::Draining(..) | Phase::Closing { .. } => return Poll::Pending,
            Phase::Over { is_clean } => return Poll::Ready(Next::End(is_clean && !self.failed)),
        }
        if let Some(()) = self.shutdown.tell() {
            return Poll::Ready(Next::Shutdown);
        }
        let Some(frame) = self.ahead.take() else {
            self.handled = 0;
            return Poll::Pending;
        };
        self.handled += 1;
        Poll::Ready(Next::Message(frame))
    }

    /// Goes on with everything but the handler. Without `flush` it is flushed only if there is no
    /// message to be handled first.
    fn drive(&mut self, cx: &mut Context<'_>, flush: bool) {
        let asked = self.queue.take(cx, &mut self.frames);
        if self.shutdown.poll(cx, asked.down) {
            self.queue.end(Ending::Abort);
            return self.over(false);
        }
        let Some(transport) = &mut self.transport else { return };
        match asked.ending {
            Some(Ending::Abort) => return self.over(false),
            Some(Ending::Close(code)) if matches!(self.phase, Phase::Open) => {
                self.phase = Phase::Draining(code, Sleep::new(DRAIN_TIME));
            }
            _ => {}
        }
        if let Phase::Open | Phase::Draining(..) = self.phase
            && let Poll::Ready(end) = read(cx, transport, &self.phase, &mut self.ahead)
        {
            return self.ended(cx, end);
        }
        if let Phase::Open | Phase::Draining(..) = self.phase {
            let flush = flush || self.ahead.is_none();
            match write(cx, transport, &mut self.frames, &self.queue, flush) {
                Ok(left) => {
                    if let Phase::Draining(code, timer) = &mut self.phase {
                        let code = *code;
                        // Its time is over if the peer does not read.
                        if left.is_ready() || Pin::new(timer).poll(cx).is_ready() {
                            self.begin_close(code, left.is_ready());
                        }
                    }
                }
                Err(error) => {
                    self.log(&error);
                    self.begin_close(CloseCode::InternalError, false);
                }
            }
        }
        self.close(cx);
    }

    /// The peer has closed or is gone.
    fn ended(&mut self, cx: &mut Context<'_>, end: Result<(), TransportError>) {
        if let Err(error) = &end {
            self.log(error);
        }
        let code = match end {
            Ok(()) => CloseCode::Normal,
            Err(_) => CloseCode::InternalError,
        };
        self.begin_close(code, end.is_ok());
        self.close(cx);
    }

    fn begin_close(&mut self, code: CloseCode, is_clean: bool) {
        self.queue.end(Ending::Close(code));
        self.phase = Phase::Closing { code, is_clean, timer: Sleep::new(CLOSE_TIME) };
    }

    fn close(&mut self, cx: &mut Context<'_>) {
        let Phase::Closing { code, is_clean, timer } = &mut self.phase else { return };
        let (code, is_clean) = (*code, *is_clean);
        let Some(transport) = &mut self.transport else { return };
        match transport.poll_close(cx, code) {
            Poll::Ready(result) => self.over(is_clean && result.is_ok()),
            Poll::Pending => {
                if Pin::new(timer).poll(cx).is_ready() {
                    self.over(false);
                }
            }
        }
    }

    fn over(&mut self, is_clean: bool) {
        if let Phase::Over { .. } = self.phase {
            return;
        }
        self.phase = Phase::Over { is_clean };
        self.ahead = None;
        self.frames = VecDeque::new();
        self.queue.over();
        // The socket is closed before the handler is told so.
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

/// Reads one frame ahead, or takes what nobody wants any more, so that a peer that only writes comes
/// to reading. Ready at the end.
fn read(
    cx: &mut Context<'_>,
    transport: &mut Box<dyn Transport>,
    phase: &Phase,
    ahead: &mut Option<Bytes>,
) -> Poll<Result<(), TransportError>> {
    let is_open = matches!(phase, Phase::Open);
    if !is_open {
        *ahead = None;
    }
    for _ in 0..MESSAGES_PER_TURN {
        if ahead.is_some() {
            return Poll::Pending;
        }
        match transport.poll_recv(cx) {
            Poll::Ready(Some(Ok(frame))) if is_open => *ahead = Some(frame),
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Hands frames over. Ready when all have left.
fn write(
    cx: &mut Context<'_>,
    transport: &mut Box<dyn Transport>,
    frames: &mut VecDeque<Queued>,
    queue: &Queue,
    flush: bool,
) -> Result<Poll<()>, TransportError> {
    while !frames.is_empty() {
        if transport.poll_ready(cx)?.is_pending() {
            return Ok(Poll::Pending);
        }
        if let Some(Queued { frame, cost }) = frames.pop_front() {
            transport.start_send(frame)?;
            queue.leaves(cost);
        }
    }
    Ok(if flush { transport.poll_flush(cx)? } else { Poll::Pending })
}

impl Shutdown {
    /// Whether the time is over.
    fn poll(&mut self, cx: &mut Context<'_>, down: bool) -> bool {
        if let Shutdown::No = self
            && down
        {
            *self = Shutdown::Begun(Sleep::new(SHUTDOWN_TIME));
        }
        if let Shutdown::Begun(timer) | Shutdown::Told(timer) = self
            && Pin::new(timer).poll(cx).is_ready()
        {
            *self = Shutdown::Forced;
        }
        matches!(self, Shutdown::Forced)
    }

    /// Once, when the handler is to be told.
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
