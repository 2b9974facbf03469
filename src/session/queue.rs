//! The bounded queue between the driver and a subscription.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use serde::de::DeserializeOwned;

use crate::error::{CloseReason, DecodeError, Lagged};
use crate::message::{self, EventDetails, Payload};

/// An event that a subscription received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// The id of the publication; the same for every subscription that gets it.
    pub publication: u64,
    /// The topic, publisher and more, as far as the router tells.
    pub details: EventDetails,
    /// The arguments.
    pub payload: Payload,
}

impl Event {
    /// The one positional argument; see [`Payload::decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.decode()
    }

    /// All positional arguments; see [`Payload::args`].
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// The keyword arguments; see [`Payload::kwargs`].
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }
}

/// How much a queue keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueueLimits {
    pub(super) events: usize,
    /// Of payload. One event is kept however large it is.
    pub(super) bytes: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        QueueLimits { events: 1024, bytes: 64 << 20 }
    }
}

/// Events in wire order. When it is full the newest are dropped and counted; the count is handed
/// out where they are missing.
pub(super) struct EventQueue {
    limits: QueueLimits,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    items: VecDeque<Item>,
    events: usize,
    bytes: usize,
    missed: u64,
    closed: Option<Arc<CloseReason>>,
    ended: bool,
    waker: Option<Waker>,
}

#[allow(clippy::large_enum_variant, reason = "nearly all are events")]
enum Item {
    Event(Event),
    Lagged(u64),
}

impl EventQueue {
    pub(super) fn new(limits: QueueLimits) -> Arc<Self> {
        Arc::new(EventQueue { limits, inner: Mutex::default() })
    }

    pub(super) fn push(&self, event: message::Event) {
        let mut inner = self.lock();
        if inner.ended {
            return;
        }
        let size = size(&event.payload);
        let full = inner.events >= self.limits.events
            || inner.events > 0 && inner.bytes + size > self.limits.bytes;
        if full {
            if inner.missed == 0 {
                tracing::warn!(
                    subscription = event.subscription,
                    "a subscription lags: events are dropped"
                );
            }
            inner.missed += 1;
            return;
        }
        if inner.missed > 0 {
            let missed = std::mem::take(&mut inner.missed);
            inner.items.push_back(Item::Lagged(missed));
        }
        inner.events += 1;
        inner.bytes += size;
        let message::Event { publication, details, payload, .. } = event;
        inner.items.push_back(Item::Event(Event { publication, details, payload }));
        wake(inner);
    }

    /// No more events will come; those that are there are still handed out.
    pub(super) fn end(&self, reason: Option<Arc<CloseReason>>) {
        let mut inner = self.lock();
        inner.ended = true;
        inner.closed = inner.closed.take().or(reason);
        wake(inner);
    }

    /// Nobody wants the events any more, not even those that are there.
    pub(super) fn cut(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        (inner.events, inner.bytes, inner.missed) = (0, 0, 0);
        inner.items.clear();
        wake(inner);
    }

    pub(super) fn close_reason(&self) -> Option<Arc<CloseReason>> {
        self.lock().closed.clone()
    }

    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Lagged>>> {
        let mut inner = self.lock();
        match inner.items.pop_front() {
            Some(Item::Event(event)) => {
                inner.events -= 1;
                inner.bytes -= size(&event.payload);
                Poll::Ready(Some(Ok(event)))
            }
            Some(Item::Lagged(missed)) => Poll::Ready(Some(Err(Lagged { missed }))),
            None if inner.missed > 0 => {
                Poll::Ready(Some(Err(Lagged { missed: std::mem::take(&mut inner.missed) })))
            }
            None if inner.ended => Poll::Ready(None),
            None => {
                inner.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics under the lock, and if it did, the queue would still be whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn size(payload: &Payload) -> usize {
    payload.encoded().map_or(0, |(args, kwargs)| args.len() + kwargs.map_or(0, <[u8]>::len))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;
    use crate::message::EventDetails;

    fn event(publication: u64) -> message::Event {
        message::Event {
            subscription: 1,
            publication,
            details: EventDetails::default(),
            payload: Payload::empty(),
        }
    }

    fn take(queue: &EventQueue) -> Vec<Result<u64, u64>> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut all = Vec::new();
        while let Poll::Ready(Some(item)) = queue.poll_next(&mut cx) {
            all.push(item.map(|event| event.publication).map_err(|lagged| lagged.missed));
        }
        all
    }

    #[test]
    fn lag_is_told_where_events_are_missing() {
        let queue = EventQueue::new(QueueLimits { events: 2, ..QueueLimits::default() });
        (1..=5).for_each(|id| queue.push(event(id)));
        assert_eq!(take(&queue), [Ok(1), Ok(2), Err(3)]);
        (6..=9).for_each(|id| queue.push(event(id)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(Some(Ok(_)))));
        queue.push(event(10));
        assert_eq!(take(&queue), [Ok(7), Err(2), Ok(10)]);
    }

    #[test]
    fn what_is_there_is_handed_out_after_the_end() {
        let queue = EventQueue::new(QueueLimits::default());
        queue.push(event(1));
        queue.end(None);
        queue.push(event(2));
        assert_eq!(take(&queue), [Ok(1)]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(None)));
    }
}
