//! Contains [`Chunks`], the octets that a framing wants to send, in as few pieces as possible.
//!
//! Short pieces are copied together, so that one system call sends them. Long pieces are not copied.

use std::collections::VecDeque;

use bytes::Bytes;

/// Length from which a piece is a chunk of its own. Copying it would cost more than another entry in
/// the list for the system call.
const LONG: usize = 16 << 10;

/// Size in octets at which a chunk of short pieces is closed.
const CHUNK: usize = 64 << 10;

/// Maximum memory in octets that is kept after everything was sent.
const KEPT: usize = 1 << 10;

/// Octets to send, in order.
#[derive(Debug, Default)]
pub struct Chunks {
    closed: VecDeque<Bytes>,
    /// The last chunk, which still collects short pieces.
    open: Vec<u8>,
    /// Number of octets of the first chunk that were sent.
    sent: usize,
    len: usize,
}

impl Chunks {
    /// Adds a piece. A long one is not copied.
    pub(super) fn push(&mut self, piece: Bytes) {
        if piece.len() < LONG {
            self.extend(&piece);
            return;
        }
        self.len += piece.len();
        self.close();
        self.closed.push_back(piece);
    }

    /// Adds a copy of these octets.
    pub(super) fn extend(&mut self, octets: &[u8]) {
        self.extend_with(octets, |_, _| {});
    }

    /// Adds a copy of these octets that `change` may change. It is called with the position of each part
    /// and the part.
    pub(super) fn extend_with(&mut self, octets: &[u8], mut change: impl FnMut(usize, &mut [u8])) {
        let mut position = 0;
        while position < octets.len() {
            if self.open.len() >= CHUNK {
                self.close();
            }
            let start = self.open.len();
            let part = &octets[position..octets.len().min(position + CHUNK - start)];
            self.open.extend_from_slice(part);
            change(position, &mut self.open[start..]);
            position += part.len();
        }
        self.len += octets.len();
    }

    /// Returns the number of octets to send.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the octets to send, in order. No chunk is empty.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let chunks = self.closed.iter().map(|chunk| &chunk[..]);
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
        while let Some(first) = self.closed.front()
            && let Some(more) = self.sent.checked_sub(first.len())
        {
            self.sent = more;
            self.closed.pop_front();
        }
    }

    /// Discards everything.
    pub fn clear(&mut self) {
        self.closed = VecDeque::new();
        self.open.clear();
        if self.open.capacity() > KEPT {
            self.open = Vec::new();
        }
        self.sent = 0;
        self.len = 0;
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.closed.push_back(std::mem::take(&mut self.open).into());
        }
    }
}
