//! `ReadAhead`: the messages that are read while a handler runs, with their limits.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::rt::Sleep;

/// Longest time that it may be full without a message being taken. Nothing is read meanwhile, so the
/// peer's pings are not answered, and its end is not noticed.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct ReadAhead {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// Runs while it is full.
    timer: Option<Sleep>,
}

impl ReadAhead {
    /// Maximum number of messages.
    pub(super) const MESSAGES: usize = 64;

    /// Number of bytes at which it is full. The last message may exceed it.
    pub(super) const BYTES: usize = 1 << 20;

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Returns whether it holds this many messages, or too many bytes for one more.
    pub(super) fn holds(&self, messages: usize) -> bool {
        self.frames.len() >= messages || self.bytes >= Self::BYTES
    }

    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        self.timer = None;
        Some(frame)
    }

    pub(super) fn clear(&mut self) {
        *self = ReadAhead::default();
    }

    /// Completes when the limit was reached for too long.
    pub(super) fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.holds(Self::MESSAGES) {
            return Poll::Pending;
        }
        Pin::new(self.timer.get_or_insert_with(|| Sleep::new(PATIENCE))).poll(cx)
    }
}
