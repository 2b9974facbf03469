//! Contains [`Positional`], which decodes the elements of a payload's `args` one by one, each into
//! a type of its own.

use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::format::{Format, Items};
use super::{missing, with_format};
use crate::error::DecodeError;
use crate::message::{Content, Payload};
use crate::value::Value;

/// The positional arguments of a payload that have not been decoded yet.
#[derive(Clone)]
pub(crate) struct Positional<'a> {
    inner: Inner<'a>,
    taken: usize,
}

#[derive(Clone)]
enum Inner<'a> {
    Values(std::slice::Iter<'a, Value>),
    Json(<super::Json as Format>::Items<'a>),
    MsgPack(<super::MsgPack as Format>::Items<'a>),
    Cbor(<super::Cbor as Format>::Items<'a>),
}

macro_rules! each {
    ($inner:expr, $items:ident => $body:expr) => {
        match $inner {
            Inner::Values($items) => $body,
            Inner::Json($items) => $body,
            Inner::MsgPack($items) => $body,
            Inner::Cbor($items) => $body,
        }
    };
}

impl<'a> Positional<'a> {
    pub(super) fn new(payload: &'a Payload) -> Result<Self, DecodeError> {
        let inner = match payload.content() {
            Content::Empty => Inner::Values([].iter()),
            Content::Values(args, _) => Inner::Values(args.iter()),
            Content::Opaque(_) => return Err(super::payload::opaque()),
            Content::Encoded(encoded) => {
                trait Wrap<'a>: Format {
                    fn wrap(items: Self::Items<'a>) -> Inner<'a>;
                }
                impl<'a> Wrap<'a> for super::Json {
                    fn wrap(items: Self::Items<'a>) -> Inner<'a> {
                        Inner::Json(items)
                    }
                }
                impl<'a> Wrap<'a> for super::MsgPack {
                    fn wrap(items: Self::Items<'a>) -> Inner<'a> {
                        Inner::MsgPack(items)
                    }
                }
                impl<'a> Wrap<'a> for super::Cbor {
                    fn wrap(items: Self::Items<'a>) -> Inner<'a> {
                        Inner::Cbor(items)
                    }
                }
                with_format!(
                    encoded.serializer,
                    Chosen => Chosen::wrap(Chosen::items(encoded.args())?),
                    return Err(DecodeError::new(missing(encoded.serializer)))
                )
            }
        };
        Ok(Positional { inner, taken: 0 })
    }

    /// Decodes the next argument. After an error no arguments remain.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Option<Result<T, DecodeError>> {
        self.next_seed(PhantomData).transpose()
    }

    /// Returns the number of remaining arguments.
    pub(crate) fn remaining(&self) -> usize {
        let mut rest = self.clone();
        let mut count = 0;
        while let Some(Ok(IgnoredAny)) = rest.next() {
            count += 1;
        }
        count
    }

    pub(super) fn next_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let taken = each!(&mut self.inner, items => match items.more() {
            Ok(false) => return Ok(None),
            Ok(true) => items.read_next(seed),
            Err(error) => Err(error),
        });
        self.taken += 1;
        taken.map(Some).map_err(|error| {
            self.inner = Inner::Values([].iter());
            DecodeError::new(format!("argument {}: {}", self.taken, error.message))
        })
    }
}

/// Decodes the remaining arguments as one list.
impl<'de> Deserializer<'de> for Positional<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        let value = visitor.visit_seq(&mut self)?;
        match self.remaining() {
            0 => Ok(value),
            more => Err(DecodeError::new(format!(
                "{} arguments expected, {} given",
                self.taken,
                self.taken + more
            ))),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.remaining() {
            0 => visitor.visit_unit(),
            given => Err(DecodeError::new(format!("0 arguments expected, {given} given"))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> SeqAccess<'de> for &mut Positional<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        self.next_seed(seed)
    }
}
