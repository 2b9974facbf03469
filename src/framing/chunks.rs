//! Contains [`Chunks`], the octets that a framing wants to send, in as few pieces as possible.
//!
//! Short pieces are copied together, so that one system call sends them. Long pieces are not copied.

use std::collections::VecDeque;

use bytes::Bytes;

use super::spare::Spare;

/// Length from which a piece is a chunk of its own. Copying it would cost more than another entry in
/// the list for the system call.
const LONG: usize = 16 << 10;

/// Size in octets at which a chunk of short pieces is closed.
const CHUNK: usize = 64 << 10;

/// Maximum memory in octets that is kept after everything was sent.
const KEPT: usize = 512;

/// Minimum growth of a chunk in octets.
const LEAST: usize = 256;

/// Minimum size in octets of a buffer that the process keeps for all connections.
const WORTH: usize = 4 << 10;

/// Maximum number of such buffers, each of which has no more than [`CHUNK`] octets.
const SPARE: usize = 16;

/// Buffers that no connection uses. Without them, each flush of many messages would let a buffer grow, and give it
/// back to the system.
static BUFFERS: Spare<Vec<u8>, SPARE> = Spare::new();

/// Octets to send, in order.
#[derive(Debug, Default)]
pub struct Chunks {
    closed: VecDeque<Piece>,
    /// The last chunk, which still collects short pieces.
    open: Vec<u8>,
    /// Number of octets of the first chunk that were sent.
    sent: usize,
    len: usize,
}

/// A chunk that is complete.
#[derive(Debug)]
enum Piece {
    Short(Vec<u8>),
    Long(Bytes),
}

impl Chunks {
    /// Adds a piece. A long one is not copied.
    #[inline]
    pub(super) fn push(&mut self, piece: &Bytes) {
        if piece.len() < LONG {
            self.extend(piece);
        } else {
            self.push_long(piece.clone());
        }
    }

    /// Adds a copy of these octets.
    pub(super) fn extend(&mut self, octets: &[u8]) {
        self.extend_with(octets, |_, _| {});
    }

    /// Adds a copy of the first `count` of these few octets, such as a header.
    #[inline]
    pub(super) fn extend_short<const MOST: usize>(&mut self, octets: [u8; MOST], count: usize) {
        if self.open.len() + MOST > CHUNK {
            self.close();
        }
        self.reserve(MOST);
        // As many are copied as the compiler knows of, which needs no call.
        let end = self.open.len() + count.min(MOST);
        self.open.extend_from_slice(&octets);
        self.open.truncate(end);
        self.len += count.min(MOST);
    }

    /// Adds a copy of these octets that `change` may change. It is called with the position of each part
    /// and the part.
    #[inline]
    pub(super) fn extend_with(&mut self, octets: &[u8], mut change: impl FnMut(usize, &mut [u8])) {
        let start = self.open.len();
        if start + octets.len() <= CHUNK {
            self.reserve(octets.len());
            self.open.extend_from_slice(octets);
            change(0, &mut self.open[start..]);
            self.len += octets.len();
            return;
        }
        let mut position = 0;
        while position < octets.len() {
            if self.open.len() >= CHUNK {
                self.close();
            }
            let start = self.open.len();
            let part = &octets[position..octets.len().min(position + CHUNK - start)];
            self.reserve(part.len());
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
        let chunks = self.closed.iter().map(Piece::octets);
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
            && let Some(more) = self.sent.checked_sub(first.octets().len())
        {
            self.sent = more;
            if let Some(Piece::Short(buffer)) = self.closed.pop_front() {
                give(buffer);
            }
        }
    }

    /// Discards everything.
    pub fn clear(&mut self) {
        for piece in std::mem::take(&mut self.closed) {
            if let Piece::Short(buffer) = piece {
                give(buffer);
            }
        }
        self.open.clear();
        if self.open.capacity() > KEPT {
            give(std::mem::take(&mut self.open));
        }
        self.sent = 0;
        self.len = 0;
    }

    fn push_long(&mut self, piece: Bytes) {
        self.len += piece.len();
        self.close();
        self.closed.push_back(Piece::Long(piece));
    }

    /// Makes room in the open chunk.
    #[inline]
    fn reserve(&mut self, count: usize) {
        if self.open.capacity() - self.open.len() < count {
            self.grow(count);
        }
    }

    /// The chunk never has more than its size.
    #[cold]
    fn grow(&mut self, count: usize) {
        let wanted = self.open.len() + count;
        if wanted > KEPT
            && let Some(mut buffer) = BUFFERS.take(|buffer| buffer.capacity() >= wanted)
        {
            buffer.extend_from_slice(&self.open);
            give(std::mem::replace(&mut self.open, buffer));
            return;
        }
        let size = wanted.max(4 * self.open.len());
        let size = size.max(if wanted > KEPT { WORTH } else { LEAST }).min(CHUNK);
        self.open.reserve_exact(size - self.open.len());
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.closed.push_back(Piece::Short(std::mem::take(&mut self.open)));
        }
    }
}

impl Piece {
    fn octets(&self) -> &[u8] {
        match self {
            Piece::Short(buffer) => buffer,
            Piece::Long(octets) => octets,
        }
    }
}

/// Keeps a buffer for others, if it is not small.
fn give(mut buffer: Vec<u8>) {
    buffer.clear();
    if (WORTH..=CHUNK).contains(&buffer.capacity()) {
        BUFFERS.give(buffer);
    }
}
