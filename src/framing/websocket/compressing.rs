//! Contains [`Compressing`], a long message that is compressed in steps before it is written.

use bytes::Bytes;

use super::Kind;
use super::deflate::{CompressError, Compressor};
use super::writer::Form;

/// Number of bytes of a message that one step compresses, so that a step takes about a millisecond. What is not
/// longer is compressed at once.
pub const COMPRESS_STEP: usize = 64 << 10;

/// A message that is compressed, step by step.
#[derive(Debug)]
pub(super) struct Compressing {
    pub(super) kind: Kind,
    pub(super) payload: Bytes,
    pub(super) form: Form,
    taken: usize,
    out: Vec<u8>,
}

impl Compressing {
    pub(super) fn new(kind: Kind, payload: Bytes, form: Form) -> Self {
        Compressing { kind, payload, form, taken: 0, out: Vec::new() }
    }

    /// Takes a step. Returns `Some` after the last one: the compressed message, or `None` if the message is to be
    /// sent as it is.
    pub(super) fn step(&mut self, compressor: &mut Compressor) -> Option<Option<Bytes>> {
        match self.try_step(compressor) {
            Ok(true) => None,
            Ok(false) => Some(Some(std::mem::take(&mut self.out).into())),
            Err(None) => Some(None),
            Err(Some(CompressError)) => {
                compressor.forget();
                Some(None)
            }
        }
    }

    /// Returns whether more steps follow. The error is empty if compression makes the message no shorter.
    fn try_step(&mut self, compressor: &mut Compressor) -> Result<bool, Option<CompressError>> {
        let end = self.payload.len().min(self.taken + COMPRESS_STEP);
        compressor.push(&self.payload[self.taken..end], &mut self.out)?;
        self.taken = end;
        if end < self.payload.len() {
            return Ok(true);
        }
        if compressor.finish_whole(self.payload.len(), 0, &mut self.out)? {
            Ok(false)
        } else {
            Err(None)
        }
    }
}
