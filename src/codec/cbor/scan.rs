//! Reads the heads of CBOR items and scans items (RFC 8949, section 3 and appendix C).

use super::tags;
use crate::codec::binary::is_other_key;
use crate::codec::scan::{Cursor, Flaw, Kind, Shape, deeper};

/// The major types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Major {
    UInt,
    Negative,
    Bytes,
    Text,
    List,
    Dict,
    Tag,
    Simple,
}

const MAJORS: [Major; 8] = [
    Major::UInt,
    Major::Negative,
    Major::Bytes,
    Major::Text,
    Major::List,
    Major::Dict,
    Major::Tag,
    Major::Simple,
];

/// The byte that ends an item of indefinite length.
const BREAK: u8 = 0xff;

/// The additional information of an indefinite length.
const INDEFINITE: u8 = 31;

/// The head of an item.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) major: Major,
    pub(super) info: u8,
    pub(super) value: u64,
}

impl Head {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Flaw> {
        let start = cursor.at;
        let byte = cursor.byte()?;
        let major = MAJORS[usize::from(byte >> 5)];
        let info = byte & 0x1f;
        let value = match info {
            0..=23 => u64::from(info),
            24..=27 => cursor.number(1 << (info - 24))?,
            INDEFINITE => 0,
            _ => return Err(reserved(start)),
        };
        let head = Head { major, info, value };
        match major {
            Major::UInt | Major::Negative | Major::Tag if info == INDEFINITE => {
                Err(reserved(start))
            }
            Major::Simple if byte == BREAK => {
                Err(Flaw::new("a break without an indefinite length", start))
            }
            // Simple values below 32 have the one-byte form only.
            Major::Simple if info == 24 && value < 32 => Err(reserved(start)),
            _ => Ok(head),
        }
    }

    /// Returns the length of bytes, text, list or dict, or `None` if it is indefinite.
    pub(super) fn len(&self) -> Option<u64> {
        (self.info != INDEFINITE).then_some(self.value)
    }
}

#[cold]
fn reserved(at: usize) -> Flaw {
    Flaw::new("a reserved head", at)
}

/// Returns the next head that is not a tag.
pub(super) fn untagged_head(cursor: &mut Cursor<'_>) -> Result<Head, Flaw> {
    loop {
        let head = Head::read(cursor)?;
        if head.major != Major::Tag {
            return Ok(head);
        }
    }
}

/// Returns whether a container has another entry. Decrements `left`, or looks for the break.
pub(super) fn more(cursor: &mut Cursor<'_>, left: &mut Option<u64>) -> Result<bool, Flaw> {
    match left {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None => match cursor.peek() {
            Some(BREAK) => {
                cursor.at += 1;
                // A container that has ended stays ended.
                *left = Some(0);
                Ok(false)
            }
            Some(_) => Ok(true),
            None => Err(cursor.ended()),
        },
    }
}

/// Returns the length of the next chunk of a text or bytes of indefinite length.
pub(super) fn chunk(cursor: &mut Cursor<'_>, major: Major) -> Result<Option<u64>, Flaw> {
    let start = cursor.at;
    if cursor.peek() == Some(BREAK) {
        cursor.at += 1;
        return Ok(None);
    }
    let head = Head::read(cursor)?;
    match head.len() {
        Some(len) if head.major == major => Ok(Some(len)),
        _ => Err(Flaw::new("a chunk of another type", start)),
    }
}

/// Checks that the next item is well-formed and moves past it. `string_keys` applies to the item
/// itself, not to its content.
pub(super) fn skip(
    cursor: &mut Cursor<'_>,
    depth: usize,
    string_keys: bool,
) -> Result<Shape, Flaw> {
    if cursor.peek().is_some_and(|byte| byte >> 5 == Major::Tag as u8) {
        return skip_tagged(cursor, depth, string_keys);
    }
    let start = cursor.at;
    let head = Head::read(cursor)?;
    let kind = match head.major {
        Major::UInt | Major::Negative => Kind::Integer,
        Major::Bytes => {
            string(cursor, head, |cursor, len| cursor.take(len).map(drop))?;
            Kind::Bytes
        }
        Major::Text => {
            string(cursor, head, Cursor::skip_text)?;
            Kind::Text
        }
        Major::List => {
            let depth = deeper(cursor, depth, start)?;
            let mut left = head.len();
            let mut count = 0;
            while more(cursor, &mut left)? {
                skip(cursor, depth, false)?;
                count += 1;
            }
            return Ok(cursor.list(count));
        }
        Major::Dict => {
            let depth = deeper(cursor, depth, start)?;
            let mut left = head.len();
            let mut count = 0;
            let mut other_keys = false;
            while more(cursor, &mut left)? {
                let key_start = cursor.at;
                let key = skip(cursor, depth, false)?;
                other_keys |= is_other_key(key, string_keys, key_start)?;
                skip(cursor, depth, false)?;
                count += 1;
            }
            return Ok(cursor.dict(count, other_keys));
        }
        Major::Tag => Kind::Other,
        Major::Simple => match (head.info, head.value) {
            (25..=27, _) => Kind::Float,
            (_, 20 | 21) => Kind::Bool,
            (_, 22 | 23) => Kind::Null,
            _ => Kind::Other,
        },
    };
    Ok(kind.into())
}

/// Moves past an item with tags. Tags do not count as depth: a loop skips them, here and when decoding.
#[cold]
fn skip_tagged(cursor: &mut Cursor<'_>, depth: usize, string_keys: bool) -> Result<Shape, Flaw> {
    let start = cursor.at;
    let (mut count, mut outer, mut last) = (0, None, None);
    while cursor.peek().is_some_and(|byte| byte >> 5 == Major::Tag as u8) {
        outer = last;
        last = Some(Head::read(cursor)?.value);
        count += 1;
    }
    let content = cursor.at;
    let shape = skip(cursor, depth, string_keys)?;
    if cursor.strict {
        let item = &cursor.bytes[content..cursor.at];
        let flaw = if count > tags::MAX_TAGS {
            Some("an item with more than 2 tags")
        } else {
            // A tag around a tag has none of the contents that are checked.
            let outer = outer.and_then(|outer| tags::flaw(outer, &[], Kind::Other.into()));
            outer.or_else(|| last.and_then(|last| tags::flaw(last, item, shape)))
        };
        if let Some(what) = flaw {
            cursor.suspect(what, start);
        }
    }
    Ok(shape)
}

/// Moves past a text or bytes, in one piece or in chunks.
fn string<'a>(
    cursor: &mut Cursor<'a>,
    head: Head,
    take: impl Fn(&mut Cursor<'a>, u64) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    if let Some(len) = head.len() {
        return take(cursor, len);
    }
    while let Some(len) = chunk(cursor, head.major)? {
        take(cursor, len)?;
    }
    Ok(())
}
