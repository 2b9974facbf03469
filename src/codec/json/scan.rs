//! Implements the scanner of JSON texts (RFC 8259).
//!
//! The caller has checked that the whole text is valid UTF-8. A lone surrogate (`"\ud800"`) and a
//! number of any size are well-formed here; decoding rejects them.

use super::is_binary;
use crate::codec::scan::{Cursor, Flaw, Kind, Shape, deeper};

impl<'a> Cursor<'a> {
    /// Returns the bytes from `start` up to the current position.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }
}

/// Skips white space and returns the next byte without consuming it.
pub(super) fn peek(cursor: &mut Cursor<'_>) -> Option<u8> {
    loop {
        match cursor.peek() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => cursor.at += 1,
            next => return next,
        }
    }
}

/// Skips white space and consumes `byte` if it comes next.
pub(super) fn accept(cursor: &mut Cursor<'_>, byte: u8) -> bool {
    let found = peek(cursor) == Some(byte);
    cursor.at += usize::from(found);
    found
}

/// Describes the error here: not `what`, or the end of the message.
#[cold]
fn expected(cursor: &Cursor<'_>, what: &'static str) -> Flaw {
    if cursor.peek().is_none() { cursor.ended() } else { Flaw::new(what, cursor.at) }
}

/// Returns whether a list or dict that ends with `end` has another entry. Moves to the entry, or
/// past the end.
pub(super) fn more(cursor: &mut Cursor<'_>, first: &mut bool, end: u8) -> Result<bool, Flaw> {
    if accept(cursor, end) {
        return Ok(false);
    }
    if !std::mem::take(first) && !accept(cursor, b',') {
        return Err(expected(cursor, "neither a comma nor the end of the list or dict"));
    }
    Ok(true)
}

/// Consumes a colon.
pub(super) fn colon(cursor: &mut Cursor<'_>) -> Result<(), Flaw> {
    if accept(cursor, b':') { Ok(()) } else { Err(expected(cursor, "no colon behind a key")) }
}

/// Checks that the next value is well-formed and moves past it.
pub(super) fn skip(cursor: &mut Cursor<'_>, depth: usize) -> Result<Shape, Flaw> {
    let next = peek(cursor);
    let start = cursor.at;
    let mut first = true;
    let kind = match next {
        Some(b'"') => {
            let inside = string(cursor)?;
            if inside.starts_with(BYTES_MARK) {
                if cursor.strict && !is_binary(inside) {
                    cursor.suspect("binary data with bad Base64", start);
                }
                Kind::Bytes
            } else {
                Kind::Text
            }
        }
        Some(b'-' | b'0'..=b'9') => number(cursor)?,
        Some(b'[') => {
            cursor.at += 1;
            let depth = deeper(cursor, depth, start)?;
            let mut count = 0;
            while more(cursor, &mut first, b']')? {
                skip(cursor, depth)?;
                count += 1;
            }
            return Ok(cursor.list(count));
        }
        Some(b'{') => {
            cursor.at += 1;
            let depth = deeper(cursor, depth, start)?;
            let mut count = 0;
            while more(cursor, &mut first, b'}')? {
                if peek(cursor) != Some(b'"') {
                    return Err(expected(cursor, "a key that is not a string"));
                }
                string(cursor)?;
                colon(cursor)?;
                skip(cursor, depth)?;
                count += 1;
            }
            return Ok(cursor.dict(count, false));
        }
        Some(b't') => word(cursor, b"true", Kind::Bool)?,
        Some(b'f') => word(cursor, b"false", Kind::Bool)?,
        Some(b'n') => word(cursor, b"null", Kind::Null)?,
        _ => return Err(expected(cursor, "no value")),
    };
    Ok(kind.into())
}

/// Prefix inside a string that represents binary data: `U+0000`, which must be escaped.
pub(super) const BYTES_MARK: &[u8] = b"\\u0000";

fn word(cursor: &mut Cursor<'_>, word: &[u8], kind: Kind) -> Result<Kind, Flaw> {
    if cursor.rest().starts_with(word) {
        cursor.at += word.len();
        Ok(kind)
    } else {
        Err(Flaw::new("no value", cursor.at))
    }
}

/// Moves past the next string and returns the part between its quotes.
pub(super) fn string<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Flaw> {
    cursor.at += 1;
    let start = cursor.at;
    loop {
        cursor.at += plain(cursor.rest());
        match cursor.byte()? {
            b'"' => {
                let inside = cursor.since(start);
                return Ok(&inside[..inside.len() - 1]);
            }
            b'\\' => escape(cursor)?,
            _ => return Err(Flaw::new("a control character in a string", cursor.at - 1)),
        }
    }
}

fn escape(cursor: &mut Cursor<'_>) -> Result<(), Flaw> {
    let at = cursor.at;
    match cursor.byte()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
        b'u' if cursor.take(4)?.iter().all(u8::is_ascii_hexdigit) => Ok(()),
        _ => Err(Flaw::new("an invalid escape in a string", at - 1)),
    }
}

/// Returns the number of bytes before a quote, a backslash or a control character. Compares eight
/// bytes at a time: most of a JSON message is text.
pub(super) fn plain(bytes: &[u8]) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, _) = bytes.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let zeros = |word: u64| word.wrapping_sub(LOW) & !word;
        let quotes = zeros(word ^ (LOW * u64::from(b'"')));
        let slashes = zeros(word ^ (LOW * u64::from(b'\\')));
        let controls = word.wrapping_sub(LOW * 0x20) & !word;
        let found = (quotes | slashes | controls) & HIGH;
        if found != 0 {
            // The lowest mark is exact; a borrow can only create marks above it.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20)).unwrap_or(rest.len())
}

/// Maximum number of digits of an integer: of more, Python's reader fails.
const MAX_DIGITS: usize = 4300;

/// Moves past the next number.
fn number(cursor: &mut Cursor<'_>) -> Result<Kind, Flaw> {
    let start = cursor.at;
    let mut kind = Kind::Integer;
    if cursor.peek() == Some(b'-') {
        cursor.at += 1;
    }
    let zero = cursor.peek() == Some(b'0');
    let whole = digits(cursor)?;
    if whole > 1 && zero {
        return Err(Flaw::new("a number with a leading zero", start));
    }
    if cursor.peek() == Some(b'.') {
        cursor.at += 1;
        digits(cursor)?;
        kind = Kind::Float;
    }
    if matches!(cursor.peek(), Some(b'e' | b'E')) {
        cursor.at += 1;
        if matches!(cursor.peek(), Some(b'+' | b'-')) {
            cursor.at += 1;
        }
        digits(cursor)?;
        kind = Kind::Float;
    }
    if whole > MAX_DIGITS && kind == Kind::Integer {
        cursor.suspect("an integer of more than 4300 digits", start);
    }
    Ok(kind)
}

/// Moves past one or more digits and returns their number.
fn digits(cursor: &mut Cursor<'_>) -> Result<usize, Flaw> {
    let count = cursor.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return Err(expected(cursor, "no digit in a number"));
    }
    cursor.at += count;
    Ok(count)
}

/// Returns the next number, which is well-formed.
pub(super) fn number_text<'a>(cursor: &mut Cursor<'a>) -> Result<(&'a str, Kind), Flaw> {
    let start = cursor.at;
    let kind = number(cursor)?;
    let text = std::str::from_utf8(cursor.since(start));
    text.map(|text| (text, kind)).map_err(|_| Flaw::new("no number", start))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_end_of_plain_text_is_found_at_any_place() {
        let plain_bytes = [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff];
        for len in 0..40 {
            let mut text: Vec<u8> = plain_bytes.iter().copied().cycle().take(len).collect();
            assert_eq!(plain(&text), len);
            for at in 0..len {
                for special in [b'"', b'\\', 0, 0x1f] {
                    let before = std::mem::replace(&mut text[at], special);
                    assert_eq!(plain(&text), at, "{text:x?}");
                    text[at] = before;
                }
            }
        }
    }
}
