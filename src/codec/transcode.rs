//! Copies values from one format into another without building them: the memory that it takes is that of
//! the result, and of one number for each list or dict whose length comes last.

use super::token::{Open, Source, Token};
use super::values::key_text;
use super::wire::Wire;
use crate::error::{DecodeError, EncodeError};

/// Three readers of the same value: to copy it, to count its lists and dicts if it does not state their
/// lengths, and to copy it then.
pub(super) type Sources<'a, 'de> = [&'a mut dyn Source<'de>; 3];

/// Why a value could not be copied.
pub(super) enum Uncopied {
    Undecodable(DecodeError),
    Unencodable(EncodeError),
    /// The target states the lengths of lists and dicts, and the source does not.
    Uncounted,
}

impl From<DecodeError> for Uncopied {
    fn from(error: DecodeError) -> Self {
        Uncopied::Undecodable(error)
    }
}

impl From<EncodeError> for Uncopied {
    fn from(error: EncodeError) -> Self {
        Uncopied::Unencodable(error)
    }
}

/// Copies a well-formed value. Errors within the entries of a list begin with `place` and the entry's
/// number, if there is one.
pub(super) fn copy<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    sources: Sources<'_, '_>,
    place: &str,
) -> Result<(), Uncopied> {
    let [first, counted, second] = sources;
    let start = out.len();
    match value(wire, out, first, &mut None, place) {
        Err(Uncopied::Uncounted) => {}
        done => return done,
    }
    out.truncate(start);
    let mut counts = Vec::new();
    count(counted, &mut counts)?;
    value(wire, out, second, &mut Some(counts.into_iter()), place)
}

/// The lengths of the lists and dicts that do not state them, in their order.
type Counts = Option<std::vec::IntoIter<u32>>;

fn value<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    source: &mut dyn Source<'_>,
    counts: &mut Counts,
    place: &str,
) -> Result<(), Uncopied> {
    match source.token()? {
        Token::Null => wire.null(out),
        Token::Bool(value) => wire.bool(out, value),
        Token::UInt(value) => wire.write_uint(out, value),
        Token::Int(value) => wire.int(out, value),
        Token::Wide { negative, magnitude } => wire.wide(out, negative, magnitude)?,
        Token::Float(value) => wire.f64(out, value)?,
        Token::Text(text) => wire.write_text(out, &text)?,
        Token::Bytes(bytes) => wire.write_bytes(out, &bytes)?,
        Token::Extension(kind, bytes) => {
            wire.begin_list(out, 2);
            wire.int(out, kind.into());
            wire.separate(out);
            wire.write_bytes(out, bytes)?;
            wire.end_list(out);
        }
        Token::List(mut open) => {
            wire.begin_list(out, length(wire, &open, counts)?);
            let mut index = 0;
            while source.more(&mut open)? {
                if index > 0 {
                    wire.separate(out);
                }
                index += 1;
                value(wire, out, source, counts, "").map_err(|error| match error {
                    Uncopied::Undecodable(error) if !place.is_empty() => Uncopied::Undecodable(
                        DecodeError::new(format!("{place} {index}: {}", error.message)),
                    ),
                    error => error,
                })?;
            }
            wire.end_list(out);
        }
        Token::Dict(mut open) => {
            wire.begin_dict(out, length(wire, &open, counts)?);
            let mut first = true;
            while source.more(&mut open)? {
                if !std::mem::take(&mut first) {
                    wire.separate(out);
                }
                wire.text_key(out, &key_text(source.key()?)?)?;
                value(wire, out, source, counts, "")?;
            }
            wire.end_dict(out);
        }
    }
    Ok(())
}

/// Returns the length of a list or dict if the target states it.
fn length<W: Wire + ?Sized>(wire: &W, open: &Open, counts: &mut Counts) -> Result<usize, Uncopied> {
    if !wire.counts() {
        return Ok(0);
    }
    let stated = open.left.and_then(|left| usize::try_from(left).ok());
    let counted = || Some(counts.as_mut()?.next()? as usize);
    stated.or_else(counted).ok_or(Uncopied::Uncounted)
}

/// Counts the entries of each list and dict that does not state its length.
fn count(source: &mut dyn Source<'_>, counts: &mut Vec<u32>) -> Result<(), DecodeError> {
    let (mut open, is_dict) = match source.token()? {
        Token::List(open) => (open, false),
        Token::Dict(open) => (open, true),
        _ => return Ok(()),
    };
    let at = open.left.is_none().then_some(counts.len());
    counts.extend(at.map(|_| 0));
    let mut length = 0;
    while source.more(&mut open)? {
        if is_dict {
            source.key()?;
        }
        count(source, counts)?;
        length += 1;
    }
    if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
        *count = length;
    }
    Ok(())
}
