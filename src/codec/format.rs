//! Contains the [`Format`] trait that each wire format implements, and the nesting limit.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeSeed;

use super::scan::{Flaw, Shape, Spans};
use super::token::Source;
use super::values::{Selects, Unread};
use crate::error::{DecodeError, EncodeError};
use crate::message::Serializer;
use crate::value::{Dict, List, Value};

/// Maximum nesting depth of a message, including the message's own list. Deeper messages are
/// rejected, when received and when sent.
pub const MAX_DEPTH: usize = 100;

/// As [`MAX_DEPTH`], for the messages of a router: an answer may wrap what a peer has sent, such as an
/// event of the history.
pub(super) const MAX_DEPTH_OF_ROUTERS: usize = MAX_DEPTH + 8;

/// A wire format. Each format is a type without values;
/// [`with_format`](super::with_format) selects it.
pub(super) trait Format {
    /// True if the feature of the format is on. Otherwise nothing else of this trait is used.
    const COMPILED_IN: bool = true;

    const SERIALIZER: Serializer;

    /// An encoded dict without entries, as most options and details are.
    const EMPTY_DICT: &'static [u8];

    /// Iterator over the elements of a list.
    type Items<'de>: Items<'de>;

    /// The tokens of a well-formed value.
    type Tokens<'de>: Source<'de>;

    /// Checks that `message` is well-formed and locates the elements of its list. With `strict` it
    /// also notes values that some readers of this format cannot read.
    fn scan(message: &[u8], strict: bool, max_depth: usize) -> Result<Spans, Flaw>;

    /// Checks that `value` is one well-formed value that may be an element of a message. With
    /// `string_keys` a dict must have string keys only.
    fn check(value: &[u8], string_keys: bool, max_depth: usize) -> Result<Shape, Flaw>;

    /// Returns the bytes of one well-formed value, and an allowance for the memory of its lists and
    /// dicts.
    #[cfg_attr(
        not(feature = "router"),
        allow(dead_code, reason = "only the router weighs arguments")
    )]
    fn weigh(value: &[u8]) -> Result<usize, Flaw>;

    /// Reads a well-formed integer. Returns `None` if it is negative or larger than 64 bits.
    fn read_uint(element: &[u8]) -> Option<u64>;

    /// Reads a well-formed string.
    fn read_text(element: &[u8]) -> Result<Cow<'_, str>, DecodeError>;

    /// Reads well-formed binary data.
    fn read_bytes(element: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError>;

    /// Decodes a well-formed value.
    fn read_value(element: &[u8]) -> Result<Value, DecodeError>;

    /// Decodes a well-formed list of positional arguments. Errors name the argument.
    fn read_args(element: &[u8]) -> Result<List, DecodeError>;

    /// Decodes a well-formed dict.
    fn read_dict(element: &[u8]) -> Result<Dict, DecodeError>;

    /// Decodes the entries of a well-formed dict of the envelope that `selects` asks for.
    fn read_entries(element: &[u8], selects: &Selects<'_>) -> Result<Dict, Unread>;

    /// Returns the tokens of a well-formed value.
    fn tokens(element: &[u8]) -> Self::Tokens<'_>;

    /// Decodes a well-formed value into any type.
    fn read<'de, T: DeserializeSeed<'de>>(
        element: &'de [u8],
        seed: T,
    ) -> Result<T::Value, DecodeError>;

    /// Returns the elements of a well-formed list.
    fn items(list: &[u8]) -> Result<Self::Items<'_>, DecodeError>;

    fn begin_list(out: &mut Vec<u8>, len: usize);

    fn end_list(out: &mut Vec<u8>);

    /// Writes the separator between two elements.
    fn separate(out: &mut Vec<u8>);

    fn write_uint(out: &mut Vec<u8>, value: u64);

    fn write_text(out: &mut Vec<u8>, value: &str) -> Result<(), EncodeError>;

    fn write_bytes(out: &mut Vec<u8>, value: &[u8]) -> Result<(), EncodeError>;

    fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), EncodeError>;
}

/// The elements of a well-formed list.
pub(super) trait Items<'de>: Clone {
    /// Returns whether another element follows.
    fn more(&mut self) -> Result<bool, DecodeError>;

    /// Decodes the next element. Call this only after [`Items::more`] returned true.
    fn read_next<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError>;
}
