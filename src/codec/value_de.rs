//! Decodes values into types through serde, without any wire format. Used for payloads that were
//! given as values.

use std::borrow::Cow;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::format::Items;
use super::key::TextKey;
use crate::error::DecodeError;
use crate::value::{Dict, Value};

/// The deserializer of one value.
#[derive(Clone, Copy)]
pub(super) struct ValueReader<'de>(pub(super) &'de Value);

/// The deserializer of a dict that may be missing: an empty dict also reads as `None` and `()`.
pub(super) struct KwargsReader<'de>(pub(super) &'de Dict);

impl Value {
    /// Decodes the value into a type.
    ///
    /// ```
    /// use wampwerk::{Dict, Value};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Size { width: u32, height: Option<u32> }
    ///
    /// let size: Size = Value::from(Dict::from([("width", 3)])).decode()?;
    /// assert_eq!((size.width, size.height), (3, None));
    /// # Ok::<(), wampwerk::error::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the value does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        T::deserialize(ValueReader(self))
    }
}

impl<'de> Deserializer<'de> for ValueReader<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            // Same as in the formats: a non-negative integer is unsigned.
            Value::Int(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Value::UInt(value) => visitor.visit_u64(*value),
            Value::Int128(value) => visitor.visit_i128(**value),
            Value::UInt128(value) => visitor.visit_u128(**value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Value::List(list) => {
                let mut items = list.iter();
                let value = visitor.visit_seq(ListReader(&mut items))?;
                match items.len() {
                    0 => Ok(value),
                    _ => Err(DecodeError::new("list has more entries than expected")),
                }
            }
            Value::Dict(dict) => visit_dict(dict, visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Int128(value) => visitor.visit_f64(**value as f64),
            Value::UInt128(value) => visitor.visit_f64(**value as f64),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
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
        let entry = match self.0 {
            Value::String(text) => {
                let name: BorrowedStrDeserializer<'_, DecodeError> =
                    BorrowedStrDeserializer::new(text);
                return visitor.visit_enum(name);
            }
            Value::Dict(dict) if dict.len() == 1 => dict.iter().next(),
            _ => None,
        };
        match entry {
            Some((name, content)) => {
                visitor.visit_enum(Variant { name, content: ValueReader(content) })
            }
            None => Err(de::Error::invalid_type(
                Unexpected::Other(self.0.kind()),
                &"a string or a dict with one entry (an enum)",
            )),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for ValueReader<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for KwargsReader<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visit_dict(self.0, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.is_empty() { visitor.visit_unit() } else { self.deserialize_any(visitor) }
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

/// Passes a dict to a visitor.
fn visit_dict<'de, V: Visitor<'de>>(dict: &'de Dict, visitor: V) -> Result<V::Value, DecodeError> {
    visitor.visit_map(DictReader { entries: dict.iter(), content: None, left: dict.len() })
}

struct ListReader<'a, 'de>(&'a mut std::slice::Iter<'de, Value>);

impl<'de> SeqAccess<'de> for ListReader<'_, 'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        self.0.next().map(|value| seed.deserialize(ValueReader(value))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct DictReader<'de, I> {
    entries: I,
    content: Option<&'de Value>,
    left: usize,
}

impl<'de, I: Iterator<Item = (&'de str, &'de Value)>> MapAccess<'de> for DictReader<'de, I> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, content)) = self.entries.next() else { return Ok(None) };
        self.content = Some(content);
        self.left = self.left.saturating_sub(1);
        seed.deserialize(TextKey(Cow::Borrowed(key))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        match self.content.take() {
            Some(content) => seed.deserialize(ValueReader(content)),
            None => Err(DecodeError::new("a value was asked for before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// An enum variant with content: a dict whose only entry is the variant's name and its content.
struct Variant<'de> {
    name: &'de str,
    content: ValueReader<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DecodeError;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'de>), DecodeError> {
        let name = seed.deserialize(TextKey(Cow::Borrowed(self.name)))?;
        Ok((name, Content(self.content)))
    }
}

struct Content<'de>(ValueReader<'de>);

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        de::Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.0.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.0.deserialize_any(visitor)
    }
}

impl<'de> Items<'de> for std::slice::Iter<'de, Value> {
    fn more(&mut self) -> Result<bool, DecodeError> {
        Ok(self.len() > 0)
    }

    fn read_next<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        let value = self.next().unwrap_or(&Value::Null);
        seed.deserialize(ValueReader(value))
    }
}
