//! What the scanners of all formats share: the spans they find, the flaws they name, and a cursor.
//!
//! A scanner recurses at most [`MAX_DEPTH`](super::MAX_DEPTH) levels, and it allocates nothing: a
//! length that a message only claims leads to a flaw at the end of the bytes.

use std::fmt;
use std::ops::Range;

use super::MAX_DEPTH;

/// How many elements a message has at most (ERROR with `args` and `kwargs`).
const MAX_ELEMENTS: usize = 7;

/// What kind of value stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Integer,
    Float,
    Text,
    Bytes,
    List,
    Dict,
    /// What only this format has.
    #[cfg(any(feature = "msgpack", feature = "cbor"))]
    Other,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Integer => "integer",
            Kind::Float => "float",
            Kind::Text => "string",
            Kind::Bytes => "bytes",
            Kind::List => "list",
            Kind::Dict => "dict",
            #[cfg(any(feature = "msgpack", feature = "cbor"))]
            Kind::Other => "a value of an unknown kind",
        }
    }
}

/// The outside of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// A list or dict without entries.
    pub(super) empty: bool,
}

impl From<Kind> for Shape {
    fn from(kind: Kind) -> Self {
        Shape { kind, empty: false }
    }
}

/// The elements of a message: where each stands and what it is.
pub(super) struct Spans {
    spans: [Span; MAX_ELEMENTS],
    len: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Span {
    start: usize,
    end: usize,
    pub(super) shape: Shape,
}

impl Span {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Spans {
    pub(super) fn new() -> Self {
        let none = Span { start: 0, end: 0, shape: Shape { kind: Kind::Null, empty: true } };
        Spans { spans: [none; MAX_ELEMENTS], len: 0 }
    }

    pub(super) fn push(&mut self, range: Range<usize>, shape: Shape) -> Result<(), Flaw> {
        let Some(span) = self.spans.get_mut(self.len) else {
            return Err(Flaw::new("more elements than a message can have", range.start));
        };
        *span = Span { start: range.start, end: range.end, shape };
        self.len += 1;
        Ok(())
    }

    pub(super) fn as_slice(&self) -> &[Span] {
        &self.spans[..self.len]
    }
}

/// What is wrong with the bytes, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    what: &'static str,
    at: usize,
}

impl Flaw {
    #[cold]
    pub(super) fn new(what: &'static str, at: usize) -> Self {
        Flaw { what, at }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

/// A place in bytes that moves forward.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The bytes from `start` up to here.
    #[cfg(any(feature = "json", feature = "msgpack"))]
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Flaw> {
        let byte = self.peek().ok_or_else(|| self.ended())?;
        self.at += 1;
        Ok(byte)
    }

    /// The next `len` bytes, whatever a message claims `len` to be.
    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], Flaw> {
        let taken = usize::try_from(len).ok().and_then(|len| self.rest().get(..len));
        let taken = taken.ok_or_else(|| self.ended())?;
        self.at += taken.len();
        Ok(taken)
    }

    /// A big-endian number of `len` bytes, at most 8.
    #[cfg(any(feature = "msgpack", feature = "cbor"))]
    pub(super) fn number(&mut self, len: u64) -> Result<u64, Flaw> {
        let bytes = self.take(len)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    #[cfg(any(feature = "msgpack", feature = "cbor"))]
    pub(super) fn text(&mut self, len: u64) -> Result<&'a str, Flaw> {
        let start = self.at;
        std::str::from_utf8(self.take(len)?)
            .map_err(|error| Flaw::new("invalid UTF-8", start + error.valid_up_to()))
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Result<(), Flaw> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(Flaw::new("bytes behind the end of the message", self.at))
        }
    }

    #[cold]
    pub(super) fn ended(&self) -> Flaw {
        Flaw::new("the message ends within a value", self.bytes.len())
    }
}

/// The depth inside of a container that opens at `at` on `depth`.
pub(super) fn deeper(depth: usize, at: usize) -> Result<usize, Flaw> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Flaw::new("nested deeper than 100", at)) }
}

/// The key of a dict that must have strings.
#[cfg(any(feature = "msgpack", feature = "cbor"))]
pub(super) fn check_key(key: Shape, string_keys: bool, at: usize) -> Result<(), Flaw> {
    if string_keys && key.kind != Kind::Text {
        return Err(Flaw::new("a key that is not a string", at));
    }
    Ok(())
}
