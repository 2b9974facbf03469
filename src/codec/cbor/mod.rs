//! Implements CBOR (RFC 8949) with its own reader and writer, because the serde crates for
//! CBOR reject tagged items.
//!
//! Written: shortest integers and lengths, definite lengths, floats in their own width. Read: any
//! width, indefinite lengths, half floats. A tagged item reads as its content, except that bignums
//! become integers. `undefined` reads as null.

mod scan;
mod tags;

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeSeed;

use super::format::Format;
use super::read::{ListItems, Reader, SerdeSource};
use super::scan::{Cursor, Flaw, Shape, Spans};
use super::sink::Sink;
use super::token::{Open, Source, Token};
use super::values;
use super::values::{Selects, Unread};
use super::write::{SerdeSink, Writer};
use crate::error::{DecodeError, EncodeError};
use crate::message::Serializer;
use crate::value::{Dict, List, Value};
use scan::{Head, Major};

pub(super) struct Cbor;

impl Format for Cbor {
    const SERIALIZER: Serializer = Serializer::Cbor;

    const EMPTY_DICT: &'static [u8] = &[0xa0];

    type Items<'de> = ListItems<Tokens<'de>>;

    fn scan(message: &[u8], strict: bool, max_depth: usize) -> Result<Spans, Flaw> {
        let mut cursor = Cursor { strict, max_depth, ..Cursor::new(message) };
        let head = scan::untagged_head(&mut cursor)?;
        if head.major != Major::List {
            return Err(Flaw::new("not a list", 0));
        }
        let mut spans = Spans::new();
        let mut left = head.len();
        while scan::more(&mut cursor, &mut left)? {
            let start = cursor.at;
            let shape = scan::skip(&mut cursor, 1, false)?;
            spans.push(start, &mut cursor, shape)?;
        }
        cursor.end()?;
        Ok(spans)
    }

    fn check(value: &[u8], string_keys: bool, max_depth: usize) -> Result<Shape, Flaw> {
        let mut cursor = Cursor { max_depth, ..Cursor::new(value) };
        let shape = scan::skip(&mut cursor, 1, string_keys)?;
        cursor.end()?;
        Ok(shape)
    }

    fn weigh(value: &[u8]) -> Result<usize, Flaw> {
        let mut cursor = Cursor::new(value);
        scan::skip(&mut cursor, 1, false)?;
        Ok(cursor.weight())
    }

    fn read_uint(element: &[u8]) -> Option<u64> {
        let (head, number) = element.split_first()?;
        match head {
            // Nearly all.
            0..=23 => Some(u64::from(*head)),
            24..=27 => Some(number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))),
            _ => {
                let head = scan::untagged_head(&mut Cursor::new(element)).ok()?;
                (head.major == Major::UInt).then_some(head.value)
            }
        }
    }

    fn read_text(element: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
        match Tokens::new(element).token()? {
            Token::Text(text) => Ok(text),
            _ => Err(DecodeError::new("not a string")),
        }
    }

    fn read_bytes(element: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
        match Tokens::new(element).token()? {
            Token::Bytes(bytes) => Ok(bytes),
            _ => Err(DecodeError::new("not binary data")),
        }
    }

    fn read<'de, T: DeserializeSeed<'de>>(
        element: &'de [u8],
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        seed.deserialize(Reader(&mut Tokens::new(element)))
    }

    fn items(list: &[u8]) -> Result<Self::Items<'_>, DecodeError> {
        ListItems::open(Tokens::new(list))
    }

    fn begin_list(out: &mut Vec<u8>, len: usize) {
        head(out, Major::List, len as u64);
    }

    fn end_list(_out: &mut Vec<u8>) {}

    fn separate(_out: &mut Vec<u8>) {}

    fn write_uint(out: &mut Vec<u8>, value: u64) {
        head(out, Major::UInt, value);
    }

    fn write_text(out: &mut Vec<u8>, value: &str) -> Result<(), EncodeError> {
        head(out, Major::Text, value.len() as u64);
        out.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn write_bytes(out: &mut Vec<u8>, value: &[u8]) -> Result<(), EncodeError> {
        head(out, Major::Bytes, value.len() as u64);
        out.extend_from_slice(value);
        Ok(())
    }

    values::value_methods!();

    fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), EncodeError> {
        value.serialize(Writer::<Cbor>::new(out))
    }
}

impl Sink for Cbor {
    fn null(out: &mut Vec<u8>) {
        out.push(0xf6);
    }

    fn bool(out: &mut Vec<u8>, value: bool) {
        out.push(if value { 0xf5 } else { 0xf4 });
    }

    fn int(out: &mut Vec<u8>, value: i64) {
        match u64::try_from(value) {
            Ok(value) => head(out, Major::UInt, value),
            // -1 - value, which is the content of a negative integer's head.
            Err(_) => head(out, Major::Negative, !value as u64),
        }
    }

    fn wide(out: &mut Vec<u8>, negative: bool, magnitude: u128) -> Result<(), EncodeError> {
        // -1 - value, which is the content of both forms of a negative integer.
        let value = if negative { magnitude.saturating_sub(1) } else { magnitude };
        if let Ok(value) = u64::try_from(value) {
            head(out, if negative { Major::Negative } else { Major::UInt }, value);
            return Ok(());
        }
        head(out, Major::Tag, if negative { 3 } else { 2 });
        let bytes = value.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Cbor::write_bytes(out, &bytes[zeros..])
    }

    fn f64(out: &mut Vec<u8>, value: f64) -> Result<(), EncodeError> {
        out.push(0xfb);
        out.extend_from_slice(&value.to_be_bytes());
        Ok(())
    }

    fn begin_dict(out: &mut Vec<u8>, len: usize) {
        head(out, Major::Dict, len as u64);
    }

    fn end_dict(_out: &mut Vec<u8>) {}

    fn text_key(out: &mut Vec<u8>, key: &str) -> Result<(), EncodeError> {
        Cbor::write_text(out, key)
    }
}

impl SerdeSink for Cbor {
    fn f32(out: &mut Vec<u8>, value: f32) -> Result<(), EncodeError> {
        out.push(0xfa);
        out.extend_from_slice(&value.to_be_bytes());
        Ok(())
    }
}

/// Writes a head in its shortest form.
fn head(out: &mut Vec<u8>, major: Major, value: u64) {
    let major = (major as u8) << 5;
    match value {
        0..=23 => out.push(major | value as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, value as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(value as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(value as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
}

/// The tokens of well-formed CBOR.
#[derive(Clone)]
pub(super) struct Tokens<'de> {
    cursor: Cursor<'de>,
}

impl<'de> Tokens<'de> {
    fn new(bytes: &'de [u8]) -> Self {
        Tokens { cursor: Cursor::new(bytes) }
    }

    fn read(&mut self) -> Result<Token<'de>, Flaw> {
        let mut tag = None;
        loop {
            let start = self.cursor.at;
            let head = Head::read(&mut self.cursor)?;
            return Ok(match head.major {
                Major::UInt => Token::UInt(head.value),
                Major::Negative => match i64::try_from(head.value) {
                    Ok(value) => Token::Int(!value),
                    Err(_) => Token::Wide { negative: true, magnitude: u128::from(head.value) + 1 },
                },
                Major::Bytes => bignum(tag, self.bytes(head)?, start)?,
                Major::Text => Token::Text(self.text(head)?),
                Major::List => Token::List(Open { left: head.len(), first: true }),
                Major::Dict => Token::Dict(Open { left: head.len(), first: true }),
                Major::Tag => {
                    tag = Some(head.value);
                    continue;
                }
                Major::Simple => simple(head, start)?,
            });
        }
    }

    fn bytes(&mut self, head: Head) -> Result<Cow<'de, [u8]>, Flaw> {
        if let Some(len) = head.len() {
            return self.cursor.take(len).map(Cow::Borrowed);
        }
        let mut whole = Vec::new();
        while let Some(len) = scan::chunk(&mut self.cursor, head.major)? {
            whole.extend_from_slice(self.cursor.take(len)?);
        }
        Ok(Cow::Owned(whole))
    }

    fn text(&mut self, head: Head) -> Result<Cow<'de, str>, Flaw> {
        if let Some(len) = head.len() {
            return self.cursor.text(len).map(Cow::Borrowed);
        }
        let mut whole = String::new();
        while let Some(len) = scan::chunk(&mut self.cursor, head.major)? {
            whole.push_str(self.cursor.text(len)?);
        }
        Ok(Cow::Owned(whole))
    }
}

impl<'de> Source<'de> for Tokens<'de> {
    fn token(&mut self) -> Result<Token<'de>, DecodeError> {
        self.read().map_err(DecodeError::new)
    }

    fn key(&mut self) -> Result<Token<'de>, DecodeError> {
        self.token()
    }

    fn at(&self) -> usize {
        self.cursor.at
    }

    fn seek(&mut self, at: usize) {
        self.cursor.at = at;
    }

    fn skip(&mut self) -> Result<(), DecodeError> {
        scan::skip(&mut self.cursor, 0, false).map(drop).map_err(DecodeError::new)
    }

    fn more(&mut self, open: &mut Open) -> Result<bool, DecodeError> {
        scan::more(&mut self.cursor, &mut open.left).map_err(DecodeError::new)
    }
}

impl<'de> SerdeSource<'de> for Tokens<'de> {
    fn take_null(&mut self) -> bool {
        let start = self.cursor.at;
        // Null may follow tags.
        let head = scan::untagged_head(&mut self.cursor);
        let null =
            head.is_ok_and(|head| head.major == Major::Simple && matches!(head.info, 22 | 23));
        if !null {
            self.cursor.at = start;
        }
        null
    }
}

/// Interprets bytes under a tag: bignums (tags 2 and 3) are integers.
fn bignum<'de>(tag: Option<u64>, bytes: Cow<'de, [u8]>, at: usize) -> Result<Token<'de>, Flaw> {
    let negative = match tag {
        Some(2) => false,
        Some(3) => true,
        _ => return Ok(Token::Bytes(bytes)),
    };
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    let value = (digits.len() <= 16)
        .then(|| digits.iter().fold(0, |value: u128, byte| value << 8 | u128::from(*byte)));
    let magnitude = value.and_then(|value| value.checked_add(negative.into()));
    let Some(magnitude) = magnitude else {
        return Err(Flaw::new("a bignum that does not fit into 128 bits", at));
    };
    Ok(match (negative, u64::try_from(magnitude)) {
        (false, Ok(value)) => Token::UInt(value),
        (true, Ok(value @ 0..=0x8000_0000_0000_0000)) => {
            Token::Int((!value).wrapping_add(1) as i64)
        }
        _ => Token::Wide { negative, magnitude },
    })
}

/// Returns the value of a head of major type 7.
fn simple<'de>(head: Head, at: usize) -> Result<Token<'de>, Flaw> {
    Ok(match (head.info, head.value) {
        (25, bits) => Token::Float(half(bits as u16)),
        (26, bits) => Token::Float(f32::from_bits(bits as u32).into()),
        (27, bits) => Token::Float(f64::from_bits(bits)),
        (_, 20) => Token::Bool(false),
        (_, 21) => Token::Bool(true),
        (_, 22 | 23) => Token::Null,
        _ => return Err(Flaw::new("a simple value without a meaning", at)),
    })
}

/// Converts a 16-bit float.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match bits >> 10 & 0x1f {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (fraction + 1024.0) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]

    use std::marker::PhantomData;

    use super::*;

    fn value(bytes: &[u8]) -> Result<Value, DecodeError> {
        Cbor::check(bytes, false, crate::codec::MAX_DEPTH).map_err(DecodeError::new)?;
        Cbor::read(bytes, PhantomData::<Value>)
    }

    // Examples of RFC 8949, appendix A.
    #[test]
    fn floats_of_all_widths() {
        for (bytes, expected) in [
            (&[0xf9, 0x3c, 0x00][..], 1.0),
            (&[0xf9, 0x7b, 0xff], 65504.0),
            (&[0xf9, 0x00, 0x01], 5.960_464_477_539_063e-8),
            (&[0xf9, 0xc4, 0x00], -4.0),
            (&[0xf9, 0x7c, 0x00], f64::INFINITY),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], 100_000.0),
            (&[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], 1.1),
        ] {
            assert_eq!(value(bytes).unwrap(), Value::Float(expected));
        }
        assert!(value(&[0xf9, 0x7e, 0x00]).unwrap().as_f64().unwrap().is_nan());
    }

    #[test]
    fn tags_and_bignums() {
        assert_eq!(value(&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0]).unwrap(), 1_363_896_240.into());
        assert_eq!(value(&[0xc2, 0x42, 0x01, 0x00]).unwrap(), 256.into());
        assert_eq!(value(&[0xc3, 0x41, 0x00]).unwrap(), Value::Int(-1));
        assert_eq!(
            value(&[0xc2, 0x49, 0, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap(),
            0x0102_0304_0506_0708_i64.into()
        );
        let wide = value(&[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!(wide, Value::from(1_i128 << 64));
        let wide: [&[u8]; 2] = [&[0xc2, 0x51], &[1; 17]];
        let error = value(&wide.concat()).unwrap_err();
        assert_eq!(error.message, "a bignum that does not fit into 128 bits at byte 1");
        for (null, number) in [(&[0xc1, 0xf6][..], &[0xc1, 0x05][..]), (&[0xf7], &[0x05])] {
            let read = |bytes| Cbor::read(bytes, std::marker::PhantomData::<Option<u8>>).unwrap();
            assert_eq!((read(null), read(number)), (None, Some(5)));
        }
        let lowest = value(&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).unwrap();
        assert_eq!(lowest, Value::from(-(1_i128 << 64)));
    }

    #[test]
    fn indefinite_lengths() {
        let bytes =
            b"\xbf\x63Fun\xf5\x63Amt\x7f\x61a\x61b\xff\x61x\x5f\x41\x01\x42\x02\x03\xff\xff";
        let value = value(bytes).unwrap();
        let dict = value.as_dict().unwrap();
        assert_eq!(dict.get("Fun"), Some(&Value::Bool(true)));
        assert_eq!(dict.get("Amt"), Some(&"ab".into()));
        assert_eq!(dict.get("x").and_then(Value::as_bytes).map(|b| &b[..]), Some(&[1, 2, 3][..]));
    }

    #[test]
    fn malformed_bytes_are_named() {
        for (bytes, expected) in [
            (&[0xff][..], "a break without an indefinite length at byte 0"),
            (&[0x9f, 0x01], "the message ends within a value at byte 2"),
            (&[0xbf, 0x01, 0xff], "a break without an indefinite length at byte 2"),
            (&[0x1c], "a reserved head at byte 0"),
            (&[0x1f], "a reserved head at byte 0"),
            (&[0xf8, 0x18], "a reserved head at byte 0"),
            (&[0x7f, 0x41, 0x00, 0xff], "a chunk of another type at byte 1"),
            (&[0x7f, 0x7f, 0xff, 0xff], "a chunk of another type at byte 1"),
            (&[0x62, 0xc3, 0x28], "invalid UTF-8 at byte 1"),
            (&[0x00, 0x00], "bytes after the end of the message at byte 1"),
        ] {
            assert_eq!(
                Cbor::check(bytes, false, crate::codec::MAX_DEPTH).unwrap_err().to_string(),
                expected
            );
        }
    }
}
