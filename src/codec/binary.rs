//! Contains what the scanners of the binary formats share.

use std::str::Utf8Error;

use super::scan::{Cursor, Flaw, Kind, Shape};
use crate::utf8;

impl<'a> Cursor<'a> {
    /// Reads a big-endian number of `len` bytes, at most 8.
    pub(super) fn number(&mut self, len: u64) -> Result<u64, Flaw> {
        let bytes = self.take(len)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn text(&mut self, len: u64) -> Result<&'a str, Flaw> {
        let start = self.at;
        std::str::from_utf8(self.take(len)?).map_err(|error| not_utf8(start, error))
    }

    pub(super) fn skip_text(&mut self, len: u64) -> Result<(), Flaw> {
        let start = self.at;
        utf8::check(self.take(len)?).map_err(|error| not_utf8(start, error))
    }
}

fn not_utf8(start: usize, error: Utf8Error) -> Flaw {
    Flaw::new("invalid UTF-8", start + error.valid_up_to())
}

/// Returns whether a key is not a string. If it has to be, that is an error.
pub(super) fn is_other_key(key: Shape, string_keys: bool, at: usize) -> Result<bool, Flaw> {
    let other = key.kind != Kind::Text;
    if string_keys && other {
        return Err(Flaw::new("a key that is not a string", at));
    }
    Ok(other)
}
