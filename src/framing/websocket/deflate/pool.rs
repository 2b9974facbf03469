//! The process's pool of compressors and decompressors that are not in use.
//!
//! A compressor takes 140 to 380 KiB and a decompressor 47 KiB, so connections hold one only while they
//! need it. The pool keeps a few, so that not every message allocates.

use super::zlib::{Deflater, Inflater};
use crate::framing::spare::Spare;

/// Maximum number that the pool keeps of each kind: about 7 MiB together.
const KEPT: usize = 16;

static DEFLATERS: Spare<(Shape, Deflater), KEPT> = Spare::new();
static INFLATERS: Spare<Inflater, KEPT> = Spare::new();

/// Settings of a compressor that cannot change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// 1 to 9.
    pub(super) level: u8,
    /// Size of the window in bits, 8 to 15.
    pub(super) window: u8,
    /// 1 to 9.
    pub(super) memory: u8,
}

/// Returns a compressor without history.
pub(super) fn take_deflater(shape: Shape) -> Option<Deflater> {
    match DEFLATERS.take(|(kept, _)| *kept == shape) {
        Some((_, mut deflater)) => {
            deflater.reset();
            Some(deflater)
        }
        None => Deflater::new(shape),
    }
}

/// Keeps a compressor that is between two messages.
pub(super) fn give_deflater(shape: Shape, deflater: Deflater) {
    DEFLATERS.give((shape, deflater));
}

/// Returns a decompressor without history.
pub(super) fn take_inflater() -> Option<Inflater> {
    match INFLATERS.take(|_| true) {
        Some(mut inflater) => {
            inflater.reset();
            Some(inflater)
        }
        None => Inflater::new(),
    }
}

/// Keeps a decompressor.
pub(super) fn give_inflater(inflater: Inflater) {
    INFLATERS.give(inflater);
}
