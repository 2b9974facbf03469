//! Contains the tokens of well-formed bytes, which each format provides.
//!
//! The bytes were scanned before, so their depth is bounded. A token may still be invalid (a number of
//! more than 128 bits, bad Base64); that is an error of this value only.

use std::borrow::Cow;

use crate::error::DecodeError;

/// A scalar, or the start of a container.
pub(super) enum Token<'de> {
    Null,
    Bool(bool),
    UInt(u64),
    Int(i64),
    /// An integer of more than 64 bits.
    #[allow(dead_code, reason = "MessagePack has none")]
    Wide {
        negative: bool,
        magnitude: u128,
    },
    Float(f64),
    Text(Cow<'de, str>),
    Bytes(Cow<'de, [u8]>),
    /// MessagePack's extension type and its content.
    #[allow(dead_code, reason = "only MessagePack has them")]
    Extension(i8, &'de [u8]),
    List(Open),
    Dict(Open),
}

/// A container that is being read.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// Number of entries left, if the format states it.
    pub(super) left: Option<u64>,
    /// True until the first entry has been read: no comma is expected.
    #[allow(dead_code, reason = "only JSON has separators")]
    pub(super) first: bool,
}

/// Tokens of well-formed bytes.
pub(super) trait Source<'de> {
    /// Returns the next scalar or the start of a container.
    fn token(&mut self) -> Result<Token<'de>, DecodeError>;

    /// Returns a key and consumes the separator before its value.
    fn key(&mut self) -> Result<Token<'de>, DecodeError>;

    /// Returns a key of the envelope's dicts and consumes the separator before its value. `None` stands for
    /// a key that is not a string, which no known key is.
    fn entry_key(&mut self) -> Result<Option<Cow<'de, str>>, DecodeError> {
        let start = self.at();
        match self.key() {
            Ok(Token::Text(text)) => Ok(Some(text)),
            _ => self.skip_from(start).map(|()| None),
        }
    }

    /// Returns the current position.
    fn at(&self) -> usize;

    /// Returns to a position.
    fn seek(&mut self, at: usize);

    /// Moves past the next value, whatever it is.
    fn skip(&mut self) -> Result<(), DecodeError>;

    /// Moves past the value at a position.
    fn skip_from(&mut self, at: usize) -> Result<(), DecodeError> {
        self.seek(at);
        self.skip()
    }

    /// Returns whether the container has another entry. Moves to the entry, or past the container;
    /// then it sets `left` to 0, so that no later read goes beyond.
    fn more(&mut self, open: &mut Open) -> Result<bool, DecodeError>;
}
