//! Implements JSON with WAMP's convention for binary data (spec: "JSON binary convention") and
//! exact 64-bit integers.
//!
//! Binary data is a string of `U+0000` and padded Base64. Every string value that starts with
//! `U+0000` is binary data; keys are not. A value without a JSON form is an error: a float that is
//! not finite, a text that starts with `U+0000`.

mod scan;

use std::borrow::Cow;

use data_encoding::BASE64;
use serde::Serialize;
use serde::de::DeserializeSeed;

use super::format::{Format, MAX_DEPTH};
use super::read::{ListItems, Reader, SerdeSource};
use super::scan::{Cursor, Flaw, Kind, Shape, Spans};
use super::sink::Sink;
use super::token::{Open, Source, Token};
use super::values;
use super::values::{Selects, Unread};
use super::write::{SerdeSink, Writer};
use crate::decimal;
use crate::error::{DecodeError, EncodeError};
use crate::message::Serializer;
use crate::value::{Dict, List, Value};

pub(super) struct Json;

impl Format for Json {
    const SERIALIZER: Serializer = Serializer::Json;

    const EMPTY_DICT: &'static [u8] = b"{}";

    type Items<'de> = ListItems<Tokens<'de>>;

    fn scan(message: &[u8], strict: bool, max_depth: usize) -> Result<Spans, Flaw> {
        utf8(message)?;
        let mut cursor = Cursor { strict, max_depth, ..Cursor::new(message) };
        if !scan::accept(&mut cursor, b'[') {
            return Err(Flaw::new("not a list", cursor.at));
        }
        let mut spans = Spans::new();
        let mut first = true;
        while scan::more(&mut cursor, &mut first, b']')? {
            scan::peek(&mut cursor);
            let start = cursor.at;
            let shape = scan::skip(&mut cursor, 1)?;
            spans.push(start, &mut cursor, shape)?;
        }
        scan::peek(&mut cursor);
        cursor.end()?;
        Ok(spans)
    }

    fn check(value: &[u8], _string_keys: bool, max_depth: usize) -> Result<Shape, Flaw> {
        utf8(value)?;
        let mut cursor = Cursor { max_depth, ..Cursor::new(value) };
        let shape = scan::skip(&mut cursor, 1)?;
        scan::peek(&mut cursor);
        cursor.end()?;
        Ok(shape)
    }

    fn weigh(value: &[u8]) -> Result<usize, Flaw> {
        let mut cursor = Cursor::new(value);
        scan::skip(&mut cursor, 1)?;
        Ok(cursor.weight())
    }

    fn read_uint(element: &[u8]) -> Option<u64> {
        // So many digits always fit.
        const FITS: usize = 19;
        let (first, more) = element.split_at(element.len().min(FITS));
        let mut number = 0;
        for byte in first {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number * 10 + u64::from(digit);
        }
        more.iter().try_fold(number, |sum, byte| {
            let digit = byte.wrapping_sub(b'0');
            let sum = sum.checked_mul(10).filter(|_| digit <= 9)?;
            sum.checked_add(u64::from(digit))
        })
    }

    fn read_text(element: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
        let mut cursor = Cursor::new(element);
        unescape(scan::string(&mut cursor).map_err(DecodeError::new)?)
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

    fn begin_list(out: &mut Vec<u8>, _len: usize) {
        out.push(b'[');
    }

    fn end_list(out: &mut Vec<u8>) {
        out.push(b']');
    }

    fn separate(out: &mut Vec<u8>) {
        out.push(b',');
    }

    fn write_uint(out: &mut Vec<u8>, value: u64) {
        digits(out, value);
    }

    fn write_text(out: &mut Vec<u8>, value: &str) -> Result<(), EncodeError> {
        if value.starts_with('\0') {
            return Err(EncodeError::new("a text that begins with U+0000 would be bytes in JSON"));
        }
        quote(out, value);
        Ok(())
    }

    fn write_bytes(out: &mut Vec<u8>, value: &[u8]) -> Result<(), EncodeError> {
        out.push(b'"');
        out.extend_from_slice(scan::BYTES_MARK);
        let start = out.len();
        out.resize(start + BASE64.encode_len(value.len()), 0);
        BASE64.encode_mut(value, &mut out[start..]);
        out.push(b'"');
        Ok(())
    }

    values::value_methods!();

    fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), EncodeError> {
        value.serialize(Writer::<Json>::new(out))
    }
}

impl Sink for Json {
    const COUNTED: bool = false;

    fn null(out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }

    fn bool(out: &mut Vec<u8>, value: bool) {
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn int(out: &mut Vec<u8>, value: i64) {
        if value < 0 {
            out.push(b'-');
        }
        digits(out, value.unsigned_abs());
    }

    fn wide(out: &mut Vec<u8>, negative: bool, magnitude: u128) -> Result<(), EncodeError> {
        let sign = if negative { "-" } else { "" };
        out.extend_from_slice(format!("{sign}{magnitude}").as_bytes());
        Ok(())
    }

    fn f64(out: &mut Vec<u8>, value: f64) -> Result<(), EncodeError> {
        finite(value)?;
        decimal::write(out, value);
        Ok(())
    }

    fn begin_dict(out: &mut Vec<u8>, _len: usize) {
        out.push(b'{');
    }

    fn end_dict(out: &mut Vec<u8>) {
        out.push(b'}');
    }

    fn text_key(out: &mut Vec<u8>, key: &str) -> Result<(), EncodeError> {
        quote(out, key);
        out.push(b':');
        Ok(())
    }
}

impl SerdeSink for Json {
    fn json(out: &mut Vec<u8>, text: &str) -> Result<(), EncodeError> {
        Json::check(text.as_bytes(), false, MAX_DEPTH).map_err(EncodeError::new)?;
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn f32(out: &mut Vec<u8>, value: f32) -> Result<(), EncodeError> {
        finite(value.into())?;
        serde_json::to_writer(out, &value).map_err(EncodeError::new)
    }
}

fn utf8(bytes: &[u8]) -> Result<(), Flaw> {
    crate::utf8::check(bytes).map_err(|error| Flaw::new("invalid UTF-8", error.valid_up_to()))
}

/// Writes a number in decimal.
fn digits(out: &mut Vec<u8>, mut value: u64) {
    let mut buffer = [0; 20];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[at..]);
}

/// Writes a string with its quotes.
fn quote(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.push(b'"');
    loop {
        let (plain, special) = rest.split_at(scan::plain(rest));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else { break };
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            _ => {
                let hex = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' - 10 + digit };
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
                rest = after;
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
        rest = after;
    }
    out.push(b'"');
}

fn finite(value: f64) -> Result<(), EncodeError> {
    if value.is_finite() {
        Ok(())
    } else {
        let name = if value.is_nan() {
            "NaN"
        } else if value < 0.0 {
            "-inf"
        } else {
            "inf"
        };
        Err(EncodeError::new(format!("JSON cannot represent the float {name}")))
    }
}

/// Decodes the part of a string between its quotes.
fn unescape(inside: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let inside = std::str::from_utf8(inside).map_err(DecodeError::new)?;
    // Nearly all; a search for an octet takes half the time of one for a character.
    if !inside.as_bytes().contains(&b'\\') {
        return Ok(Cow::Borrowed(inside));
    }
    let Some((plain, mut rest)) = inside.split_once('\\') else {
        return Ok(Cow::Borrowed(inside));
    };
    let mut text = String::with_capacity(inside.len());
    text.push_str(plain);
    loop {
        let (escaped, after) = escape(rest).ok_or_else(|| {
            DecodeError::new("a string with invalid escapes: half of a surrogate pair")
        })?;
        text.push(escaped);
        match after.split_once('\\') {
            Some((plain, more)) => {
                text.push_str(plain);
                rest = more;
            }
            None => {
                text.push_str(after);
                return Ok(Cow::Owned(text));
            }
        }
    }
}

/// Reads an escape behind its backslash, and returns what follows.
fn escape(text: &str) -> Option<(char, &str)> {
    let (kind, rest) = text.split_at_checked(1)?;
    let char = match kind {
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => {
            let (high, rest) = unit(rest)?;
            if !(0xd800..=0xdfff).contains(&high) {
                return Some((char::from_u32(high)?, rest));
            }
            let (low, rest) = unit(rest.strip_prefix("\\u")?)?;
            if high > 0xdbff || !(0xdc00..=0xdfff).contains(&low) {
                return None;
            }
            let char = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
            return Some((char, rest));
        }
        same => return Some((same.chars().next()?, rest)),
    };
    Some((char, rest))
}

/// Reads four hexadecimal digits.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// The tokens of well-formed JSON.
#[derive(Clone)]
pub(super) struct Tokens<'de> {
    cursor: Cursor<'de>,
}

impl<'de> Tokens<'de> {
    fn new(text: &'de [u8]) -> Self {
        Tokens { cursor: Cursor::new(text) }
    }

    /// Returns the next string without its quotes.
    fn string(&mut self) -> Result<&'de [u8], DecodeError> {
        scan::string(&mut self.cursor).map_err(DecodeError::new)
    }

    fn number(&mut self) -> Result<Token<'de>, DecodeError> {
        let (text, kind) = scan::number_text(&mut self.cursor).map_err(DecodeError::new)?;
        let negative = text.starts_with('-');
        let token = match kind {
            Kind::Integer if negative => text.parse().ok().map(Token::Int),
            Kind::Integer => text.parse().ok().map(Token::UInt),
            _ => decimal::read(text).filter(|value| value.is_finite()).map(Token::Float),
        };
        let wide = || {
            let magnitude = text.trim_start_matches('-').parse().ok()?;
            (kind == Kind::Integer).then_some(Token::Wide { negative, magnitude })
        };
        let token = token.or_else(wide);
        let bits = if kind == Kind::Integer { 128 } else { 64 };
        token.ok_or_else(|| {
            DecodeError::new(format!("number {text:.40} does not fit into {bits} bits"))
        })
    }

    fn open(&mut self) -> Open {
        self.cursor.at += 1;
        Open { left: None, first: true }
    }
}

impl<'de> Source<'de> for Tokens<'de> {
    fn token(&mut self) -> Result<Token<'de>, DecodeError> {
        Ok(match scan::peek(&mut self.cursor) {
            Some(b'"') => {
                let inside = self.string()?;
                if inside.starts_with(scan::BYTES_MARK) {
                    Token::Bytes(Cow::Owned(decode_base64(inside)?))
                } else {
                    Token::Text(unescape(inside)?)
                }
            }
            Some(b'[') => Token::List(self.open()),
            Some(b'{') => Token::Dict(self.open()),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            next => {
                self.skip()?;
                match next {
                    Some(b't') => Token::Bool(true),
                    Some(b'f') => Token::Bool(false),
                    _ => Token::Null,
                }
            }
        })
    }

    fn key(&mut self) -> Result<Token<'de>, DecodeError> {
        scan::peek(&mut self.cursor);
        let inside = self.string()?;
        scan::colon(&mut self.cursor).map_err(DecodeError::new)?;
        unescape(inside).map(Token::Text)
    }

    fn entry_key(&mut self) -> Result<Option<Cow<'de, str>>, DecodeError> {
        scan::peek(&mut self.cursor);
        let inside = self.string()?;
        scan::colon(&mut self.cursor).map_err(DecodeError::new)?;
        Ok(unescape(inside).ok())
    }

    fn at(&self) -> usize {
        self.cursor.at
    }

    fn seek(&mut self, at: usize) {
        self.cursor.at = at;
    }

    fn skip(&mut self) -> Result<(), DecodeError> {
        scan::skip(&mut self.cursor, 0).map(drop).map_err(DecodeError::new)
    }

    fn more(&mut self, open: &mut Open) -> Result<bool, DecodeError> {
        if open.left == Some(0) {
            return Ok(false);
        }
        // Either closing bracket is accepted, because the scan has checked that they match.
        let end = match scan::peek(&mut self.cursor) {
            Some(b'}') => b'}',
            _ => b']',
        };
        let more = scan::more(&mut self.cursor, &mut open.first, end).map_err(DecodeError::new)?;
        if !more {
            open.left = Some(0);
        }
        Ok(more)
    }
}

impl<'de> SerdeSource<'de> for Tokens<'de> {
    fn take_null(&mut self) -> bool {
        let null = scan::peek(&mut self.cursor) == Some(b'n');
        // The bytes are well-formed: no other word starts with this letter.
        self.cursor.at += if null { 4 } else { 0 };
        null
    }
}

/// Returns whether a string that starts with `U+0000` is binary data.
fn is_binary(inside: &[u8]) -> bool {
    let base64 = inside.strip_prefix(scan::BYTES_MARK).unwrap_or_default();
    if base64.contains(&b'\\') {
        return decode_base64(inside).is_ok();
    }
    let (most, end) = base64.split_at(base64.len().saturating_sub(4));
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    base64.len().is_multiple_of(4) && most.iter().all(plain) && BASE64.decode(end).is_ok()
}

/// Decodes the bytes of a string that starts with `U+0000`.
fn decode_base64(inside: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let base64 = inside.strip_prefix(scan::BYTES_MARK).unwrap_or_default();
    let decoded = if base64.contains(&b'\\') {
        // Some serializers escape the `/` of Base64.
        let text = unescape(inside)?;
        BASE64.decode(text.trim_start_matches('\0').as_bytes())
    } else {
        BASE64.decode(base64)
    };
    decoded.map_err(|error| DecodeError::new(format!("binary data with bad Base64: {error}")))
}
