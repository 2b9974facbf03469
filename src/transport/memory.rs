//! Contains the in-process transport: two ends, connected by two bounded queues of frames.
//!
//! Independent of the platform: it works in the browser, without a runtime, and in paused time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::{CloseCode, Transport, TransportInfo};
use crate::error::TransportError;
use crate::lock::Lock;
use crate::message::Serializer;

/// One end of an in-process transport; see [`pair`](Self::pair).
///
/// When an end is closed, the other end reads the frames sent before and then the orderly end. When
/// an end is dropped without closing, the other end reads [`TransportError::Lost`] instead. Frames
/// for a closed end are discarded, as on a closed socket. Only [`poll_recv`](Transport::poll_recv)
/// reports the end, so that the peer's last frames are not missed.
#[derive(Debug)]
pub struct MemoryTransport {
    lanes: Arc<Lock<[Lane; 2]>>,
    /// The direction that this end writes; it reads the other one.
    lane: usize,
    capacity: usize,
    info: TransportInfo,
}

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    frames: VecDeque<Bytes>,
    writer: End,
    reader_gone: bool,
    /// Waits for a frame or the end.
    reader_waker: Option<Waker>,
    /// Waits for room.
    writer_waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    Closed,
    Dropped,
}

impl Transport for MemoryTransport {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        let mut lanes = self.lanes.lock();
        let lane = &mut lanes[1 - self.lane];
        if lane.reader_gone {
            return Poll::Ready(None);
        }
        if let Some(frame) = lane.frames.pop_front() {
            let waker = lane.writer_waker.take();
            drop(lanes);
            wake(waker);
            return Poll::Ready(Some(Ok(frame)));
        }
        match lane.writer {
            End::Open => {
                keep(&mut lane.reader_waker, cx);
                Poll::Pending
            }
            End::Closed => Poll::Ready(None),
            End::Dropped => {
                // Reported once, then the end.
                lane.writer = End::Closed;
                let text = "the other end was dropped";
                Poll::Ready(Some(Err(TransportError::Lost(text.into()))))
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let mut lanes = self.lanes.lock();
        let lane = &mut lanes[self.lane];
        if lane.writer != End::Open {
            return Poll::Ready(Err(closed()));
        }
        if lane.reader_gone || lane.frames.len() < self.capacity {
            return Poll::Ready(Ok(()));
        }
        keep(&mut lane.writer_waker, cx);
        Poll::Pending
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let mut lanes = self.lanes.lock();
        let lane = &mut lanes[self.lane];
        if lane.writer != End::Open {
            return Err(closed());
        }
        if lane.reader_gone {
            return Ok(());
        }
        lane.frames.push_back(frame);
        let waker = lane.reader_waker.take();
        drop(lanes);
        wake(waker);
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(
        &mut self,
        _: &mut Context<'_>,
        _: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        self.end(End::Closed);
        Poll::Ready(Ok(()))
    }
}

impl MemoryTransport {
    /// Creates two connected ends. Each direction holds up to `capacity` frames (at least one) before
    /// [`poll_ready`](Transport::poll_ready) waits for the other end to read.
    ///
    /// ```
    /// use std::task::{Context, Poll, Waker};
    /// use wampwerk::Serializer;
    /// use wampwerk::transport::{MemoryTransport, Transport};
    ///
    /// let (mut left, mut right) = MemoryTransport::pair(Serializer::Json, 16);
    /// left.start_send("[2, 1, {}]".into()).unwrap();
    /// let Poll::Ready(Some(Ok(frame))) = right.poll_recv(&mut Context::from_waker(Waker::noop()))
    /// else {
    ///     panic!("the frame is there");
    /// };
    /// assert_eq!(frame, "[2, 1, {}]");
    /// ```
    pub fn pair(serializer: Serializer, capacity: usize) -> (Self, Self) {
        let lanes = Arc::new(Lock::new([Lane::default(), Lane::default()]));
        let end = |lane: usize| MemoryTransport {
            lanes: Arc::clone(&lanes),
            lane,
            capacity: capacity.max(1),
            info: TransportInfo::new(serializer, "memory", "memory"),
        };
        (end(0), end(1))
    }

    fn end(&self, end: End) {
        let mut lanes = self.lanes.lock();
        let written = &mut lanes[self.lane];
        if written.writer == End::Open {
            written.writer = end;
        }
        let reader = written.reader_waker.take();
        let read = &mut lanes[1 - self.lane];
        read.reader_gone = true;
        let unread = std::mem::take(&mut read.frames);
        let writer = read.writer_waker.take();
        drop(lanes);
        drop(unread);
        wake(reader);
        wake(writer);
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        self.end(End::Dropped);
    }
}

fn keep(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

/// Always outside the lock: a waker may run any code.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn closed() -> TransportError {
    TransportError::Lost("closed by this end".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn recv(end: &mut MemoryTransport) -> Poll<Option<Result<Bytes, TransportError>>> {
        end.poll_recv(&mut Context::from_waker(Waker::noop()))
    }

    fn ready(end: &mut MemoryTransport) -> Poll<Result<(), TransportError>> {
        end.poll_ready(&mut Context::from_waker(Waker::noop()))
    }

    fn close(end: &mut MemoryTransport) {
        let cx = &mut Context::from_waker(Waker::noop());
        assert_eq!(end.poll_close(cx, CloseCode::Normal), Poll::Ready(Ok(())));
    }

    #[test]
    fn frames_go_both_ways_in_order() {
        let (mut left, mut right) = MemoryTransport::pair(Serializer::Cbor, 8);
        assert_eq!(left.info().serializer, Serializer::Cbor);
        for text in ["one", "two", "three"] {
            left.start_send(text.into()).unwrap();
        }
        right.start_send("back".into()).unwrap();
        for text in ["one", "two", "three"] {
            assert_eq!(recv(&mut right), Poll::Ready(Some(Ok(text.into()))));
        }
        assert_eq!(recv(&mut right), Poll::Pending);
        assert_eq!(recv(&mut left), Poll::Ready(Some(Ok("back".into()))));
    }

    #[test]
    fn a_full_queue_makes_the_writer_wait_until_the_reader_reads() {
        let (mut left, mut right) = MemoryTransport::pair(Serializer::Json, 2);
        for text in ["one", "two"] {
            assert_eq!(ready(&mut left), Poll::Ready(Ok(())));
            left.start_send(text.into()).unwrap();
        }
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&counter));
        assert_eq!(left.poll_ready(&mut Context::from_waker(&waker)), Poll::Pending);
        assert_eq!(counter.0.load(Ordering::SeqCst), 0);
        assert_eq!(recv(&mut right), Poll::Ready(Some(Ok("one".into()))));
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert_eq!(ready(&mut left), Poll::Ready(Ok(())));
    }

    #[test]
    fn a_waiting_reader_is_woken_by_a_frame_and_by_the_end() {
        let (mut left, mut right) = MemoryTransport::pair(Serializer::Json, 2);
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&counter));
        let cx = &mut Context::from_waker(&waker);
        assert_eq!(right.poll_recv(cx), Poll::Pending);
        left.start_send("one".into()).unwrap();
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert_eq!(right.poll_recv(cx), Poll::Ready(Some(Ok("one".into()))));
        assert_eq!(right.poll_recv(cx), Poll::Pending);
        close(&mut left);
        assert_eq!(counter.0.load(Ordering::SeqCst), 2);
        assert_eq!(right.poll_recv(cx), Poll::Ready(None));
    }

    #[test]
    fn closing_is_an_orderly_end_after_the_last_frame() {
        let (mut left, mut right) = MemoryTransport::pair(Serializer::Json, 2);
        left.start_send("last".into()).unwrap();
        close(&mut left);
        drop(left);
        assert_eq!(recv(&mut right), Poll::Ready(Some(Ok("last".into()))));
        assert_eq!(recv(&mut right), Poll::Ready(None));
        assert_eq!(recv(&mut right), Poll::Ready(None));
    }

    #[test]
    fn dropping_an_end_is_a_loss() {
        let (mut left, right) = MemoryTransport::pair(Serializer::Json, 2);
        drop(right);
        assert!(matches!(recv(&mut left), Poll::Ready(Some(Err(TransportError::Lost(_))))));
        assert_eq!(recv(&mut left), Poll::Ready(None));
    }

    #[test]
    fn a_writer_does_not_wait_for_a_reader_that_is_gone() {
        let (mut left, mut right) = MemoryTransport::pair(Serializer::Json, 1);
        left.start_send("unread".into()).unwrap();
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&counter));
        assert_eq!(left.poll_ready(&mut Context::from_waker(&waker)), Poll::Pending);
        close(&mut right);
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        for _ in 0..100 {
            assert_eq!(ready(&mut left), Poll::Ready(Ok(())));
            left.start_send("nowhere".into()).unwrap();
        }
        assert!(left.lanes.lock()[0].frames.is_empty());
        assert_eq!(recv(&mut left), Poll::Ready(None));
    }

    #[test]
    fn an_end_that_closed_takes_and_gives_nothing() {
        let (mut left, mut right) = MemoryTransport::pair(Serializer::Json, 1);
        right.start_send("unread".into()).unwrap();
        close(&mut left);
        assert_eq!(recv(&mut left), Poll::Ready(None));
        assert!(matches!(ready(&mut left), Poll::Ready(Err(TransportError::Lost(_)))));
        assert!(matches!(left.start_send("x".into()), Err(TransportError::Lost(_))));
    }
}
