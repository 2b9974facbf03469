//! Contains the shared parts of the scanners: the spans that they find, the errors that they
//! report, and a cursor.
//!
//! A scanner recurses at most [`MAX_DEPTH`](super::MAX_DEPTH) levels and allocates nothing. A
//! length that exceeds the received bytes is an error at the end of the bytes.

use std::fmt;
use std::ops::Range;

use super::format::MAX_DEPTH;

/// Maximum number of elements in a message (ERROR with `args` and `kwargs`).
const MAX_ELEMENTS: usize = 7;

/// The kind of a value.
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
    /// A kind that only this format has.
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
            Kind::Other => "a value of an unknown kind",
        }
    }
}

/// The outer form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// True for a list or dict without entries.
    pub(super) empty: bool,
    /// True for a dict with a key that is not a string.
    pub(super) other_keys: bool,
}

impl From<Kind> for Shape {
    fn from(kind: Kind) -> Self {
        Shape { kind, empty: false, other_keys: false }
    }
}

/// The elements of a message: position and kind of each.
pub(super) struct Spans {
    spans: [Span; MAX_ELEMENTS],
    len: usize,
    /// The last element with a suspect value, and that value.
    suspect: Option<(usize, Flaw)>,
}

#[derive(Clone, Copy)]
pub(super) struct Span {
    start: usize,
    end: usize,
    /// See [`Cursor::built`]. As short as the shape's padding allows.
    built: u32,
    pub(super) shape: Shape,
}

impl Span {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Returns the bytes of the element, and an allowance for the memory that many small values take
    /// beside their bytes.
    pub(super) fn weight(&self) -> usize {
        (self.end - self.start).saturating_add(self.built as usize)
    }
}

impl Spans {
    pub(super) fn new() -> Self {
        let none = Span { start: 0, end: 0, built: 0, shape: Kind::Null.into() };
        Spans { spans: [none; MAX_ELEMENTS], len: 0, suspect: None }
    }

    /// Adds the element from `start` up to the cursor.
    pub(super) fn push(
        &mut self,
        start: usize,
        cursor: &mut Cursor<'_>,
        shape: Shape,
    ) -> Result<(), Flaw> {
        let Some(span) = self.spans.get_mut(self.len) else {
            return Err(Flaw::new("more elements than a message can have", start));
        };
        let built = u32::try_from(std::mem::take(&mut cursor.built)).unwrap_or(u32::MAX);
        *span = Span { start, end: cursor.at, built, shape };
        if let Some(flaw) = cursor.suspect.take() {
            self.suspect = Some((self.len, flaw));
        }
        self.len += 1;
        Ok(())
    }

    pub(super) fn as_slice(&self) -> &[Span] {
        &self.spans[..self.len]
    }

    /// Returns the suspect value in an element from `index` on, if a strict scan has found one.
    pub(super) fn suspect_from(&self, index: usize) -> Option<Flaw> {
        self.suspect.filter(|(at, _)| *at >= index).map(|(_, flaw)| flaw)
    }
}

/// An error in the bytes and its position.
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

/// A position in bytes that moves forward.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// A quarter of the memory, roughly, that the lists and dicts of the element take beside their
    /// bytes once they are decoded.
    pub(super) built: usize,
    /// True if values are looked for that some readers cannot read, although they are well-formed.
    pub(super) strict: bool,
    /// The first of them in this element.
    pub(super) suspect: Option<Flaw>,
    pub(super) max_depth: usize,
}

/// Shares of [`Cursor::built`].
const BUILT_ITEM: usize = 8;
const BUILT_ENTRY: usize = 24;
const BUILT_DICT: usize = 64;

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0, built: 0, strict: false, suspect: None, max_depth: MAX_DEPTH }
    }

    /// Notes a value that some readers cannot read.
    #[cold]
    pub(super) fn suspect(&mut self, what: &'static str, at: usize) {
        if self.strict && self.suspect.is_none() {
            self.suspect = Some(Flaw::new(what, at));
        }
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Flaw> {
        let byte = self.peek().ok_or_else(|| self.ended())?;
        self.at += 1;
        Ok(byte)
    }

    /// Returns the next `len` bytes. `len` is the message's claim and may be too large.
    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], Flaw> {
        let taken = usize::try_from(len).ok().and_then(|len| self.rest().get(..len));
        let taken = taken.ok_or_else(|| self.ended())?;
        self.at += taken.len();
        Ok(taken)
    }

    /// Counts a list that was skipped, and returns its shape.
    pub(super) fn list(&mut self, items: usize) -> Shape {
        self.built = self.built.saturating_add(items.saturating_mul(BUILT_ITEM));
        Shape { kind: Kind::List, empty: items == 0, other_keys: false }
    }

    /// Counts a dict that was skipped, and returns its shape.
    pub(super) fn dict(&mut self, entries: usize, other_keys: bool) -> Shape {
        if entries > 0 {
            let more = BUILT_DICT.saturating_add(entries.saturating_mul(BUILT_ENTRY));
            self.built = self.built.saturating_add(more);
        }
        Shape { kind: Kind::Dict, empty: entries == 0, other_keys }
    }

    /// Returns the bytes up to here, and the allowance for what was skipped.
    #[cfg_attr(
        not(feature = "router"),
        allow(dead_code, reason = "only the router weighs arguments")
    )]
    pub(super) fn weight(&self) -> usize {
        self.at.saturating_add(self.built)
    }

    /// Checks that no bytes are left.
    pub(super) fn end(&self) -> Result<(), Flaw> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(Flaw::new("bytes after the end of the message", self.at))
        }
    }

    #[cold]
    pub(super) fn ended(&self) -> Flaw {
        Flaw::new("the message ends within a value", self.bytes.len())
    }
}

/// Returns the depth inside a container that opens at `at` on `depth`.
pub(super) fn deeper(cursor: &Cursor<'_>, depth: usize, at: usize) -> Result<usize, Flaw> {
    if depth < cursor.max_depth {
        return Ok(depth + 1);
    }
    let what = match cursor.max_depth {
        MAX_DEPTH => "nested deeper than 100",
        _ => "nested deeper than 108",
    };
    Err(Flaw::new(what, at))
}
