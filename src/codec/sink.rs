//! Contains [`Sink`], by which each format writes values.

use super::format::Format;
use crate::error::EncodeError;

/// The writing operations of a format for values, in addition to [`Format`].
pub(super) trait Sink: Format {
    /// True if the head of a list or dict contains its length.
    const COUNTED: bool = true;

    fn null(out: &mut Vec<u8>);

    fn bool(out: &mut Vec<u8>, value: bool);

    fn int(out: &mut Vec<u8>, value: i64);

    /// Writes an integer of more than 64 bits.
    fn wide(out: &mut Vec<u8>, negative: bool, magnitude: u128) -> Result<(), EncodeError>;

    fn f64(out: &mut Vec<u8>, value: f64) -> Result<(), EncodeError>;

    fn begin_dict(out: &mut Vec<u8>, len: usize);

    fn end_dict(out: &mut Vec<u8>);

    /// Writes a string as a key, and the separator before its value.
    fn text_key(out: &mut Vec<u8>, key: &str) -> Result<(), EncodeError>;
}
