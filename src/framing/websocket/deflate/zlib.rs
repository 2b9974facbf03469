//! Deflate and inflate by `zlib-rs`, as raw streams without a header.

use zlib_rs::{DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

use super::pool::Shape;

/// The error if compression is not compiled in.
pub const MISSING: Option<&str> = None;

/// zlib-rs makes no raw stream with a window of 8 bits. With 9 bits it keeps 262 octets for looking
/// ahead, so a reference goes back 250 octets at most, which fits a window of 256.
const LEAST_WINDOW: u8 = 9;

/// Progress of one call.
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
    /// The stream has ended, in a block with BFINAL set. Nothing more is read before a reset.
    pub(super) ended: bool,
}

/// The other side of a step: the data is not valid, or the state is unusable.
pub(super) struct Failed {
    /// Number of bytes that were written before.
    pub(super) written: usize,
}

/// A compressor.
pub(super) struct Deflater(zlib_rs::Deflate);

impl Deflater {
    /// Creates one; `None` if that is not possible.
    pub(super) fn new(shape: Shape) -> Option<Self> {
        let config = DeflateConfig {
            level: shape.level.clamp(1, 9).into(),
            window_bits: -i32::from(shape.window.clamp(LEAST_WINDOW, 15)),
            mem_level: shape.memory.clamp(1, 9).into(),
            ..DeflateConfig::default()
        };
        Some(Deflater(zlib_rs::Deflate::new_with_config(config)))
    }

    /// Forgets the history. Allowed between messages only: in version 0.6.8, level 1, a block that is
    /// open stays open.
    pub(super) fn reset(&mut self) {
        self.0.reset();
    }

    /// Compresses, and with `flush` writes all that is held back and the end of a message.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        out: &mut [u8],
        flush: bool,
    ) -> Result<Step, Failed> {
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let flush = if flush { DeflateFlush::SyncFlush } else { DeflateFlush::NoFlush };
        let outcome = self.0.compress(input, out, flush);
        let read = difference(self.0.total_in(), read);
        let written = difference(self.0.total_out(), written);
        match outcome {
            Ok(_) => Ok(Step { read, written, ended: false }),
            Err(_) => Err(Failed { written }),
        }
    }
}

/// A decompressor. It reads all sizes of windows.
pub(super) struct Inflater(Inflate);

impl Inflater {
    /// Creates one; `None` if that is not possible.
    pub(super) fn new() -> Option<Self> {
        Some(Inflater(Inflate::new(false, 15)))
    }

    /// Begins a new stream, without history.
    pub(super) fn reset(&mut self) {
        self.0.reset(false);
    }

    /// Sets the history of a stream that has not begun.
    pub(super) fn set_history(&mut self, plain: &[u8]) -> Result<(), Failed> {
        self.0.set_dictionary(plain).map(drop).map_err(|_| Failed { written: 0 })
    }

    /// Inflates, with `block` to the end of a block at most.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        out: &mut [u8],
        block: bool,
    ) -> Result<Step, Failed> {
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let flush = if block { InflateFlush::Block } else { InflateFlush::NoFlush };
        let outcome = self.0.decompress(input, out, flush);
        let read = difference(self.0.total_in(), read);
        let written = difference(self.0.total_out(), written);
        match outcome {
            Ok(status) => Ok(Step { read, written, ended: status == Status::StreamEnd }),
            Err(_) => Err(Failed { written }),
        }
    }
}

fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now.wrapping_sub(before)).unwrap_or(usize::MAX)
}
