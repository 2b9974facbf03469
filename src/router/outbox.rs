//! Contains [`Outbox`], the outgoing messages of one connection, between the core and the
//! transport.
//!
//! Code that drains the core adds messages in the core's order. The connection's own task removes,
//! encodes and sends them, so that no other task works for a slow peer. The size in bytes is
//! bounded: above [`SOFT_LIMIT`] the senders are asked to wait, and above the hard limit the
//! connection is closed. A single message always fits, because no sender could have waited before
//! it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;

use crate::codec;
use crate::error::{EncodeError, TransportError};
use crate::lock::Lock;
use crate::message::{Message, Serializer};
use crate::router::notices::Notices;
use crate::router::patience::Patience;
use crate::transport::Transport;
use crate::transport::shared_frame::SharedFrame;
use crate::websocket::CloseCode;

/// Size from which senders to this connection wait, as long as [`Patience`] lasts.
pub(super) const SOFT_LIMIT: usize = 1 << 20;

/// An outgoing message.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "boxing would cost an allocation a message")]
pub(super) enum Item {
    Own(Message),
    Shared(Arc<Multicast>),
}

/// A message for several connections, encoded once per serializer, by the first connection that needs
/// it.
#[derive(Debug)]
pub(super) struct Multicast {
    message: Message,
    weight: usize,
    encoded: [Slot; Serializer::ALL.len()],
}

/// The frame of one serializer.
#[derive(Debug, Default)]
struct Slot {
    frame: OnceLock<Result<SharedFrame, EncodeError>>,
    /// The tasks that wait for the frame, while one task makes it.
    waiting: Lock<Option<Vec<Waker>>>,
}

/// Weight of a multicast in bytes from which a task waits while another one encodes. Below it, two
/// tasks may encode it at once: that takes less time than to wake a task.
const LONG: usize = 16 << 10;

/// An encoded message.
#[derive(Debug)]
pub(super) enum Frame {
    Own(Bytes),
    Shared(SharedFrame),
}

/// The result of adding a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Taken,
    /// Added, but the peer is slow: its sender waits before it sends more.
    Wait,
    /// Not added: the peer must be disconnected.
    Overflow,
}

/// The way in which a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// After everything in the outbox was sent.
    Drained(CloseCode),
    /// At once, because the peer accepts nothing.
    Now(CloseCode),
}

#[derive(Debug)]
pub(super) struct Outbox {
    state: Lock<State>,
    /// Number of bytes in `state.items` and of those that the task has removed, but not sent.
    load: AtomicUsize,
    hard_limit: usize,
    /// News for the connection's task. After a change, call [`wake`](Outbox::wake).
    pub(super) notices: Notices,
}

/// An item and the publication it was counted for: see [`Item::publication`].
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) item: Item,
    pub(super) cost: usize,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Queued>,
    /// Publication of the last item.
    publication: Option<u64>,
    ending: Option<Ending>,
    /// The connection's task, unless it is being woken already.
    task: Option<Waker>,
    /// Tasks that wait for the load to fall.
    waiting: Vec<Waker>,
    patience: Patience,
}

impl Outbox {
    pub(super) fn new(hard_limit: usize) -> Self {
        Outbox {
            state: Lock::default(),
            load: AtomicUsize::new(0),
            hard_limit,
            notices: Notices::default(),
        }
    }

    /// Adds a message. Appends the tasks to wake to `wakers`; they must be woken outside this lock
    /// and the core's.
    pub(super) fn push(&self, now: Duration, item: Item, wakers: &mut Vec<Waker>) -> Pushed {
        let publication = item.publication();
        let mut cost = item.cost();
        let mut state = self.state.lock();
        if state.ending.is_some() {
            return Pushed::Taken;
        }
        if publication.is_some() && publication == state.publication {
            cost = size_of::<Queued>();
        }
        state.publication = publication;
        let before = self.load.fetch_add(cost, Ordering::Relaxed);
        wakers.extend(state.task.take());
        if before + cost > self.hard_limit && before > SOFT_LIMIT.min(self.hard_limit) {
            state.overflow();
            return Pushed::Overflow;
        }
        state.items.push_back(Queued { item, cost });
        if before + cost <= SOFT_LIMIT {
            return Pushed::Taken;
        }
        if before <= SOFT_LIMIT {
            state.patience.begin_load(now);
        }
        if state.patience.senders_may_wait(now) { Pushed::Wait } else { Pushed::Taken }
    }

    /// Appends the connection's task to `wakers`.
    pub(super) fn wake(&self, wakers: &mut Vec<Waker>) {
        wakers.extend(self.state.lock().task.take());
    }

    /// Ends the outbox. No message follows.
    pub(super) fn end(&self, code: CloseCode, wakers: &mut Vec<Waker>) {
        let mut state = self.state.lock();
        if state.ending.is_none() {
            state.ending = Some(Ending::Drained(code));
        }
        wakers.extend(state.task.take());
    }

    /// Removes all messages in exchange for an empty queue, and returns the end if it is reached.
    /// The task of `cx` is woken when there is more. For the connection's own task only.
    pub(super) fn take(&self, cx: &Context<'_>, into: &mut VecDeque<Queued>) -> Option<Ending> {
        let mut state = self.state.lock();
        match &mut state.task {
            Some(task) => task.clone_from(cx.waker()),
            task => *task = Some(cx.waker().clone()),
        }
        if into.is_empty() {
            std::mem::swap(&mut state.items, into);
        } else {
            into.append(&mut state.items);
        }
        state.ending
    }

    /// Gives back the memory of the queue if it is empty.
    pub(super) fn give_back(&self) {
        let mut state = self.state.lock();
        if state.items.is_empty() {
            state.items = VecDeque::new();
        }
    }

    /// Corrects the size of a message from `before` to `after` bytes once it is encoded.
    pub(super) fn adjust_size(&self, before: usize, after: usize, now: impl FnOnce() -> Duration) {
        if after <= before {
            return self.unload(before - after);
        }
        let more = after - before;
        let load = self.load.fetch_add(more, Ordering::Relaxed);
        if load <= SOFT_LIMIT && load + more > SOFT_LIMIT {
            self.state.lock().patience.begin_load(now());
        }
    }

    /// Subtracts bytes that the transport has accepted.
    pub(super) fn mark_sent(&self, bytes: usize, now: impl FnOnce() -> Duration) {
        // The clock is not read for a peer that keeps up.
        if self.is_above_soft_limit() {
            self.state.lock().patience.take(now(), bytes);
        }
        self.unload(bytes);
    }

    /// Number of bytes that wait.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Ends the outbox at once. What waits is dropped.
    pub(super) fn overflow(&self, wakers: &mut Vec<Waker>) {
        let mut state = self.state.lock();
        state.overflow();
        wakers.extend(state.task.take());
    }

    /// Returns whether the peer is slow.
    pub(super) fn is_above_soft_limit(&self) -> bool {
        self.load() > SOFT_LIMIT
    }

    /// Completes for a sender when the load has fallen below the soft limit, or when the sender
    /// need not wait any longer.
    pub(super) fn poll_room(&self, cx: &Context<'_>, now: Duration) -> Poll<()> {
        self.poll(cx, |patience| patience.senders_may_wait(now))
    }

    /// Completes for the peer's own requests in the same way. They block no other peer, so any
    /// reading is enough.
    pub(super) fn poll_own_room(&self, cx: &Context<'_>, now: Duration) -> Poll<()> {
        self.poll(cx, |patience| patience.is_alive(now))
    }

    fn poll(&self, cx: &Context<'_>, wait: impl FnOnce(&mut Patience) -> bool) -> Poll<()> {
        if !self.is_above_soft_limit() {
            return Poll::Ready(());
        }
        let mut state = self.state.lock();
        // Check again under the lock, which `unload` takes to find the waiting tasks.
        if !self.is_above_soft_limit() || state.ending.is_some() || !wait(&mut state.patience) {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn unload(&self, bytes: usize) {
        let before = self.load.fetch_sub(bytes, Ordering::Relaxed);
        if before > SOFT_LIMIT && before - bytes <= SOFT_LIMIT {
            let waiting = std::mem::take(&mut self.state.lock().waiting);
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

impl State {
    fn overflow(&mut self) {
        self.ending = Some(Ending::Now(CloseCode::InternalError));
        self.items = VecDeque::new();
    }
}

impl Item {
    pub(super) fn message(&self) -> &Message {
        match self {
            Item::Own(message) => message,
            Item::Shared(shared) => &shared.message,
        }
    }

    pub(super) fn encode(
        &self,
        scratch: &mut Vec<u8>,
        serializer: Serializer,
        cx: &Context<'_>,
    ) -> Poll<Result<Frame, EncodeError>> {
        match self {
            Item::Own(message) => {
                Poll::Ready(codec::encode_by(scratch, serializer, message).map(Frame::Own))
            }
            Item::Shared(shared) => {
                let slot = Serializer::ALL.iter().position(|one| *one == serializer);
                // Those of the program's own are for few, and have no place among the encoded forms.
                let Some(slot) = slot else {
                    let frame = codec::encode_by(scratch, serializer, &shared.message);
                    return Poll::Ready(frame.map(Frame::Own));
                };
                let encode = || {
                    let frame = codec::encode_by(scratch, serializer, &shared.message)?;
                    Ok(SharedFrame::new(serializer, frame))
                };
                let slot = &shared.encoded[slot];
                let frame = if shared.weight < LONG {
                    Poll::Ready(slot.frame.get().cloned().unwrap_or_else(|| slot.make(encode)))
                } else {
                    slot.poll_or_init(cx, encode)
                };
                frame.map(|frame| frame.map(Frame::Shared))
            }
        }
    }

    /// Events of one publication for several subscriptions of a session share their payload and
    /// details, which are counted once.
    fn publication(&self) -> Option<u64> {
        match self.message() {
            Message::Event(event) => Some(event.publication),
            _ => None,
        }
    }

    /// Returns the size in the outbox in bytes.
    fn cost(&self) -> usize {
        let weight = match self {
            Item::Own(message) => message.weight(),
            Item::Shared(shared) => shared.weight,
        };
        size_of::<Queued>() + weight
    }
}

impl Slot {
    /// Makes the frame. Of two tasks that do so at once, the first one's is kept; neither waits.
    fn make(
        &self,
        encode: impl FnOnce() -> Result<SharedFrame, EncodeError>,
    ) -> Result<SharedFrame, EncodeError> {
        let made = encode();
        let _ = self.frame.set(made.clone());
        self.frame.get().cloned().unwrap_or(made)
    }

    /// Makes the frame, or waits for the task that makes it.
    fn poll_or_init(
        &self,
        cx: &Context<'_>,
        encode: impl FnOnce() -> Result<SharedFrame, EncodeError>,
    ) -> Poll<Result<SharedFrame, EncodeError>> {
        if let Some(frame) = self.frame.get() {
            return Poll::Ready(frame.clone());
        }
        {
            let mut waiting = self.waiting.lock();
            // Made meanwhile?
            if let Some(frame) = self.frame.get() {
                return Poll::Ready(frame.clone());
            }
            if let Some(waiting) = &mut *waiting {
                waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            *waiting = Some(Vec::new());
        }
        let frame = self.make(encode);
        let waiting = self.waiting.lock().take();
        waiting.into_iter().flatten().for_each(Waker::wake);
        Poll::Ready(frame)
    }
}

impl Frame {
    pub(super) fn len(&self) -> usize {
        match self {
            Frame::Own(frame) => frame.len(),
            Frame::Shared(frame) => frame.bytes().len(),
        }
    }

    pub(super) fn send(self, transport: &mut dyn Transport) -> Result<(), TransportError> {
        match self {
            Frame::Own(frame) => transport.start_send(frame),
            Frame::Shared(frame) => transport.start_send_shared(frame),
        }
    }
}

impl Multicast {
    pub(super) fn new(message: Message) -> Arc<Self> {
        let weight = message.weight();
        Arc::new(Multicast { message, weight, encoded: Default::default() })
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::message::{Event, EventDetails, Payload};
    use crate::router::patience::{HOLD, PATIENCE};
    use crate::value::{Dict, Value};

    const NOW: Duration = Duration::from_secs(9);
    const HARD_LIMIT: usize = 2 * SOFT_LIMIT;

    fn event(publication: u64, size: usize) -> Item {
        let details = EventDetails::default();
        let args = vec![Value::Bytes(Bytes::from(vec![7; size]))];
        let payload =
            if size > 0 { Payload::from_values(args, Dict::new()) } else { Payload::empty() };
        Item::Own(Event { subscription: 1, publication, details, payload }.into())
    }

    fn item() -> Item {
        event(1, 0)
    }

    fn push(outbox: &Outbox, count: usize) -> Pushed {
        let mut last = Pushed::Taken;
        for _ in 0..count {
            last = outbox.push(NOW, item(), &mut Vec::new());
        }
        last
    }

    fn poll_room(outbox: &Outbox, after: Duration) -> Poll<()> {
        outbox.poll_room(&Context::from_waker(Waker::noop()), NOW + after)
    }

    #[test]
    fn senders_wait_only_for_peers_that_read() {
        let outbox = Outbox::new(HARD_LIMIT);
        let cost = item().cost();
        let fits = SOFT_LIMIT / cost;
        assert_eq!(push(&outbox, fits), Pushed::Taken);
        assert_eq!(poll_room(&outbox, Duration::ZERO), Poll::Ready(()));
        assert_eq!(push(&outbox, 2), Pushed::Wait);
        let late = PATIENCE * 3 / 4;
        assert_eq!(poll_room(&outbox, late), Poll::Pending);
        assert_eq!(poll_room(&outbox, late * 2), Poll::Ready(()));

        // A sign of life in between, and then enough of it.
        outbox.mark_sent(cost, || NOW + late);
        assert_eq!(poll_room(&outbox, late * 2), Poll::Pending);
        outbox.mark_sent(cost, || NOW + late);
        assert_eq!(poll_room(&outbox, late * 2), Poll::Ready(()));
    }

    #[test]
    fn a_stuck_peer_is_not_waited_for_again() {
        let outbox = Outbox::new(HARD_LIMIT);
        let cost = item().cost();
        push(&outbox, SOFT_LIMIT / cost + 2);
        assert_eq!(poll_room(&outbox, PATIENCE), Poll::Ready(()));
        for _ in 0..3 {
            assert_eq!(outbox.push(NOW + PATIENCE, item(), &mut Vec::new()), Pushed::Taken);
            assert_eq!(poll_room(&outbox, PATIENCE), Poll::Ready(()));
        }
        outbox.mark_sent(cost, || NOW + PATIENCE);
        assert_eq!(poll_room(&outbox, PATIENCE), Poll::Pending);
    }

    #[test]
    fn who_takes_next_to_nothing_may_wait_for_itself_only() {
        let outbox = Outbox::new(HARD_LIMIT);
        let cost = item().cost();
        push(&outbox, SOFT_LIMIT / cost + 10);
        let mut passed = Duration::ZERO;
        while passed < HOLD {
            assert_eq!(poll_room(&outbox, passed), Poll::Pending);
            passed += PATIENCE / 2;
            outbox.mark_sent(1, || NOW + passed);
        }
        // A little more than these few bytes have given back.
        passed += PATIENCE / 100;
        assert_eq!(poll_room(&outbox, passed), Poll::Ready(()));
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(outbox.poll_own_room(&cx, NOW + passed), Poll::Pending);
    }

    #[test]
    fn a_full_outbox_ends_at_once_and_takes_nothing_more() {
        let outbox = Outbox::new(HARD_LIMIT);
        assert_eq!(push(&outbox, HARD_LIMIT / item().cost()), Pushed::Wait);
        assert_eq!(push(&outbox, 1), Pushed::Overflow);
        assert_eq!(push(&outbox, 1), Pushed::Taken);
        let mut items = VecDeque::new();
        let ending = outbox.take(&Context::from_waker(Waker::noop()), &mut items);
        assert_eq!(ending, Some(Ending::Now(CloseCode::InternalError)));
        assert!(items.is_empty());
        assert_eq!(poll_room(&outbox, Duration::ZERO), Poll::Ready(()));
    }

    #[test]
    fn one_message_fits_however_large() {
        let outbox = Outbox::new(HARD_LIMIT);
        push(&outbox, 10);
        let push = |item| outbox.push(NOW, item, &mut Vec::new());
        assert_eq!(push(event(2, 2 * HARD_LIMIT)), Pushed::Wait);
        assert_eq!(push(event(3, 1)), Pushed::Overflow);
    }

    #[test]
    fn what_events_of_one_publication_share_is_counted_once() {
        let outbox = Outbox::new(HARD_LIMIT);
        let push = |item| outbox.push(NOW, item, &mut Vec::new());
        for _ in 0..5 {
            assert_eq!(push(event(2, HARD_LIMIT * 3 / 4)), Pushed::Wait);
        }
        assert_eq!(push(event(3, HARD_LIMIT * 3 / 4)), Pushed::Overflow);
    }

    #[test]
    fn row05_a_task_does_not_hold_its_worker_while_another_one_encodes() {
        let slot = Slot::default();
        let cx = Context::from_waker(Waker::noop());
        let serializer = codec::available()[0];
        let frame = || Ok(SharedFrame::new(serializer, Bytes::from_static(b"frame")));
        let mut meanwhile = None;
        let first = slot.poll_or_init(&cx, || {
            // Another connection comes while this one encodes.
            meanwhile = Some(slot.poll_or_init(&cx, frame).is_pending());
            frame()
        });
        assert!(first.is_ready());
        assert_eq!(meanwhile, Some(true));
        assert!(slot.poll_or_init(&cx, frame).is_ready());
    }

    #[test]
    fn row03_details_and_uris_count() {
        let mut details = EventDetails::default();
        details.extra.insert("x_a", "x".repeat(50_000));
        let payload = Payload::empty();
        let heavy = Item::Own(Event { subscription: 1, publication: 1, details, payload }.into());
        assert!(heavy.cost() > 50_000);
        let error = crate::message::RequestError {
            request_type: crate::message::RequestType::Call,
            request: 1,
            details: Default::default(),
            error: "x".repeat(50_000).as_str().into(),
            payload: Payload::empty(),
        };
        assert!(Item::Own(error.into()).cost() > 50_000);
    }

    #[test]
    fn a_multicast_is_encoded_once() {
        let Item::Own(message) = item() else { return };
        let shared = Multicast::new(message);
        let serializer = codec::available()[0];
        let [a, b] = [0, 1].map(|_| {
            let cx = Context::from_waker(Waker::noop());
            Item::Shared(Arc::clone(&shared)).encode(&mut Vec::new(), serializer, &cx)
        });
        let address = |frame: Poll<Result<Frame, EncodeError>>| match frame {
            Poll::Ready(Ok(Frame::Shared(frame))) => Some(frame.bytes().as_ptr()),
            _ => None,
        };
        let first = address(a);
        assert!(first.is_some());
        assert_eq!(first, address(b));
    }
}
