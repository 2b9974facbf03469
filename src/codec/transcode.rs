//! Copies values from one format into another without building them: the memory that it takes is that of
//! the result, and of one number for each list or dict whose length comes last.

use super::sink::Sink;
use super::token::{Open, Source, Token};
use super::values::key_text;
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
pub(super) fn copy<F: Sink>(
    out: &mut Vec<u8>,
    sources: Sources<'_, '_>,
    place: &str,
) -> Result<(), Uncopied> {
    let [first, counted, second] = sources;
    let start = out.len();
    match value::<F>(out, first, &mut None, place) {
        Err(Uncopied::Uncounted) => {}
        done => return done,
    }
    out.truncate(start);
    let mut counts = Vec::new();
    count(counted, &mut counts)?;
    value::<F>(out, second, &mut Some(counts.into_iter()), place)
}

/// The lengths of the lists and dicts that do not state them, in their order.
type Counts = Option<std::vec::IntoIter<u32>>;

fn value<F: Sink>(
    out: &mut Vec<u8>,
    source: &mut dyn Source<'_>,
    counts: &mut Counts,
    place: &str,
) -> Result<(), Uncopied> {
    match source.token()? {
        Token::Null => F::null(out),
        Token::Bool(value) => F::bool(out, value),
        Token::UInt(value) => F::write_uint(out, value),
        Token::Int(value) => F::int(out, value),
        Token::Wide { negative, magnitude } => F::wide(out, negative, magnitude)?,
        Token::Float(value) => F::f64(out, value)?,
        Token::Text(text) => F::write_text(out, &text)?,
        Token::Bytes(bytes) => F::write_bytes(out, &bytes)?,
        Token::Extension(kind, bytes) => {
            F::begin_list(out, 2);
            F::int(out, kind.into());
            F::separate(out);
            F::write_bytes(out, bytes)?;
            F::end_list(out);
        }
        Token::List(mut open) => {
            F::begin_list(out, length::<F>(&open, counts)?);
            let mut index = 0;
            while source.more(&mut open)? {
                if index > 0 {
                    F::separate(out);
                }
                index += 1;
                value::<F>(out, source, counts, "").map_err(|error| match error {
                    Uncopied::Undecodable(error) if !place.is_empty() => Uncopied::Undecodable(
                        DecodeError::new(format!("{place} {index}: {}", error.message)),
                    ),
                    error => error,
                })?;
            }
            F::end_list(out);
        }
        Token::Dict(mut open) => {
            F::begin_dict(out, length::<F>(&open, counts)?);
            let mut first = true;
            while source.more(&mut open)? {
                if !std::mem::take(&mut first) {
                    F::separate(out);
                }
                F::text_key(out, &key_text(source.key()?)?)?;
                value::<F>(out, source, counts, "")?;
            }
            F::end_dict(out);
        }
    }
    Ok(())
}

/// Returns the length of a list or dict if the target states it.
fn length<F: Sink>(open: &Open, counts: &mut Counts) -> Result<usize, Uncopied> {
    if !F::COUNTED {
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
