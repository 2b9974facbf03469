//! Stands in for `zlib` when the feature `deflate` is off: there is never a compressor or a
//! decompressor, and settings for compression are refused by [`MISSING`].

use super::pool::Shape;

/// The error if compression is not compiled in.
pub const MISSING: Option<&str> =
    Some("compression needs the feature `deflate` of the crate wampwerk");

/// Progress of one call.
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
    pub(super) ended: bool,
}

/// The other side of a step.
pub(super) struct Failed {
    pub(super) written: usize,
}

/// A compressor, of which there is none.
pub(super) enum Deflater {}

impl Deflater {
    pub(super) fn new(_shape: Shape) -> Option<Self> {
        None
    }

    pub(super) fn reset(&mut self) {
        match *self {}
    }

    pub(super) fn step(&mut self, _: &[u8], _: &mut [u8], _: bool) -> Result<Step, Failed> {
        match *self {}
    }
}

/// A decompressor, of which there is none.
pub(super) enum Inflater {}

impl Inflater {
    pub(super) fn new() -> Option<Self> {
        None
    }

    pub(super) fn reset(&mut self) {
        match *self {}
    }

    pub(super) fn set_history(&mut self, _: &[u8]) -> Result<(), Failed> {
        match *self {}
    }

    pub(super) fn step(&mut self, _: &[u8], _: &mut [u8], _: bool) -> Result<Step, Failed> {
        match *self {}
    }
}
