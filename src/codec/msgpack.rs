//! Implements MessagePack with distinct `str` and `bin`. rmp-serde writes the scalars of types; the reader, and the
//! writer of lists, dicts and enums, are those of the other formats: so a type is the same value in all of them.
//!
//! An extension type is well-formed and is forwarded. It decodes as the list of its type and its
//! bytes. An integer of more than 64 bits has no form.

use std::borrow::Cow;

use serde::de::DeserializeSeed;
use serde::{Serialize, Serializer as _};

use super::binary::is_other_key;
use super::format::Format;
use super::read::{ListItems, Reader, SerdeSource};
use super::scan::{Cursor, Flaw, Kind, Shape, Spans, deeper};
use super::sink::Sink;
use super::token::{Open, Source, Token};
use super::values;
use super::values::{Selects, Unread};
use super::write::{Scalar, SerdeSink, Writer};
use crate::error::{DecodeError, EncodeError};
use crate::message::Serializer;
use crate::value::{Dict, List, Value};

pub(super) struct MsgPack;

impl Format for MsgPack {
    const SERIALIZER: Serializer = Serializer::MsgPack;

    const EMPTY_DICT: &'static [u8] = &[0x80];

    type Items<'de> = ListItems<Tokens<'de>>;

    fn scan(message: &[u8], strict: bool, max_depth: usize) -> Result<Spans, Flaw> {
        let mut cursor = Cursor { strict, max_depth, ..Cursor::new(message) };
        let Some(count) = list_len(&mut cursor)? else {
            return Err(Flaw::new("not a list", 0));
        };
        let mut spans = Spans::new();
        for _ in 0..count {
            let start = cursor.at;
            let shape = skip(&mut cursor, 1, false)?;
            spans.push(start, &mut cursor, shape)?;
        }
        cursor.end()?;
        Ok(spans)
    }

    fn check(value: &[u8], string_keys: bool, max_depth: usize) -> Result<Shape, Flaw> {
        let mut cursor = Cursor { max_depth, ..Cursor::new(value) };
        let shape = skip(&mut cursor, 1, string_keys)?;
        cursor.end()?;
        Ok(shape)
    }

    fn weigh(value: &[u8]) -> Result<usize, Flaw> {
        let mut cursor = Cursor::new(value);
        skip(&mut cursor, 1, false)?;
        Ok(cursor.weight())
    }

    fn read_uint(element: &[u8]) -> Option<u64> {
        let (head, number) = element.split_first()?;
        let unsigned = number.iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        match head {
            0x00..=0x7f => Some(u64::from(*head)),
            0xcc..=0xcf => Some(unsigned),
            // A signed form of a non-negative number.
            0xd0..=0xd3 if number.first().is_some_and(|byte| *byte < 0x80) => Some(unsigned),
            _ => None,
        }
    }

    fn read_text(element: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
        let header = match element.first() {
            Some(0xd9) => 2,
            Some(0xda) => 3,
            Some(0xdb) => 5,
            _ => 1,
        };
        let text = element.get(header..).unwrap_or_default();
        std::str::from_utf8(text).map(Cow::Borrowed).map_err(DecodeError::new)
    }

    fn read_bytes(element: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
        let header = match element.first() {
            Some(0xc4) => 2,
            Some(0xc5) => 3,
            Some(0xc6) => 5,
            _ => return Err(DecodeError::new("not binary data")),
        };
        Ok(Cow::Borrowed(element.get(header..).unwrap_or_default()))
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
        match len {
            0..=15 => out.push(0x90 | len as u8),
            16..=0xffff => {
                out.push(0xdc);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                out.push(0xdd);
                out.extend_from_slice(&(len as u32).to_be_bytes());
            }
        }
    }

    fn end_list(_out: &mut Vec<u8>) {}

    fn separate(_out: &mut Vec<u8>) {}

    fn write_uint(out: &mut Vec<u8>, value: u64) {
        match value {
            0..=0x7f => out.push(value as u8),
            0x80..=0xff => out.extend_from_slice(&[0xcc, value as u8]),
            0x100..=0xffff => {
                out.push(0xcd);
                out.extend_from_slice(&(value as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                out.push(0xce);
                out.extend_from_slice(&(value as u32).to_be_bytes());
            }
            _ => {
                out.push(0xcf);
                out.extend_from_slice(&value.to_be_bytes());
            }
        }
    }

    fn write_text(out: &mut Vec<u8>, value: &str) -> Result<(), EncodeError> {
        let len = value.len();
        match len {
            0..=31 => out.push(0xa0 | len as u8),
            32..=0xff => out.extend_from_slice(&[0xd9, len as u8]),
            0x100..=0xffff => {
                out.push(0xda);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                let len = u32::try_from(len).map_err(|_| EncodeError::new("text above 4 GiB"))?;
                out.push(0xdb);
                out.extend_from_slice(&len.to_be_bytes());
            }
        }
        out.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn write_bytes(out: &mut Vec<u8>, value: &[u8]) -> Result<(), EncodeError> {
        match value.len() {
            len @ 0..=0xff => out.extend_from_slice(&[0xc4, len as u8]),
            len @ 0x100..=0xffff => {
                out.push(0xc5);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                let len =
                    u32::try_from(len).map_err(|_| EncodeError::new("binary data above 4 GiB"))?;
                out.push(0xc6);
                out.extend_from_slice(&len.to_be_bytes());
            }
        }
        out.extend_from_slice(value);
        Ok(())
    }

    values::value_methods!();

    fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), EncodeError> {
        value.serialize(Writer::<MsgPack>::new(out))
    }
}

impl Sink for MsgPack {
    fn null(out: &mut Vec<u8>) {
        out.push(0xc0);
    }

    fn bool(out: &mut Vec<u8>, value: bool) {
        out.push(if value { 0xc3 } else { 0xc2 });
    }

    fn int(out: &mut Vec<u8>, value: i64) {
        match value {
            0.. => MsgPack::write_uint(out, value.unsigned_abs()),
            -0x20..0 => out.push(value as u8),
            -0x80..-0x20 => out.extend_from_slice(&[0xd0, value as u8]),
            -0x8000..-0x80 => {
                out.push(0xd1);
                out.extend_from_slice(&(value as i16).to_be_bytes());
            }
            -0x8000_0000..-0x8000 => {
                out.push(0xd2);
                out.extend_from_slice(&(value as i32).to_be_bytes());
            }
            _ => {
                out.push(0xd3);
                out.extend_from_slice(&value.to_be_bytes());
            }
        }
    }

    fn wide(_out: &mut Vec<u8>, negative: bool, magnitude: u128) -> Result<(), EncodeError> {
        let sign = if negative { "-" } else { "" };
        Err(EncodeError::new(format!("MessagePack cannot represent the integer {sign}{magnitude}")))
    }

    fn f64(out: &mut Vec<u8>, value: f64) -> Result<(), EncodeError> {
        out.push(0xcb);
        out.extend_from_slice(&value.to_be_bytes());
        Ok(())
    }

    fn begin_dict(out: &mut Vec<u8>, len: usize) {
        match len {
            0..=15 => out.push(0x80 | len as u8),
            16..=0xffff => {
                out.push(0xde);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                out.push(0xdf);
                out.extend_from_slice(&(len as u32).to_be_bytes());
            }
        }
    }

    fn end_dict(_out: &mut Vec<u8>) {}

    fn text_key(out: &mut Vec<u8>, key: &str) -> Result<(), EncodeError> {
        MsgPack::write_text(out, key)
    }
}

/// rmp-serde writes the scalars of types. Lists, dicts and enums are those of the other formats.
impl SerdeSink for MsgPack {
    fn f32(out: &mut Vec<u8>, value: f32) -> Result<(), EncodeError> {
        Self::scalar(out, Scalar::F32(value))
    }

    fn scalar(out: &mut Vec<u8>, value: Scalar<'_>) -> Result<(), EncodeError> {
        let serializer = &mut rmp_serde::Serializer::new(out);
        let written = match value {
            Scalar::Null => serializer.serialize_unit(),
            Scalar::Bool(value) => serializer.serialize_bool(value),
            Scalar::Int(value) => serializer.serialize_i64(value),
            Scalar::Uint(value) => serializer.serialize_u64(value),
            Scalar::F32(value) => serializer.serialize_f32(value),
            Scalar::F64(value) => serializer.serialize_f64(value),
            Scalar::Text(value) => serializer.serialize_str(value),
            Scalar::Bytes(value) => serializer.serialize_bytes(value),
        };
        written.map_err(EncodeError::new)
    }
}

/// The tokens of well-formed MessagePack.
#[derive(Clone)]
pub(super) struct Tokens<'de> {
    cursor: Cursor<'de>,
}

impl<'de> Tokens<'de> {
    fn new(bytes: &'de [u8]) -> Self {
        Tokens { cursor: Cursor::new(bytes) }
    }

    fn read(&mut self) -> Result<Token<'de>, Flaw> {
        let cursor = &mut self.cursor;
        let open = |left| Open { left: Some(left), first: true };
        let head = cursor.byte()?;
        Ok(match head {
            0x00..=0x7f => Token::UInt(head.into()),
            0xe0..=0xff => Token::Int((head as i8).into()),
            0xcc..=0xcf => Token::UInt(cursor.number(1 << (head - 0xcc))?),
            0xd0..=0xd3 => {
                let len = 1 << (head - 0xd0);
                let unused = 64 - 8 * len as u32;
                Token::Int((cursor.number(len)? << unused) as i64 >> unused)
            }
            0xa0..=0xbf => Token::Text(cursor.text(u64::from(head & 0x1f))?.into()),
            0xd9..=0xdb => {
                let len = cursor.number(1 << (head - 0xd9))?;
                Token::Text(cursor.text(len)?.into())
            }
            0x90..=0x9f => Token::List(open(u64::from(head & 0x0f))),
            0xdc | 0xdd => Token::List(open(cursor.number(2 << (head - 0xdc))?)),
            0x80..=0x8f => Token::Dict(open(u64::from(head & 0x0f))),
            0xde | 0xdf => Token::Dict(open(cursor.number(2 << (head - 0xde))?)),
            0xc2 | 0xc3 => Token::Bool(head == 0xc3),
            0xc4..=0xc6 => {
                let len = cursor.number(1 << (head - 0xc4))?;
                Token::Bytes(cursor.take(len)?.into())
            }
            0xca => Token::Float(f32::from_bits(cursor.number(4)? as u32).into()),
            0xcb => Token::Float(f64::from_bits(cursor.number(8)?)),
            0xc7..=0xc9 => {
                let len = cursor.number(1 << (head - 0xc7))?;
                extension(cursor, len)?
            }
            0xd4..=0xd8 => extension(cursor, 1 << (head - 0xd4))?,
            // The reserved byte 0xc1 is not well-formed.
            0xc0 | 0xc1 => Token::Null,
        })
    }
}

fn extension<'de>(cursor: &mut Cursor<'de>, len: u64) -> Result<Token<'de>, Flaw> {
    let kind = cursor.byte()? as i8;
    cursor.take(len).map(|bytes| Token::Extension(kind, bytes))
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
        skip(&mut self.cursor, 0, false).map(drop).map_err(DecodeError::new)
    }

    fn more(&mut self, open: &mut Open) -> Result<bool, DecodeError> {
        let left = open.left.unwrap_or_default();
        open.left = Some(left.saturating_sub(1));
        Ok(left > 0)
    }
}

impl<'de> SerdeSource<'de> for Tokens<'de> {
    fn take_null(&mut self) -> bool {
        let null = self.cursor.peek() == Some(0xc0);
        self.cursor.at += usize::from(null);
        null
    }
}

/// Returns the length of the list that starts here, or `None` for another kind of value.
fn list_len(cursor: &mut Cursor<'_>) -> Result<Option<u64>, Flaw> {
    match cursor.byte()? {
        head @ 0x90..=0x9f => Ok(Some(u64::from(head & 0x0f))),
        0xdc => cursor.number(2).map(Some),
        0xdd => cursor.number(4).map(Some),
        _ => Ok(None),
    }
}

/// Checks that the next value is well-formed and moves past it. `string_keys` applies to the value
/// itself, not to its content.
fn skip(cursor: &mut Cursor<'_>, depth: usize, string_keys: bool) -> Result<Shape, Flaw> {
    let start = cursor.at;
    let head = cursor.byte()?;
    let kind = match head {
        0x00..=0x7f | 0xe0..=0xff => Kind::Integer,
        0xcc..=0xcf => fixed(cursor, 1 << (head - 0xcc), Kind::Integer)?,
        0xd0..=0xd3 => fixed(cursor, 1 << (head - 0xd0), Kind::Integer)?,
        0xa0..=0xbf => text(cursor, u64::from(head & 0x1f))?,
        0xd9..=0xdb => {
            let len = cursor.number(1 << (head - 0xd9))?;
            text(cursor, len)?
        }
        0x90..=0x9f => return list(cursor, u64::from(head & 0x0f), deeper(cursor, depth, start)?),
        0xdc | 0xdd => {
            let len = cursor.number(2 << (head - 0xdc))?;
            return list(cursor, len, deeper(cursor, depth, start)?);
        }
        0x80..=0x8f => {
            return dict(
                cursor,
                u64::from(head & 0x0f),
                deeper(cursor, depth, start)?,
                string_keys,
            );
        }
        0xde | 0xdf => {
            let len = cursor.number(2 << (head - 0xde))?;
            return dict(cursor, len, deeper(cursor, depth, start)?, string_keys);
        }
        0xc0 => Kind::Null,
        0xc1 => return Err(Flaw::new("the reserved byte 0xc1", start)),
        0xc2 | 0xc3 => Kind::Bool,
        0xc4..=0xc6 => {
            let len = cursor.number(1 << (head - 0xc4))?;
            fixed(cursor, len, Kind::Bytes)?
        }
        0xca => fixed(cursor, 4, Kind::Float)?,
        0xcb => fixed(cursor, 8, Kind::Float)?,
        // Extensions have a type byte before their data.
        0xc7..=0xc9 => {
            let len = cursor.number(1 << (head - 0xc7))?;
            skip_extension(cursor, len, start)?
        }
        0xd4..=0xd8 => skip_extension(cursor, 1 << (head - 0xd4), start)?,
    };
    Ok(kind.into())
}

fn fixed(cursor: &mut Cursor<'_>, len: u64, kind: Kind) -> Result<Kind, Flaw> {
    cursor.take(len).map(|_| kind)
}

fn text(cursor: &mut Cursor<'_>, len: u64) -> Result<Kind, Flaw> {
    cursor.skip_text(len).map(|()| Kind::Text)
}

fn list(cursor: &mut Cursor<'_>, len: u64, depth: usize) -> Result<Shape, Flaw> {
    for _ in 0..len {
        skip(cursor, depth, false)?;
    }
    Ok(cursor.list(len as usize))
}

fn dict(cursor: &mut Cursor<'_>, len: u64, depth: usize, string_keys: bool) -> Result<Shape, Flaw> {
    let mut other_keys = false;
    for _ in 0..len {
        let start = cursor.at;
        let key = skip(cursor, depth, false)?;
        if is_other_key(key, string_keys, start)? {
            cursor.suspect("a key that is not a string", start);
            other_keys = true;
        }
        skip(cursor, depth, false)?;
    }
    Ok(cursor.dict(len as usize, other_keys))
}

/// Moves past an extension. Readers of timestamps refuse those of a wrong length, and some readers
/// all other types that MessagePack reserves.
fn skip_extension(cursor: &mut Cursor<'_>, len: u64, start: usize) -> Result<Kind, Flaw> {
    let kind = cursor.byte()? as i8;
    let data = cursor.take(len)?;
    // Nanoseconds: 30 of the 64 bits, or the first four bytes.
    let nanoseconds = match *data {
        [_, _, _, _] => Some(0),
        [a, b, c, d, _, _, _, _] => Some(u32::from_be_bytes([a, b, c, d]) >> 2),
        [a, b, c, d, _, _, _, _, _, _, _, _] => Some(u32::from_be_bytes([a, b, c, d])),
        _ => None,
    };
    match (kind, nanoseconds) {
        (0.., _) | (-1, Some(0..=999_999_999)) => {}
        (-1, None) => cursor.suspect("a timestamp of a wrong length", start),
        (-1, Some(_)) => cursor.suspect("a timestamp with more than 999999999 nanoseconds", start),
        _ => cursor.suspect("an extension of a reserved type", start),
    }
    // As msgpackr writes JavaScript's undefined, in wampy for one.
    Ok(if kind == 0 && data == [0] { Kind::Null } else { Kind::Other })
}
