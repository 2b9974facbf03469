//! Checks the content of tagged items. A tag promises a kind of content, and readers that know the
//! tag refuse a message whose content is another one.

use super::scan::{Head, Major};
use crate::codec::scan::{Cursor, Kind, Shape};

/// Maximum number of tags around one item. Some readers count each as a level of nesting.
pub(super) const MAX_TAGS: usize = 2;

/// Largest exponent of a decimal fraction or bigfloat that readers compute in bounded time.
const MAX_EXPONENT: u64 = 10_000;

/// Seconds from 1970 to the years 1 and 9999, and days.
const SECONDS: (i64, i64) = (-62_135_596_800, 253_402_300_799);
const DAYS: (i64, i64) = (-719_162, 2_932_896);

/// Returns what is wrong with the content of a tag, or `None` if readers take it. `item` are the bytes
/// of the content.
pub(super) fn flaw(tag: u64, item: &[u8], shape: Shape) -> Option<&'static str> {
    let bytes = |lengths: &[usize]| {
        shape.kind == Kind::Bytes && lengths.contains(&string_len(item).unwrap_or(usize::MAX))
    };
    let (fits, wrong) = match tag {
        0 => (text(item).is_some_and(is_date_time), "tag 0 without a date and time"),
        1 => (is_number(item, SECONDS), "tag 1 without seconds from year 1 to 9999"),
        2 | 3 => (shape.kind == Kind::Bytes, "a bignum that is not bytes"),
        4 | 5 => (is_scaled(item), "tag 4 or 5 without an exponent and an integer"),
        30 => (is_rational(item), "tag 30 without a numerator and a denominator"),
        36 => (shape.kind == Kind::Text, "tag 36 without a string"),
        37 => (bytes(&[16]), "a UUID that is not 16 bytes"),
        52 => (bytes(&[4]), "an IPv4 address that is not 4 bytes"),
        54 => (bytes(&[16]), "an IPv6 address that is not 16 bytes"),
        100 => (is_integer(item, DAYS), "tag 100 without days from year 1 to 9999"),
        258 => (shape.kind == Kind::List, "a set that is not a list"),
        260 => (bytes(&[4, 6, 16]), "a network address that is not 4, 6 or 16 bytes"),
        1004 => (text(item).is_some_and(is_date), "tag 1004 without a date"),
        43_000 => (is_pair(item, &[Kind::Integer, Kind::Float]), "tag 43000 without two numbers"),
        // References to other parts of a message, which the router does not follow; regular
        // expressions, of which each reader has its own; networks.
        25 | 29 | 35 | 261 => (false, "tag 25, 29, 35 or 261, which cannot be checked"),
        _ => (true, ""),
    };
    (!fits).then_some(wrong)
}

fn string_len(item: &[u8]) -> Option<usize> {
    let head = Head::read(&mut Cursor::new(item)).ok()?;
    usize::try_from(head.len()?).ok()
}

/// Returns the text of an item that is in one piece.
fn text(item: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(item);
    let head = Head::read(&mut cursor).ok()?;
    (head.major == Major::Text && head.len().is_some()).then(|| cursor.rest())
}

/// Returns the integer of an item.
fn integer(item: &[u8]) -> Option<i64> {
    let head = Head::read(&mut Cursor::new(item)).ok()?;
    let value = i64::try_from(head.value).ok()?;
    match head.major {
        Major::UInt => Some(value),
        Major::Negative => Some(!value),
        _ => None,
    }
}

fn is_integer(item: &[u8], (least, most): (i64, i64)) -> bool {
    integer(item).is_some_and(|value| (least..=most).contains(&value))
}

fn is_number(item: &[u8], range: (i64, i64)) -> bool {
    let Ok(head) = Head::read(&mut Cursor::new(item)) else { return false };
    if head.major != Major::Simple {
        return is_integer(item, range);
    }
    super::simple(head, 0).is_ok_and(|token| match token {
        super::Token::Float(value) => value >= range.0 as f64 && value <= range.1 as f64,
        _ => false,
    })
}

/// Returns the two elements of a list of definite length. Both are scalars, of which the second may be a
/// bignum, so that nothing is scanned twice.
fn pair(item: &[u8]) -> Option<[(&[u8], Shape); 2]> {
    let mut cursor = Cursor::new(item);
    let head = Head::read(&mut cursor).ok()?;
    if head.major != Major::List || head.len() != Some(2) {
        return None;
    }
    let mut next = || {
        let start = cursor.at;
        let container = |byte: u8| matches!(byte >> 5, 4 | 5);
        match *cursor.rest() {
            // Tags 2 and 3.
            [0xc2 | 0xc3, next, ..] if next >> 5 == Major::Bytes as u8 => {}
            [head, ..] if head >> 5 != Major::Tag as u8 && !container(head) => {}
            _ => return None,
        }
        let shape = super::scan::skip(&mut cursor, 0, false).ok()?;
        Some((&item[start..cursor.at], shape))
    };
    Some([next()?, next()?])
}

fn is_pair(item: &[u8], kinds: &[Kind]) -> bool {
    pair(item).is_some_and(|both| both.into_iter().all(|(_, shape)| kinds.contains(&shape.kind)))
}

/// Returns whether an item is an exponent and an integer, which may be a bignum.
fn is_scaled(item: &[u8]) -> bool {
    let Some([(exponent, _), (mantissa, shape)]) = pair(item) else { return false };
    let exponent = integer(exponent).is_some_and(|it| it.unsigned_abs() <= MAX_EXPONENT);
    let bignum = matches!(mantissa.first(), Some(0xc2 | 0xc3));
    exponent && (bignum || shape.kind == Kind::Integer)
}

fn is_rational(item: &[u8]) -> bool {
    is_pair(item, &[Kind::Integer])
        && pair(item).is_some_and(|[_, (below, _)]| integer(below).is_some_and(|it| it > 0))
}

/// Reads digits that are all of a text.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |sum: u32, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

/// Returns whether a text is a date, `2013-03-21`.
fn is_date(text: &[u8]) -> bool {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text else { return false };
    let (Some(year), Some(month), Some(day)) =
        (digits(&[a, b, c, d]), digits(&[e, f]), digits(&[g, h]))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

/// Returns whether a text is a date and time, `2013-03-21T20:04:00.5Z`.
fn is_date_time(text: &[u8]) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    let Some((&[b'T', a, b, b':', c, d, b':', e, f], mut rest)) = rest.split_first_chunk() else {
        return false;
    };
    let below = |digits: Option<u32>, bound| digits.is_some_and(|value| value < bound);
    let is_clock =
        |hour: [u8; 2], minute: [u8; 2]| below(digits(&hour), 24) && below(digits(&minute), 60);
    if let [b'.', fraction @ ..] = rest {
        let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    let zone = match *rest {
        [b'Z'] => true,
        [b'+' | b'-', g, h, b':', i, j] => is_clock([g, h], [i, j]),
        _ => false,
    };
    zone && is_date(date) && is_clock([a, b], [c, d]) && below(digits(&[e, f]), 60)
}
