//! `FrameWriter`: what is to be sent, as few chunks.
//!
//! Owns the frames until they have left. Short ones are copied one behind the other, so that they
//! leave together; long ones stay where they are.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Frame;
use super::header::{FrameError, HEADER_SIZE, Header, MAX_FRAME};

/// From this on a payload is a chunk of its own: copying it costs more than another entry in the
/// list that the system is given.
const LONG: usize = 16 << 10;

/// A chunk of short frames ends when it has so many octets.
const CHUNK: usize = 64 << 10;

/// The most memory that is kept when all has left.
const KEPT: usize = 2 << 10;

/// Takes frames, and gives the bytes to be sent.
#[derive(Debug, Default)]
pub struct FrameWriter {
    chunks: VecDeque<Bytes>,
    /// Behind them: what is still gathered.
    open: Vec<u8>,
    /// Of the first chunk.
    sent: usize,
    len: usize,
}

impl FrameWriter {
    /// Has nothing to send.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a frame to be sent behind all before it.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] above [`MAX_FRAME`]; nothing is taken then.
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

    /// How many octets are to be sent.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is to be sent.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is to be sent, in order. No chunk is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let chunks = self.chunks.iter().map(|chunk| &chunk[..]);
        let open = Some(&self.open[..]).filter(|open| !open.is_empty());
        let mut sent = self.sent;
        chunks.chain(open).map(move |chunk| &chunk[std::mem::take(&mut sent)..])
    }

    /// So many octets have left, of those that there are.
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

    /// Forgets all of it.
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
