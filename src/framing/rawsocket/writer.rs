//! Contains [`FrameWriter`], which queues outgoing frames and returns them as few chunks.

use super::Frame;
use super::header::{FrameError, Header, MAX_FRAME};
use crate::framing::chunks::Chunks;

/// Accepts frames and returns the bytes to send.
#[derive(Debug, Default)]
pub struct FrameWriter {
    chunks: Chunks,
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
        self.chunks.extend(&header);
        self.chunks.push(&payload);
        Ok(())
    }

    /// Returns the number of octets to send.
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Returns whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Returns the bytes to send, in order. No chunk is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter()
    }

    /// Removes the first `count` octets, which were sent.
    pub fn advance(&mut self, count: usize) {
        self.chunks.advance(count);
    }

    /// Discards all queued bytes.
    pub fn clear(&mut self) {
        self.chunks.clear();
    }
}
