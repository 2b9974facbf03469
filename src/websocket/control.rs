//! Bounds the answers to the peer's pings (RFC 6455, section 5.5).

use crate::framing::websocket::frame::MAX_HEADER;
use crate::net::limits::HIGH_WATER;

/// Answers to the peer's pings that may still be in the buffer.
///
/// The buffer has no limit of its own: a peer that takes nothing must not fill it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pongs {
    bytes: usize,
    /// The count begins again when this many bytes were written since the start.
    until: u64,
}

impl Pongs {
    /// Counts a ping of this size; returns whether its answer may wait with the others. `written`
    /// bytes were taken by the stream since the start, `left` were not at the last attempt.
    pub(super) fn admit(&mut self, size: usize, written: u64, left: usize) -> bool {
        if written >= self.until {
            // All that was in the buffer when the count began has left.
            *self = Pongs { bytes: 0, until: written + left as u64 };
        }
        self.bytes += size + MAX_HEADER;
        self.bytes <= HIGH_WATER
    }
}
