//! `Absent`: stands in for a format whose feature is off.
//!
//! `with_format` asks for [`Format::COMPILED_IN`] first, so nothing here ever runs.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeSeed;

use super::format::{Format, Items};
use super::scan::{Flaw, Kind, Shape, Spans};
use super::sink::Sink;
use super::token::{Open, Source, Token};
use super::values::{Selects, Unread};
use crate::error::{DecodeError, EncodeError};
use crate::message::Serializer;
use crate::value::{Dict, List, Value};

/// A format by its number in RawSocket's handshake: so they are different types.
pub(super) struct Absent<const ID: u8>;

/// The elements of a list that there cannot be.
#[derive(Clone)]
pub(super) enum NoItems {}

/// The tokens of a format that is off: there are none.
pub(super) struct NoTokens;

const OFF: &str = "the serializer is not compiled in";

impl<const ID: u8> Format for Absent<ID> {
    const COMPILED_IN: bool = false;
    const SERIALIZER: Serializer = match ID {
        1 => Serializer::Json,
        2 => Serializer::MsgPack,
        _ => Serializer::Cbor,
    };
    const EMPTY_DICT: &'static [u8] = &[];

    type Items<'de> = NoItems;
    type Tokens<'de> = NoTokens;

    fn scan(_: &[u8], _: bool, _: usize) -> Result<Spans, Flaw> {
        Err(Flaw::new(OFF, 0))
    }

    fn weigh(_: &[u8]) -> Result<usize, Flaw> {
        Err(Flaw::new(OFF, 0))
    }

    fn check(_: &[u8], _: bool, _: usize) -> Result<Shape, Flaw> {
        Ok(Kind::Other.into())
    }

    fn tokens(_: &[u8]) -> NoTokens {
        NoTokens
    }

    fn read_uint(_: &[u8]) -> Option<u64> {
        None
    }

    fn read_text(_: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn read_bytes(_: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn read_value(_: &[u8]) -> Result<Value, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn read_args(_: &[u8]) -> Result<List, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn read_entries(_: &[u8], _: &Selects<'_>) -> Result<Dict, Unread> {
        Err(Unread { key: String::new(), error: DecodeError::new(OFF) })
    }

    fn read_dict(_: &[u8]) -> Result<Dict, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn read<'de, T: DeserializeSeed<'de>>(_: &'de [u8], _: T) -> Result<T::Value, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn items(_: &[u8]) -> Result<NoItems, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn begin_list(_: &mut Vec<u8>, _: usize) {}

    fn end_list(_: &mut Vec<u8>) {}

    fn separate(_: &mut Vec<u8>) {}

    fn write_uint(_: &mut Vec<u8>, _: u64) {}

    fn write_text(_: &mut Vec<u8>, _: &str) -> Result<(), EncodeError> {
        Err(EncodeError::new(OFF))
    }

    fn write_bytes(_: &mut Vec<u8>, _: &[u8]) -> Result<(), EncodeError> {
        Err(EncodeError::new(OFF))
    }

    fn write<T: Serialize + ?Sized>(_: &mut Vec<u8>, _: &T) -> Result<(), EncodeError> {
        Err(EncodeError::new(OFF))
    }
}

impl<const ID: u8> Sink for Absent<ID> {
    fn null(_: &mut Vec<u8>) {}

    fn bool(_: &mut Vec<u8>, _: bool) {}

    fn int(_: &mut Vec<u8>, _: i64) {}

    fn wide(_: &mut Vec<u8>, _: bool, _: u128) -> Result<(), EncodeError> {
        Err(EncodeError::new(OFF))
    }

    fn f64(_: &mut Vec<u8>, _: f64) -> Result<(), EncodeError> {
        Err(EncodeError::new(OFF))
    }

    fn begin_dict(_: &mut Vec<u8>, _: usize) {}

    fn end_dict(_: &mut Vec<u8>) {}

    fn text_key(_: &mut Vec<u8>, _: &str) -> Result<(), EncodeError> {
        Err(EncodeError::new(OFF))
    }
}

impl<'de> Source<'de> for NoTokens {
    fn token(&mut self) -> Result<Token<'de>, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn key(&mut self) -> Result<Token<'de>, DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn at(&self) -> usize {
        0
    }

    fn seek(&mut self, _: usize) {}

    fn skip(&mut self) -> Result<(), DecodeError> {
        Err(DecodeError::new(OFF))
    }

    fn more(&mut self, _: &mut Open) -> Result<bool, DecodeError> {
        Err(DecodeError::new(OFF))
    }
}

impl<'de> Items<'de> for NoItems {
    fn more(&mut self) -> Result<bool, DecodeError> {
        match *self {}
    }

    fn read_next<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<T::Value, DecodeError> {
        match *self {}
    }
}
