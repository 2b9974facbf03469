//! Contains the bounded queue between the driver and the consumer of events, results or arguments.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

use crate::error::{CloseReason, Lagged};
use crate::lock::Lock;

/// An item of a queue.
pub(super) trait Queued {
    /// Returns the approximate size in bytes of everything in the item, which counts against the
    /// limit of the queue.
    fn weight(&self) -> usize;
}

/// The limits of a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueueLimits {
    pub(super) items: usize,
    /// Maximum bytes of all items. A single item is kept whatever its size.
    pub(super) bytes: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        QueueLimits { items: 1024, bytes: 64 << 20 }
    }
}

/// Items in wire order. When the queue is full, the newest items are dropped and counted. The count
/// is returned at the position of the dropped items.
pub(super) struct Queue<T> {
    limits: QueueLimits,
    inner: Lock<Inner<T>>,
}

struct Inner<T> {
    items: VecDeque<Item<T>>,
    /// Number of items without the notes about dropped ones.
    held: usize,
    bytes: usize,
    missed: u64,
    closed: Option<Arc<CloseReason>>,
    ended: bool,
    waker: Option<Waker>,
}

#[allow(clippy::large_enum_variant, reason = "nearly all are items")]
enum Item<T> {
    /// With its weight.
    Item(T, usize),
    Lagged(u64),
}

impl<T: Queued> Queue<T> {
    pub(super) fn new(limits: QueueLimits) -> Arc<Self> {
        let inner = Inner {
            items: VecDeque::new(),
            held: 0,
            bytes: 0,
            missed: 0,
            closed: None,
            ended: false,
            waker: None,
        };
        Arc::new(Queue { limits, inner: Lock::new(inner) })
    }

    /// Adds an item. Returns false for the first item that is dropped since there was room.
    pub(super) fn push(&self, item: T) -> bool {
        let mut inner = self.inner.lock();
        if inner.ended {
            return true;
        }
        let size = item.weight();
        let full = inner.held >= self.limits.items
            || inner.held > 0 && inner.bytes + size > self.limits.bytes;
        if full {
            inner.missed += 1;
            return inner.missed > 1;
        }
        if inner.missed > 0 {
            let missed = std::mem::take(&mut inner.missed);
            inner.items.push_back(Item::Lagged(missed));
        }
        inner.held += 1;
        inner.bytes += size;
        inner.items.push_back(Item::Item(item, size));
        wake(inner);
        true
    }

    /// Counts an item that could not be made.
    pub(super) fn miss(&self) {
        let mut inner = self.inner.lock();
        if !inner.ended {
            inner.missed += 1;
            wake(inner);
        }
    }

    /// Ends the queue. Items in the queue can still be taken.
    pub(super) fn end(&self, reason: Option<Arc<CloseReason>>) {
        let mut inner = self.inner.lock();
        inner.ended = true;
        inner.closed = inner.closed.take().or(reason);
        wake(inner);
    }

    /// Ends the queue and discards its items, because the consumer is gone.
    pub(super) fn cut(&self) {
        let mut inner = self.inner.lock();
        inner.ended = true;
        (inner.held, inner.bytes, inner.missed) = (0, 0, 0);
        inner.items.clear();
        wake(inner);
    }

    /// Returns whether the queue has ended.
    pub(super) fn is_ended(&self) -> bool {
        self.inner.lock().ended
    }

    pub(super) fn close_reason(&self) -> Option<Arc<CloseReason>> {
        self.inner.lock().closed.clone()
    }

    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Lagged>>> {
        let mut inner = self.inner.lock();
        match inner.items.pop_front() {
            Some(Item::Item(item, size)) => {
                inner.held -= 1;
                inner.bytes -= size;
                Poll::Ready(Some(Ok(item)))
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
}

fn wake<T>(mut inner: MutexGuard<'_, Inner<T>>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;
    use crate::message::Payload;

    /// Returns an item with a payload of at least this number of bytes.
    fn item(bytes: usize) -> Payload {
        let serializer = crate::message::Serializer::ALL[0];
        Payload::empty().with_args(serializer, &["x".repeat(bytes)]).unwrap()
    }

    fn take(queue: &Queue<Payload>) -> Vec<Result<usize, u64>> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut all = Vec::new();
        while let Poll::Ready(Some(next)) = queue.poll_next(&mut cx) {
            let length = |payload: Payload| payload.decode::<String>().unwrap().len();
            all.push(next.map(length).map_err(|lagged| lagged.missed));
        }
        all
    }

    #[test]
    fn lag_is_told_where_items_are_missing() {
        let queue = Queue::new(QueueLimits { items: 2, ..QueueLimits::default() });
        let pushed: Vec<_> = (1..=5).map(|n| queue.push(item(n))).collect();
        assert_eq!(pushed, [true, true, false, true, true]);
        assert_eq!(take(&queue), [Ok(1), Ok(2), Err(3)]);
        let pushed: Vec<_> = (6..=9).map(|n| queue.push(item(n))).collect();
        assert_eq!(pushed, [true, true, false, true]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(Some(Ok(_)))));
        queue.push(item(10));
        assert_eq!(take(&queue), [Ok(7), Err(2), Ok(10)]);
    }

    #[test]
    fn bytes_are_bounded_but_one_item_is_always_kept() {
        let queue = Queue::new(QueueLimits { bytes: 100, ..QueueLimits::default() });
        assert!(queue.push(item(500)));
        assert!(!queue.push(item(1)));
        assert_eq!(take(&queue), [Ok(500), Err(1)]);
    }

    #[test]
    fn row10_details_and_topics_count() {
        let queue = Queue::new(QueueLimits { bytes: 100_000, ..QueueLimits::default() });
        let mut details = crate::message::EventDetails::default();
        details.extra.insert("x_a", "x".repeat(60_000));
        let event = |details| crate::session::IncomingEvent {
            topic: "com.example.topic".into(),
            publication: 1,
            details,
            payload: Payload::empty(),
        };
        assert!(queue.push(event(details.clone())));
        assert!(!queue.push(event(details)));
        let long = "x".repeat(60_000);
        let queue = Queue::new(QueueLimits { bytes: 100_000, ..QueueLimits::default() });
        let event = || crate::session::IncomingEvent {
            topic: long.as_str().into(),
            ..event(Default::default())
        };
        assert!(queue.push(event()));
        assert!(!queue.push(event()));
    }

    #[test]
    fn what_is_missed_before_the_queue_is_told_in_its_place() {
        let queue = Queue::new(QueueLimits::default());
        queue.push(item(1));
        queue.miss();
        queue.push(item(2));
        queue.miss();
        assert_eq!(take(&queue), [Ok(1), Err(1), Ok(2), Err(1)]);
    }

    #[test]
    fn what_is_there_is_handed_out_after_the_end() {
        let queue = Queue::new(QueueLimits::default());
        queue.push(item(1));
        queue.end(None);
        queue.push(item(2));
        assert_eq!(take(&queue), [Ok(1)]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(None)));
    }
}
