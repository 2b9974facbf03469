//! Contains [`Connection`], the task that connects one transport to the core.
//!
//! One turn reads the available frames up to a bound, passes them to the core in one step, sends
//! the content of the outbox, and flushes once.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::codec::{self, Refused};
use crate::core::router::Input;
use crate::error::{ApplicationError, TransportError};
use crate::message::Message;
use crate::router::hall::StepEffects;
use crate::router::hub::{Hub, Seat};
use crate::router::outbox::{Ending, Frame, Item, Outbox, Queued, SOFT_LIMIT};
use crate::router::patience::PATIENCE;
use crate::rt::{self, Sleep};
use crate::transport::outgoing::{Closing, poll_send};
use crate::transport::{Counted, Transport};
use crate::uri::Uri;
use crate::websocket::CloseCode;

/// Maximum number of messages read in one turn. Small enough that receivers start on a burst while
/// the rest is still being read.
const READS_PER_TURN: usize = 32;

/// Maximum number of messages encoded in one turn.
const WRITES_PER_TURN: usize = 256;

/// Maximum number of warnings about lost events.
const MAX_WARNED: usize = 64;

/// Interval at which a sender checks whether a slow peer still reads.
const LOOK: Duration = Duration::from_millis(PATIENCE.as_millis() as u64 / 4);

pub(crate) struct Connection {
    hub: Arc<Hub>,
    seat: Seat,
    transport: Box<dyn Transport>,
    /// True if the transport refuses messages that strangers may not send.
    limited: bool,
    /// True until the buffers that joining took are given back.
    fresh: bool,
    /// The deadline of the door, and its timer.
    timer: Option<(Duration, Sleep)>,
    phase: Phase,
    throttle: Throttle,
    effects: StepEffects,
    /// Inputs that were read, but not handled.
    inputs: VecDeque<Input>,
    /// True if the transport delivers nothing more: `Input::End` is the last of `inputs` or was
    /// handled.
    ended: bool,
    /// True if the transport accepts nothing more.
    broken: bool,
    /// Items taken from the outbox, but not encoded.
    items: VecDeque<Queued>,
    /// Encoded frames that the transport has not accepted yet, and their size.
    frames: VecDeque<Frame>,
    frames_cost: usize,
    unsent: Vec<(Item, ApplicationError)>,
    /// Subscriptions whose lost events were logged.
    warned: Vec<u64>,
    /// Reusable buffer for encoding.
    scratch: Vec<u8>,
    /// Messages of this turn.
    counted: Counted,
}

enum Phase {
    Open,
    /// The core has removed the connection; the remaining frames are sent until the timer ends.
    Draining(CloseCode, Sleep),
    Closing(Closing),
}

/// The slow peers for which this connection pauses reading.
#[derive(Default)]
struct Throttle {
    outboxes: Vec<Arc<Outbox>>,
    timer: Option<Sleep>,
}

impl Connection {
    pub(super) fn new(hub: Arc<Hub>, seat: Seat, transport: Box<dyn Transport>) -> Self {
        Connection {
            hub,
            seat,
            transport,
            limited: false,
            fresh: true,
            timer: None,
            phase: Phase::Open,
            throttle: Throttle::default(),
            effects: StepEffects::default(),
            inputs: VecDeque::new(),
            ended: false,
            broken: false,
            items: VecDeque::new(),
            frames: VecDeque::new(),
            frames_cost: 0,
            unsent: Vec::new(),
            warned: Vec::new(),
            scratch: Vec::new(),
            counted: Counted::default(),
        }
    }

    /// Handles the deadline of a connection without a session.
    fn check_deadline(&mut self, cx: &mut Context<'_>) {
        while let Some(deadline) = self.seat.door.poll_timeout() {
            if self.timer.as_ref().is_none_or(|(at, _)| *at != deadline) {
                self.timer = Some((deadline, Sleep::new(deadline.saturating_sub(rt::now()))));
            }
            let Some((_, sleep)) = &mut self.timer else { return };
            if Pin::new(sleep).poll(cx).is_pending() {
                return;
            }
            self.timer = None;
            self.hub.handle_timeout(&mut self.seat, &mut self.effects, cx.waker());
        }
        self.timer = None;
    }

    /// Reads and handles inputs. Returns whether more can be read at once.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        if self.throttle.poll(cx, &self.seat.outbox).is_pending() {
            return false;
        }
        // Inputs left by the last turn come first.
        let more = !self.inputs.is_empty() || self.read_frames(cx);
        if !self.inputs.is_empty() {
            self.hub.handle(&mut self.seat, &mut self.inputs, &mut self.effects, cx.waker());
            self.throttle.outboxes.append(&mut self.effects.slow);
            if self.effects.paused {
                return false;
            }
        }
        if self.ended && self.inputs.is_empty() {
            // The peer may have closed only its own direction and wait for the answers.
            self.phase = match self.transport.is_half_open() {
                true if !self.broken => self.draining(CloseCode::Normal),
                _ => self.closing(CloseCode::Normal),
            };
            return false;
        }
        // A peer that does not read its answers may not send further requests.
        if self.seat.outbox.is_above_soft_limit() {
            self.throttle.outboxes.push(Arc::clone(&self.seat.outbox));
        }
        more || !self.inputs.is_empty()
    }

    fn read_frames(&mut self, cx: &mut Context<'_>) -> bool {
        let serializer = self.transport.info().serializer;
        let stranger = self.seat.door.is_stranger();
        let bounds = self.hub.bounds(stranger);
        if stranger != self.limited {
            self.limited = stranger;
            self.transport.limit_messages(bounds.message);
        }
        // What a stranger sends is not decoded in advance.
        let most = if stranger { 1 } else { READS_PER_TURN };
        while self.inputs.len() < most {
            match self.transport.poll_recv(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.counted.received(frame.len());
                    match codec::decode_within(serializer, &frame, &bounds) {
                        Ok(message) => self.inputs.push_back(Input::Message(message)),
                        Err(Refused::Unusable(unusable)) => {
                            tracing::debug!(
                                peer = self.transport.info().peer,
                                ?unusable,
                                "refused"
                            );
                            self.inputs.push_back(Input::Unusable(unusable));
                        }
                        Err(Refused::Violation(violation)) => {
                            let info = self.transport.info();
                            tracing::debug!(peer = info.peer, %violation, "undecodable message");
                            self.inputs.push_back(Input::Violation(violation));
                            return false;
                        }
                    }
                }
                Poll::Ready(end) => {
                    self.log_end(end.and_then(Result::err).as_ref());
                    self.inputs.push_back(Input::End);
                    self.ended = true;
                    return false;
                }
                Poll::Pending => return false,
            }
        }
        true
    }

    /// Encodes and sends. Ready when there is more to encode at once.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, TransportError> {
        let ending = self.seat.outbox.take(cx, &mut self.items);
        match ending {
            Some(Ending::Now(code)) => {
                self.phase = self.closing(code);
                return Ok(Poll::Ready(()));
            }
            Some(Ending::Drained(code)) if matches!(self.phase, Phase::Open) => {
                self.phase = self.draining(code);
            }
            _ => {}
        }
        let waits = self.encode(cx);
        let mut bytes_sent = 0;
        let counted = &mut self.counted;
        let sent = poll_send(cx, self.transport.as_mut(), &mut self.frames, |transport, frame| {
            bytes_sent += cost(&frame);
            counted.sent(frame.len());
            frame.send(transport)
        })?;
        self.frames_cost -= bytes_sent;
        if bytes_sent > 0 {
            self.seat.outbox.mark_sent(bytes_sent, rt::now);
        }
        if sent.is_ready() {
            let _ = self.transport.poll_flush(cx)?;
        }
        if !self.unsent.is_empty() {
            let (hub, seat) = (&self.hub, &mut self.seat);
            hub.undeliverable(seat, &mut self.unsent, &mut self.effects, cx.waker());
            self.effects.slow.clear();
            return Ok(Poll::Ready(()));
        }
        // If frames are left, the transport wakes the task.
        let more = !waits && !self.items.is_empty() && self.frames.is_empty();
        Ok(if more { Poll::Ready(()) } else { Poll::Pending })
    }

    /// Encodes items. Returns whether the next one waits for another task that encodes it.
    fn encode(&mut self, cx: &Context<'_>) -> bool {
        let info = self.transport.info();
        // Counted once per turn: the outbox is shared, and counting costs time.
        let (mut taken, mut encoded) = (0, 0);
        let mut waits = false;
        for _ in 0..WRITES_PER_TURN {
            // Large items stay unencoded: events of one publication share their payload.
            if self.frames_cost > SOFT_LIMIT {
                break;
            }
            let Some(Queued { item, cost: counted }) = self.items.pop_front() else { break };
            let Poll::Ready(frame) = item.encode(&mut self.scratch, info.serializer, cx) else {
                self.items.push_front(Queued { item, cost: counted });
                waits = true;
                break;
            };
            taken += counted;
            let error = match frame {
                Ok(frame) if frame.len() <= info.max_send => {
                    encoded += cost(&frame);
                    self.frames_cost += cost(&frame);
                    self.frames.push_back(frame);
                    continue;
                }
                Ok(frame) => ApplicationError::new(Uri::PAYLOAD_SIZE_EXCEEDED).arg(format!(
                    "{} of {} bytes exceeds the receiver's limit of {}",
                    item.message().name(),
                    frame.len(),
                    info.max_send
                )),
                Err(error) => ApplicationError::new(Uri::INVALID_PAYLOAD).arg(format!(
                    "{} cannot be written in the receiver's serializer {}: {}",
                    item.message().name(),
                    info.serializer.as_str(),
                    error.message
                )),
            };
            if let Message::Event(event) = item.message() {
                self.hub.count_undeliverable_event();
                // Once for each subscription: the log would be as long as the stream of events.
                if self.warned.len() < MAX_WARNED && !self.warned.contains(&event.subscription) {
                    self.warned.push(event.subscription);
                    let subscription = event.subscription;
                    tracing::warn!(peer = info.peer, subscription, %error, "events are lost");
                }
            }
            self.unsent.push((item, error));
        }
        if taken > 0 {
            self.seat.outbox.adjust_size(taken, encoded, rt::now);
        }
        waits
    }

    /// Adds the messages of the turn to the counts of the connection and of the router.
    fn report(&mut self) {
        let counted = std::mem::take(&mut self.counted);
        if counted != Counted::default() {
            let info = self.transport.info();
            info.count(counted);
            self.hub.count(info.serializer, counted);
        }
    }

    /// Gives back the buffers that joining took, once: many sessions are idle for long afterwards.
    fn give_back(&mut self) {
        let unused = self.inputs.is_empty() && self.items.is_empty() && self.frames.is_empty();
        if self.fresh && unused && self.seat.door.realm().is_some() {
            self.fresh = false;
            self.inputs = VecDeque::new();
            self.items = VecDeque::new();
            self.frames = VecDeque::new();
            self.scratch = Vec::new();
            self.seat.outbox.give_back();
        }
    }

    fn draining(&self, code: CloseCode) -> Phase {
        Phase::Draining(code, Sleep::new(self.transport.close_timeout()))
    }

    fn closing(&self, code: CloseCode) -> Phase {
        Phase::Closing(Closing::new(code, self.transport.close_timeout()))
    }

    fn log_end(&self, error: Option<&TransportError>) {
        let info = self.transport.info();
        match error {
            Some(error) => tracing::debug!(peer = info.peer, kind = info.kind, %error, "lost"),
            None => tracing::debug!(peer = info.peer, kind = info.kind, "disconnected"),
        }
    }

    /// Handles the loss of the transport. Messages read before are still handled.
    fn lost(&mut self, error: &TransportError) {
        self.log_end(Some(error));
        self.broken = true;
        match self.phase {
            Phase::Open if self.ended => {}
            Phase::Open => {
                self.ended = true;
                self.inputs.push_back(Input::End);
            }
            _ => self.phase = self.closing(CloseCode::Normal),
        }
    }
}

impl Throttle {
    fn poll(&mut self, cx: &mut Context<'_>, own: &Arc<Outbox>) -> Poll<()> {
        while !self.outboxes.is_empty() {
            let now = rt::now();
            self.outboxes.retain(|outbox| {
                let own = Arc::ptr_eq(outbox, own);
                if own { outbox.poll_own_room(cx, now) } else { outbox.poll_room(cx, now) }
                    .is_pending()
            });
            if self.outboxes.is_empty() {
                break;
            }
            // A peer that stops reading sends no notification: poll for it.
            let timer = self.timer.get_or_insert_with(|| Sleep::new(LOOK));
            if Pin::new(timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
        }
        self.timer = None;
        Poll::Ready(())
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let mut more = false;
        if let Phase::Open = this.phase {
            this.hub.catch_up(&mut this.seat, &mut this.effects, cx.waker());
            more |= this.read(cx);
            this.check_deadline(cx);
        }
        if let Phase::Open | Phase::Draining(..) = this.phase
            && !this.broken
        {
            match this.write(cx) {
                Ok(poll) => more |= poll.is_ready(),
                Err(error) => {
                    this.lost(&error);
                    more = true;
                }
            }
        }
        this.report();
        if let Phase::Draining(code, timer) = &mut this.phase {
            let drained = this.items.is_empty() && this.frames.is_empty() && !more;
            if drained || Pin::new(timer).poll(cx).is_ready() {
                let code = *code;
                this.phase = this.closing(code);
            }
        }
        if let Phase::Closing(closing) = &mut this.phase {
            // An error ends the transport, too.
            return closing.poll(cx, this.transport.as_mut()).map(drop);
        }
        // News that has come before the outbox knew this task.
        if more || matches!(this.phase, Phase::Open) && this.seat.outbox.notices.any() {
            cx.waker().wake_by_ref();
        } else {
            this.give_back();
        }
        Poll::Pending
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.finished(&self.seat);
    }
}

/// Returns the size of a waiting frame in bytes.
fn cost(frame: &Frame) -> usize {
    size_of::<Frame>() + frame.len()
}
