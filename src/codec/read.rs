//! Decodes bytes into types through serde, for all formats.
//!
//! A format provides [tokens](super::token). This module implements serde's view of lists, dicts,
//! enums and keys.

use std::borrow::Cow;

use serde::de::value::{CowStrDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::format::Items;
use super::key::TextKey;
use super::token::{Open, Source, Token};
use crate::error::DecodeError;

/// The tokens of a format for serde, in addition to [`Source`].
pub(super) trait SerdeSource<'de>: Source<'de> {
    /// Consumes a null if it comes next.
    fn take_null(&mut self) -> bool;
}

/// The deserializer of one value.
pub(super) struct Reader<'a, S>(pub(super) &'a mut S);

impl<S> Reader<'_, S> {
    /// Passes the value that begins with this token to a visitor.
    fn visit_token<'de, V: Visitor<'de>>(
        self,
        token: Token<'de>,
        visitor: V,
    ) -> Result<V::Value, DecodeError>
    where
        S: SerdeSource<'de>,
    {
        match token {
            Token::List(open) => {
                let mut entries = Entries { source: self.0, open };
                let value = visitor.visit_seq(&mut entries)?;
                entries.finish("list").map(|()| value)
            }
            Token::Dict(open) => {
                let mut entries = Entries { source: self.0, open };
                let value = visitor.visit_map(&mut entries)?;
                entries.finish("dict").map(|()| value)
            }
            scalar => visit(scalar, visitor),
        }
    }
}

impl<'de, S: SerdeSource<'de>> Deserializer<'de> for Reader<'_, S> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let token = self.0.token()?;
        self.visit_token(token, visitor)
    }

    // JavaScript writes whole floats below 10^21 as integers.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0.token()? {
            Token::Wide { negative, magnitude } => {
                let value = magnitude as f64;
                visitor.visit_f64(if negative { -value } else { value })
            }
            token => self.visit_token(token, visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.take_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.0.token()? {
            Token::Text(text) => visitor.visit_enum(CowStrDeserializer::new(text)),
            Token::Dict(open) => visitor.visit_enum(Entries { source: self.0, open }),
            other => Err(de::Error::invalid_type(
                unexpected(&other),
                &"a string or a dict with one entry (an enum)",
            )),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.0.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// Passes a scalar to a visitor.
fn visit<'de, V: Visitor<'de>>(scalar: Token<'de>, visitor: V) -> Result<V::Value, DecodeError> {
    match scalar {
        Token::Null => visitor.visit_unit(),
        Token::Bool(value) => visitor.visit_bool(value),
        Token::UInt(value) => visitor.visit_u64(value),
        Token::Int(value) => visitor.visit_i64(value),
        Token::Wide { negative: false, magnitude } => visitor.visit_u128(magnitude),
        Token::Wide { negative: true, magnitude } => {
            visitor.visit_i128(super::values::wide_negative(magnitude)?)
        }
        Token::Float(value) => visitor.visit_f64(value),
        Token::Text(Cow::Borrowed(value)) => visitor.visit_borrowed_str(value),
        Token::Text(Cow::Owned(value)) => visitor.visit_string(value),
        Token::Bytes(Cow::Borrowed(value)) => visitor.visit_borrowed_bytes(value),
        Token::Bytes(Cow::Owned(value)) => visitor.visit_byte_buf(value),
        Token::Extension(kind, bytes) => {
            let both = [Token::Int(kind.into()), Token::Bytes(bytes.into())].map(ScalarKey);
            visitor.visit_seq(SeqDeserializer::new(both.into_iter()))
        }
        Token::List(_) | Token::Dict(_) => {
            Err(DecodeError::new("a list or a dict cannot be the key of a dict"))
        }
    }
}

fn unexpected<'a>(token: &'a Token<'_>) -> Unexpected<'a> {
    match token {
        Token::Null => Unexpected::Unit,
        Token::Bool(value) => Unexpected::Bool(*value),
        Token::UInt(value) => Unexpected::Unsigned(*value),
        Token::Int(value) => Unexpected::Signed(*value),
        Token::Wide { .. } => Unexpected::Other("an integer of more than 64 bits"),
        Token::Float(value) => Unexpected::Float(*value),
        Token::Text(value) => Unexpected::Str(value),
        Token::Bytes(value) => Unexpected::Bytes(value),
        Token::List(_) | Token::Extension(..) => Unexpected::Seq,
        Token::Dict(_) => Unexpected::Map,
    }
}

/// The entries of a list or dict.
struct Entries<'a, S> {
    source: &'a mut S,
    open: Open,
}

impl<'de, S: SerdeSource<'de>> Entries<'_, S> {
    fn finish(mut self, what: &str) -> Result<(), DecodeError> {
        if self.source.more(&mut self.open)? {
            return Err(DecodeError::new(format!("{what} has more entries than expected")));
        }
        Ok(())
    }
}

fn hint(open: &Open) -> Option<usize> {
    open.left.and_then(|left| usize::try_from(left).ok())
}

impl<'de, S: SerdeSource<'de>> SeqAccess<'de> for &mut Entries<'_, S> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        if !self.source.more(&mut self.open)? {
            return Ok(None);
        }
        seed.deserialize(Reader(&mut *self.source)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        hint(&self.open)
    }
}

impl<'de, S: SerdeSource<'de>> MapAccess<'de> for &mut Entries<'_, S> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        if !self.source.more(&mut self.open)? {
            return Ok(None);
        }
        let key = self.source.key()?;
        read_key(key, seed).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        seed.deserialize(Reader(&mut *self.source))
    }

    fn size_hint(&self) -> Option<usize> {
        hint(&self.open)
    }
}

/// An enum variant with content: a dict whose only entry is the variant's name and its content.
impl<'de, S: SerdeSource<'de>> EnumAccess<'de> for Entries<'_, S> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        mut self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        if !self.source.more(&mut self.open)? {
            return Err(DecodeError::new("an enum cannot be an empty dict"));
        }
        let name = self.source.key()?;
        read_key(name, seed).map(|name| (name, self))
    }
}

impl<'de, S: SerdeSource<'de>> VariantAccess<'de> for Entries<'_, S> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        <() as de::Deserialize>::deserialize(Reader(&mut *self.source))?;
        self.finish("enum")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        let value = seed.deserialize(Reader(&mut *self.source))?;
        self.finish("enum").map(|()| value)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let value = Reader(&mut *self.source).deserialize_seq(visitor)?;
        self.finish("enum").map(|()| value)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let value = Reader(&mut *self.source).deserialize_map(visitor)?;
        self.finish("enum").map(|()| value)
    }
}

/// Passes a key to a seed.
fn read_key<'de, K: DeserializeSeed<'de>>(
    key: Token<'de>,
    seed: K,
) -> Result<K::Value, DecodeError> {
    match key {
        Token::Text(text) => seed.deserialize(TextKey(text)),
        other => seed.deserialize(ScalarKey(other)),
    }
}

/// A key that is not a string.
struct ScalarKey<'de>(Token<'de>);

impl<'de> Deserializer<'de> for ScalarKey<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visit(self.0, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            // As JSON has it.
            Token::UInt(key) => visitor.visit_string(key.to_string()),
            Token::Int(key) => visitor.visit_string(key.to_string()),
            Token::Bool(key) => visitor.visit_string(key.to_string()),
            other => visit(other, visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum ignored_any
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for ScalarKey<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The elements of a list, each decoded as a type of its own.
#[derive(Clone)]
pub(super) struct ListItems<S> {
    source: S,
    open: Open,
}

impl<S> ListItems<S> {
    pub(super) fn open<'de>(mut source: S) -> Result<Self, DecodeError>
    where
        S: SerdeSource<'de>,
    {
        match source.token()? {
            Token::List(open) => Ok(ListItems { source, open }),
            other => Err(de::Error::invalid_type(unexpected(&other), &"a list")),
        }
    }
}

impl<'de, S: SerdeSource<'de> + Clone> Items<'de> for ListItems<S> {
    fn more(&mut self) -> Result<bool, DecodeError> {
        self.source.more(&mut self.open)
    }

    fn read_next<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(Reader(&mut self.source))
    }
}
