//! Decodes bytes into [`Value`]s and encodes values, without serde: envelopes and conversions need no
//! other type. All formats share one reader.

use std::borrow::Cow;

use super::token::{Open, Source, Token};
use super::wire::Wire;
use crate::error::{DecodeError, EncodeError};
use crate::value::{Dict, List, Value};

/// Implements the methods of `Format` that read values, by the format's `Tokens`.
macro_rules! value_methods {
    () => {
        type Tokens<'de> = Tokens<'de>;

        fn tokens(element: &[u8]) -> Tokens<'_> {
            Tokens::new(element)
        }

        fn read_value(element: &[u8]) -> Result<Value, DecodeError> {
            values::read(&mut Tokens::new(element))
        }

        fn read_args(element: &[u8]) -> Result<List, DecodeError> {
            values::read_args(&mut Tokens::new(element))
        }

        fn read_dict(element: &[u8]) -> Result<Dict, DecodeError> {
            values::read_dict(&mut Tokens::new(element))
        }

        fn read_entries(element: &[u8], selects: &Selects<'_>) -> Result<Dict, Unread> {
            values::read_entries(&mut Tokens::new(element), selects)
        }
    };
}

pub(super) use value_methods;

/// Reads one value of well-formed bytes.
pub(super) fn read(source: &mut dyn Source<'_>) -> Result<Value, DecodeError> {
    let token = source.token()?;
    build(token, source)
}

/// Returns the value that begins with this token.
fn build<'de>(token: Token<'de>, source: &mut dyn Source<'de>) -> Result<Value, DecodeError> {
    Ok(match token {
        Token::Null => Value::Null,
        Token::Bool(value) => Value::Bool(value),
        Token::UInt(value) => value.into(),
        Token::Int(value) => Value::Int(value),
        Token::Wide { negative: false, magnitude } => magnitude.into(),
        Token::Wide { negative: true, magnitude } => wide_negative(magnitude)?.into(),
        Token::Float(value) => Value::Float(value),
        Token::Text(text) => Value::String(text.into_owned()),
        Token::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
        Token::Extension(kind, bytes) => {
            Value::List(vec![kind.into(), Value::Bytes(bytes.to_vec().into())])
        }
        Token::List(open) => Value::List(entries(source, open, "")?),
        Token::Dict(open) => Value::Dict(dict_entries(source, open)?),
    })
}

/// Returns a negative integer of more than 64 bits.
pub(super) fn wide_negative(magnitude: u128) -> Result<i128, DecodeError> {
    0_i128
        .checked_sub_unsigned(magnitude)
        .ok_or_else(|| DecodeError::new("an integer that does not fit into 128 bits"))
}

/// Reads the list of positional arguments. Errors name the argument; the first is 1.
pub(super) fn read_args(source: &mut dyn Source<'_>) -> Result<List, DecodeError> {
    match source.token()? {
        Token::List(open) => entries(source, open, "argument"),
        other => Err(unexpected(&other, "a list")),
    }
}

/// Reads a dict.
pub(super) fn read_dict(source: &mut dyn Source<'_>) -> Result<Dict, DecodeError> {
    match source.token()? {
        Token::Dict(open) => dict_entries(source, open),
        other => Err(unexpected(&other, "a dict")),
    }
}

/// What is done with an entry of the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The key is known: its value must be readable.
    Known,
    /// The value is kept if it can be read.
    Kept,
    Skipped,
}

/// Decides about the entries of the envelope by their keys.
pub(super) type Selects<'a> = dyn Fn(&str) -> Entry + 'a;

/// The value of a known key cannot be read.
pub(super) struct Unread {
    pub(super) key: String,
    pub(super) error: DecodeError,
}

/// Reads the entries of a dict of the envelope. What peers of other versions or languages add must not
/// matter: all values of other keys are skipped, whatever they are.
pub(super) fn read_entries(
    source: &mut dyn Source<'_>,
    selects: &Selects<'_>,
) -> Result<Dict, Unread> {
    match source.token().map_err(of_all)? {
        Token::Dict(open) => lenient_entries(source, open, selects),
        other => Err(of_all(unexpected(&other, "a dict"))),
    }
}

/// The value of no certain key.
fn of_all(error: DecodeError) -> Unread {
    Unread { key: String::new(), error }
}

fn lenient_entries(
    source: &mut dyn Source<'_>,
    mut open: Open,
    selects: &Selects<'_>,
) -> Result<Dict, Unread> {
    let mut dict = Dict::new();
    while source.more(&mut open).map_err(of_all)? {
        let key = source.entry_key().map_err(of_all)?;
        let entry = key.as_deref().map_or(Entry::Skipped, selects);
        let start = source.at();
        match key {
            Some(key) if entry != Entry::Skipped => match read_lenient(source) {
                Ok(value) => {
                    dict.insert(key.into_owned(), value);
                }
                Err(error) if entry == Entry::Known => {
                    return Err(Unread { key: key.into_owned(), error });
                }
                Err(_) => source.skip_from(start).map_err(of_all)?,
            },
            _ => source.skip_from(start).map_err(of_all)?,
        }
    }
    Ok(dict)
}

/// Reads one value of the envelope. Entries of dicts within it that cannot be read are left out.
fn read_lenient(source: &mut dyn Source<'_>) -> Result<Value, DecodeError> {
    match source.token()? {
        Token::Dict(open) => {
            let dict = lenient_entries(source, open, &|_| Entry::Kept);
            dict.map(Value::Dict).map_err(|unread| unread.error)
        }
        Token::List(mut open) => {
            let mut list = List::new();
            while source.more(&mut open)? {
                list.push(read_lenient(source)?);
            }
            Ok(Value::List(list))
        }
        // As msgpackr writes JavaScript's undefined, in wampy for one.
        Token::Extension(0, [0]) => Ok(Value::Null),
        Token::Extension(..) => Err(DecodeError::new("an extension of MessagePack")),
        // Not every serializer has a form for it, and what is kept may be passed on.
        Token::Wide { negative, magnitude } => {
            let sign = if negative { "-" } else { "" };
            let text = format!("the integer {sign}{magnitude} does not fit into 64 bits");
            Err(DecodeError::new(text))
        }
        other => build(other, source),
    }
}

/// Writes a value.
pub(super) fn write<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    value: &Value,
) -> Result<(), EncodeError> {
    match value {
        Value::Null => wire.null(out),
        Value::Bool(value) => wire.bool(out, *value),
        Value::Int(value) => wire.int(out, *value),
        Value::UInt(value) => wire.write_uint(out, *value),
        Value::Int128(value) => wire.wide(out, **value < 0, value.unsigned_abs())?,
        Value::UInt128(value) => wire.wide(out, false, **value)?,
        Value::Float(value) => wire.f64(out, *value)?,
        Value::String(text) => wire.write_text(out, text)?,
        Value::Bytes(bytes) => wire.write_bytes(out, bytes)?,
        Value::List(list) => write_list(wire, out, list)?,
        Value::Dict(dict) => write_dict(wire, out, dict)?,
    }
    Ok(())
}

/// Writes a list.
pub(super) fn write_list<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    list: &[Value],
) -> Result<(), EncodeError> {
    wire.begin_list(out, list.len());
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            wire.separate(out);
        }
        write(wire, out, value)?;
    }
    wire.end_list(out);
    Ok(())
}

/// Writes a dict.
pub(super) fn write_dict<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    dict: &Dict,
) -> Result<(), EncodeError> {
    wire.begin_dict(out, dict.len());
    for (index, (key, value)) in dict.iter().enumerate() {
        if index > 0 {
            wire.separate(out);
        }
        wire.text_key(out, key)?;
        write(wire, out, value)?;
    }
    wire.end_dict(out);
    Ok(())
}

/// Reads the entries of a list. Errors begin with `place` and the entry's number, if there is one.
fn entries(source: &mut dyn Source<'_>, mut open: Open, place: &str) -> Result<List, DecodeError> {
    // The length is only the sender's claim; cap the allocation.
    let claimed = open.left.and_then(|left| usize::try_from(left).ok());
    let mut list = List::with_capacity(claimed.unwrap_or(0).min(1024));
    while source.more(&mut open)? {
        let value = read(source).map_err(|error| match place {
            "" => error,
            _ => DecodeError::new(format!("{place} {}: {}", list.len() + 1, error.message)),
        });
        list.push(value?);
    }
    Ok(list)
}

fn dict_entries(source: &mut dyn Source<'_>, mut open: Open) -> Result<Dict, DecodeError> {
    let mut dict = Dict::new();
    while source.more(&mut open)? {
        let key = key_text(source.key()?)?.into_owned();
        dict.insert(key, read(source)?);
    }
    Ok(dict)
}

/// Returns a key as text. MessagePack and CBOR allow other keys; they become their text, as in JSON.
pub(super) fn key_text(key: Token<'_>) -> Result<Cow<'_, str>, DecodeError> {
    Ok(match key {
        Token::Text(text) => text,
        Token::UInt(key) => key.to_string().into(),
        Token::Int(key) => key.to_string().into(),
        Token::Bool(key) => key.to_string().into(),
        Token::List(_) | Token::Dict(_) => {
            return Err(DecodeError::new("a list or a dict cannot be the key of a dict"));
        }
        other => return Err(unexpected(&other, "a string, integer or boolean as a key")),
    })
}

#[cold]
fn unexpected(token: &Token<'_>, expected: &str) -> DecodeError {
    let found = match token {
        Token::Null => "null",
        Token::Bool(_) => "bool",
        Token::UInt(_) | Token::Int(_) | Token::Wide { .. } => "integer",
        Token::Float(_) => "float",
        Token::Text(_) => "string",
        Token::Bytes(_) => "bytes",
        Token::Extension(..) => "an extension",
        Token::List(_) => "list",
        Token::Dict(_) => "dict",
    };
    DecodeError::new(format!("invalid type: {found}, expected {expected}"))
}
