//! `Queue`: a queue between the handles of a WebSocket and what drives it, bounded in bytes.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::lock::Lock;

/// Number of items for which an idle queue keeps its memory.
const KEPT: usize = 8;

/// Weight of an item beside its bytes.
const OVERHEAD: usize = 64;

/// A queue of one taker. Items are put while the bytes in it are below the limit, so one item may exceed it.
pub(crate) struct Queue<T> {
    state: Lock<State<T>>,
    limit: usize,
}

struct State<T> {
    items: VecDeque<(T, usize)>,
    /// Items that were put while there is a writer. They follow when there is none.
    held: VecDeque<(T, usize)>,
    bytes: usize,
    /// Nothing can be put any more.
    is_closed: bool,
    /// The writer of a message in parts: others may not put messages.
    writer: Option<u64>,
    taker: Option<Waker>,
    waiting: Vec<Waker>,
    /// Waits until the taker waits.
    idle: Option<Waker>,
    /// Something was put, and the taker has not said that it is done with it.
    is_pending: bool,
    /// Waits until the taker is done with everything.
    flushing: Option<Waker>,
    /// The taker, which waits until the queue is closed.
    closing: Option<Waker>,
}

impl<T> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            held: VecDeque::new(),
            bytes: 0,
            is_closed: false,
            writer: None,
            taker: None,
            waiting: Vec::new(),
            idle: None,
            is_pending: false,
            flushing: None,
            closing: None,
        };
        Queue { state: Lock::new(state), limit }
    }

    /// Ready with true when an item can be put, with false when the queue is closed.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>, writer: Option<u64>) -> Poll<bool> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Poll::Ready(false);
        }
        if state.bytes < self.limit && state.is_free_for(writer) {
            return Poll::Ready(true);
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Puts an item that has so many bytes, when there is room and no other writer. Ready with true when it was
    /// taken, with false when the queue is closed.
    pub(crate) fn poll_put(
        &self,
        cx: &mut Context<'_>,
        item: &mut Option<T>,
        bytes: usize,
        writer: Option<u64>,
    ) -> Poll<bool> {
        self.poll_put_as(cx, item, bytes, writer, writer)
    }

    /// As [`poll_put`](Self::poll_put), and reserves the queue for a new writer.
    pub(crate) fn poll_reserve(
        &self,
        cx: &mut Context<'_>,
        item: &mut Option<T>,
        writer: u64,
    ) -> Poll<bool> {
        self.poll_put_as(cx, item, 0, None, Some(writer))
    }

    /// Under one lock: what looks first and puts later, others come before.
    fn poll_put_as(
        &self,
        cx: &mut Context<'_>,
        item: &mut Option<T>,
        bytes: usize,
        writer: Option<u64>,
        then: Option<u64>,
    ) -> Poll<bool> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Poll::Ready(false);
        }
        if state.bytes < self.limit && state.is_free_for(writer) {
            state.writer = then;
            let taker = item.take().and_then(|item| state.push(item, bytes));
            drop(state);
            taker.into_iter().for_each(Waker::wake);
            return Poll::Ready(true);
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Puts an item if there is room and no writer. Returns `None` when the queue is closed.
    pub(crate) fn try_put(&self, item: T, bytes: usize) -> Option<bool> {
        let mut state = self.state.lock();
        if state.is_closed {
            return None;
        }
        if state.bytes >= self.limit || !state.is_free_for(None) {
            return Some(false);
        }
        let taker = state.push(item, bytes);
        drop(state);
        taker.into_iter().for_each(Waker::wake);
        Some(true)
    }

    /// Puts an item that has so many bytes. Returns false when the queue is closed.
    pub(crate) fn put(&self, item: T, bytes: usize) -> bool {
        let mut state = self.state.lock();
        if state.is_closed {
            return false;
        }
        let taker = state.push(item, bytes);
        drop(state);
        taker.into_iter().for_each(Waker::wake);
        true
    }

    /// Puts an item that follows when there is no writer, for who has found room before. Returns false when the
    /// queue is closed.
    pub(crate) fn put_later(&self, item: T, bytes: usize) -> bool {
        let mut state = self.state.lock();
        if state.is_closed {
            return false;
        }
        if state.writer.is_none() {
            let taker = state.push(item, bytes);
            drop(state);
            taker.into_iter().for_each(Waker::wake);
        } else {
            state.bytes += bytes + OVERHEAD;
            state.is_pending = true;
            state.held.push_back((item, bytes + OVERHEAD));
        }
        true
    }

    /// The writer has ended. Others may put items.
    pub(crate) fn free(&self) {
        let mut state = self.state.lock();
        state.writer = None;
        let held = std::mem::take(&mut state.held);
        state.items.extend(held);
        let (taker, waiting) = (state.taker.take(), std::mem::take(&mut state.waiting));
        drop(state);
        taker.into_iter().chain(waiting).for_each(Waker::wake);
    }

    /// Ready with the next item, or with `None` when the queue is closed and empty.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.state.lock();
        let Some((item, bytes)) = state.items.pop_front() else {
            if state.is_closed {
                return Poll::Ready(None);
            }
            if !state.taker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                state.taker = Some(cx.waker().clone());
            }
            if state.items.capacity() > KEPT {
                state.items = VecDeque::new();
            }
            let idle = state.idle.take();
            drop(state);
            idle.into_iter().for_each(Waker::wake);
            return Poll::Pending;
        };
        let was_full = state.bytes >= self.limit;
        state.bytes -= bytes;
        let mut waiting = Vec::new();
        if was_full && state.bytes < self.limit {
            waiting = std::mem::take(&mut state.waiting);
        }
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        Poll::Ready(Some(item))
    }

    /// Ready when the queue is empty and its taker waits for more.
    pub(crate) fn poll_all_taken(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.items.is_empty() && (state.taker.is_some() || state.is_closed) {
            return Poll::Ready(());
        }
        state.idle = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ready when the queue is closed, for a taker that takes nothing at the moment.
    #[allow(dead_code, reason = "the browser's socket tells its end by itself")]
    pub(crate) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Poll::Ready(());
        }
        if !state.closing.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.closing = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Ready when no item waits until a writer has ended, or the queue is closed.
    pub(crate) fn poll_unheld(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.held.is_empty() || state.is_closed {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Ready when the taker is done with everything that was put.
    pub(crate) fn poll_done(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if !state.is_pending {
            return Poll::Ready(());
        }
        state.flushing = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The taker is done with all that it took.
    pub(crate) fn done(&self) {
        let mut state = self.state.lock();
        if state.is_pending && state.items.is_empty() && state.held.is_empty() {
            state.is_pending = false;
            let flushing = state.flushing.take();
            drop(state);
            flushing.into_iter().for_each(Waker::wake);
        }
    }

    /// Closes the queue. Items in it can still be taken.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let (taker, waiting) = (state.taker.take(), std::mem::take(&mut state.waiting));
        let others = [state.idle.take(), state.closing.take()].into_iter().flatten();
        drop(state);
        taker.into_iter().chain(waiting).chain(others).for_each(Waker::wake);
    }

    /// Closes the queue and drops what is in it.
    pub(crate) fn discard(&self) {
        let items = {
            let mut state = self.state.lock();
            state.bytes = 0;
            (std::mem::take(&mut state.items), std::mem::take(&mut state.held))
        };
        drop(items);
        self.done();
        self.close();
    }
}

impl<T> State<T> {
    /// Returns the taker, to be woken.
    fn push(&mut self, item: T, bytes: usize) -> Option<Waker> {
        self.bytes += bytes + OVERHEAD;
        self.is_pending = true;
        self.items.push_back((item, bytes + OVERHEAD));
        self.taker.take()
    }

    fn is_free_for(&self, writer: Option<u64>) -> bool {
        self.writer.is_none() || self.writer == writer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cx() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    #[test]
    fn it_is_bounded_in_bytes_and_not_in_number() {
        let queue = Queue::new(1000);
        let mut count = 0;
        while queue.poll_room(&mut cx(), None) == Poll::Ready(true) {
            assert!(queue.put(count, 36));
            count += 1;
        }
        assert_eq!(count, 10);
        assert_eq!(queue.try_put(10, 0), Some(false));
        assert_eq!(queue.poll_take(&mut cx()), Poll::Ready(Some(0)));
        assert_eq!(queue.try_put(10, 1 << 20), Some(true));
        queue.close();
        assert!(!queue.put(11, 0));
        assert_eq!(
            (queue.try_put(12, 0), queue.poll_room(&mut cx(), None)),
            (None, Poll::Ready(false))
        );
        for item in 1..=10 {
            assert_eq!(queue.poll_take(&mut cx()), Poll::Ready(Some(item)));
        }
        assert_eq!(queue.poll_take(&mut cx()), Poll::Ready(None));
    }

    #[test]
    fn a_writer_has_it_alone() {
        let queue = Queue::<u8>::new(1000);
        assert_eq!(queue.poll_room(&mut cx(), None), Poll::Ready(true));
        assert_eq!(queue.poll_reserve(&mut cx(), &mut Some(1), 7), Poll::Ready(true));
        assert_eq!(queue.poll_reserve(&mut cx(), &mut Some(9), 8), Poll::Pending);
        assert_eq!(queue.poll_put(&mut cx(), &mut Some(9), 0, None), Poll::Pending);
        assert_eq!(queue.try_put(9, 0), Some(false));
        // Who has found room before does not come between.
        assert!(queue.put_later(3, 0));
        assert_eq!(queue.poll_put(&mut cx(), &mut Some(2), 0, Some(7)), Poll::Ready(true));
        let taken = [(); 3].map(|()| queue.poll_take(&mut cx()));
        assert_eq!(taken, [Poll::Ready(Some(1)), Poll::Ready(Some(2)), Poll::Pending]);
        queue.done();
        assert_eq!(queue.poll_done(&mut cx()), Poll::Pending);
        queue.free();
        assert_eq!(queue.poll_take(&mut cx()), Poll::Ready(Some(3)));
        assert_eq!(queue.poll_room(&mut cx(), None), Poll::Ready(true));
    }

    #[test]
    fn it_is_flushed_when_the_taker_is_done() {
        let queue = Queue::new(1000);
        assert_eq!(queue.poll_done(&mut cx()), Poll::Ready(()));
        queue.put(1, 0);
        queue.done();
        assert_eq!(queue.poll_done(&mut cx()), Poll::Pending);
        assert_eq!(queue.poll_take(&mut cx()), Poll::Ready(Some(1)));
        assert_eq!(queue.poll_done(&mut cx()), Poll::Pending);
        queue.done();
        assert_eq!(queue.poll_done(&mut cx()), Poll::Ready(()));
        queue.put(2, 0);
        queue.discard();
        assert_eq!(queue.poll_done(&mut cx()), Poll::Ready(()));
    }

    #[test]
    fn it_tells_when_all_was_taken_and_the_taker_waits() {
        let queue = Queue::new(1000);
        assert_eq!(queue.poll_all_taken(&mut cx()), Poll::Pending);
        queue.put(1, 0);
        assert_eq!(queue.poll_take(&mut cx()), Poll::Ready(Some(1)));
        // It may be at work on an answer.
        assert_eq!(queue.poll_all_taken(&mut cx()), Poll::Pending);
        assert_eq!(queue.poll_take(&mut cx()), Poll::Pending);
        assert_eq!(queue.poll_all_taken(&mut cx()), Poll::Ready(()));
        queue.put(2, 0);
        assert_eq!(queue.poll_all_taken(&mut cx()), Poll::Pending);
        // Nobody takes any more.
        queue.discard();
        assert_eq!(queue.poll_all_taken(&mut cx()), Poll::Ready(()));
    }
}
