//! Contains [`FrameWriter`], which queues outgoing frames and returns them as few chunks.
//!
//! Short frames are copied into shared chunks, so that they are sent together. Long frames are not
//! copied.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Frame;
use super::header::{FrameError, HEADER_SIZE, Header, MAX_FRAME};

/// Payloads of at least this length are chunks of their own. Copying them would cost more than
/// another entry in the list for the system call.
const LONG: usize = 16 << 10;

/// Size in octets at which a chunk of short frames is closed.
const CHUNK: usize = 64 << 10;

/// Maximum memory in octets that is kept after everything was sent.
const KEPT: usize = 2 << 10;

/// Accepts frames and returns the bytes to send.
#[derive(Debug, Default)]
pub struct FrameWriter {
    chunks: VecDeque<Bytes>,
    /// The last chunk, which still collects short frames.
    open: Vec<u8>,
    /// Number of octets of the first chunk that were sent.
    sent: usize,
    len: usize,
}

impl FrameWriter {
    /// Creates an empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Queues a frame.
    ///
    /// # Errors
    /// Returns [`FrameError::TooLong`] above [`MAX_FRAME`] and queues nothing.
    pub fn push(&mut self, frame: Frame) -> Result<(), FrameError> {
        let Frame { kind, payload } = frame;
        let length = payload.len();
        let Some(header) = (Header { kind, length }).octets() else {
            return Err(FrameError::TooLong { length, limit: MAX_FRAME });
        };
        if self.open.len() >= CHUNK {
            self.end_chunk();
        }
        self.len += HEADER_SIZE + length;
        self.open.extend_from_slice(&header);
        if length < LONG {
            self.open.extend_from_slice(&payload);
        } else {
            self.end_chunk();
            self.chunks.push_back(payload);
        }
        Ok(())
    }

    /// Returns the number of octets to send.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the bytes to send, in order. No chunk is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let chunks = self.chunks.iter().map(|chunk| &chunk[..]);
        let open = Some(&self.open[..]).filter(|open| !open.is_empty());
        let mut sent = self.sent;
        chunks.chain(open).map(move |chunk| &chunk[std::mem::take(&mut sent)..])
    }

    /// Removes the first `count` octets, which were sent.
    pub fn advance(&mut self, count: usize) {
        self.len = self.len.saturating_sub(count);
        if self.len == 0 {
            self.clear();
            return;
        }
        self.sent += count;
        while let Some(first) = self.chunks.front()
            && let Some(more) = self.sent.checked_sub(first.len())
        {
            self.sent = more;
            self.chunks.pop_front();
        }
    }

    /// Discards all queued bytes.
    pub fn clear(&mut self) {
        self.chunks = VecDeque::new();
        self.open.clear();
        self.open.shrink_to(KEPT);
        self.sent = 0;
        self.len = 0;
    }

    fn end_chunk(&mut self) {
        self.chunks.push_back(std::mem::take(&mut self.open).into());
    }
}
