//! Contains [`Value`], the dynamic value that all serializers share, and its list and dict types.
//!
//! Includes their serde implementations. The wire formats are in `codec`.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use indexmap::IndexMap;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Deserializer, Serialize};

use crate::decimal;

/// Name of the struct of one text as which serde_json passes numbers, if any crate of a program has turned on
/// `arbitrary_precision`.
pub(crate) const SERDE_JSON_NUMBER: &str = "$serde_json::private::Number";

/// Any value that a WAMP payload can carry.
///
/// Each integer has exactly one form, so equality is by value: the first of [`Value::Int`],
/// [`Value::UInt`], [`Value::Int128`] and [`Value::UInt128`] into which it fits. The `From`
/// conversions and all decoders follow this rule.
///
/// ```
/// use wampwerk::{Dict, Value};
///
/// let value = Value::from(Dict::from([("width", 3)]));
/// assert_eq!(value.as_dict().and_then(|dict| dict.get("width")), Some(&Value::Int(3)));
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Null, also called nil or undefined.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    /// An integer of more than 64 bits. JSON and CBOR can carry it, MessagePack cannot. Boxed, as it
    /// is rare.
    Int128(Box<i128>),
    /// An integer above `i128::MAX`, as [`Value::Int128`].
    UInt128(Box<u128>),
    /// A floating point number.
    Float(f64),
    /// A text string.
    String(String),
    /// Binary data. JSON carries it as a string of `U+0000` and Base64.
    Bytes(Bytes),
    /// A list.
    List(List),
    /// A map with string keys.
    Dict(Dict),
}

/// A list of values, as in WAMP's `args`.
pub type List = Vec<Value>;

/// A map with string keys in insertion order, as in WAMP's `kwargs`, options and details.
///
/// An empty dict needs no allocation. If a key occurs twice, the last value counts.
#[derive(Clone, Default, PartialEq)]
pub struct Dict(Option<Box<IndexMap<String, Value>>>);

impl Value {
    /// Returns the boolean, or `None` for any other kind of value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the integer, or `None` for any other kind of value and for integers above
    /// `i64::MAX`.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the integer, or `None` for any other kind of value and for negative integers.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Int(value) => u64::try_from(*value).ok(),
            Value::UInt(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the integer, or `None` for any other kind of value and for integers above
    /// `i128::MAX`.
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Value::Int(value) => Some((*value).into()),
            Value::UInt(value) => Some((*value).into()),
            Value::Int128(value) => Some(**value),
            _ => None,
        }
    }

    /// Returns the integer, or `None` for any other kind of value and for negative integers.
    pub fn as_u128(&self) -> Option<u128> {
        match self {
            Value::UInt128(value) => Some(**value),
            other => other.as_i128().and_then(|value| value.try_into().ok()),
        }
    }

    /// Returns the number as a float, or `None` for any other kind of value. Integers are rounded
    /// to the nearest float.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::UInt(value) => Some(*value as f64),
            Value::Int128(value) => Some(**value as f64),
            Value::UInt128(value) => Some(**value as f64),
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the string, or `None` for any other kind of value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the binary data, or `None` for any other kind of value.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Value::Bytes(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the list, or `None` for any other kind of value.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the dict, or `None` for any other kind of value.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Value::Dict(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the kind of the value for error texts: `"bool"`, `"integer"`, `"list"` and so on.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::UInt(_) | Value::Int128(_) | Value::UInt128(_) => "integer",
            Value::Float(_) => "float",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Dict(_) => "dict",
        }
    }
}

impl Dict {
    /// Creates an empty dict.
    pub const fn new() -> Self {
        Dict(None)
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |map| map.len())
    }

    /// Returns whether the dict has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.as_ref()?.get(key)
    }

    /// Sets the value of a key and returns the previous value.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.get_or_insert_default().insert(key.into(), value.into())
    }

    /// Removes a key and returns its value. The other entries keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.as_mut()?.shift_remove(key)
    }

    /// Iterates over the entries in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().flat_map(|map| map.iter()).map(|(key, value)| (key.as_str(), value))
    }

    /// Adds an entry and returns the dict, for building a dict in one expression.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }
}

/// As derived, except for where the text of floats comes from.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, content): (_, &dyn fmt::Debug) = match self {
            Value::Null => return f.write_str("Null"),
            Value::Bool(value) => ("Bool", value),
            Value::Int(value) => ("Int", value),
            Value::UInt(value) => ("UInt", value),
            Value::Int128(value) => ("Int128", value),
            Value::UInt128(value) => ("UInt128", value),
            Value::Float(value) => ("Float", &decimal::Shown(*value)),
            Value::String(value) => ("String", value),
            Value::Bytes(value) => ("Bytes", value),
            Value::List(value) => ("List", value),
            Value::Dict(value) => ("Dict", value),
        };
        f.debug_tuple(name).field(content).finish()
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut dict = Dict::new();
        dict.extend(entries);
        dict
    }
}

impl<K: Into<String>, V: Into<Value>> Extend<(K, V)> for Dict {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Into<String>, V: Into<Value>, const N: usize> From<[(K, V); N]> for Dict {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl IntoIterator for Dict {
    type Item = (String, Value);
    type IntoIter = indexmap::map::IntoIter<String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(|map| *map).unwrap_or_default().into_iter()
    }
}

macro_rules! from_integers {
    ($($signed:ty),*; $($unsigned:ty),*) => {
        $(impl From<$signed> for Value {
            fn from(value: $signed) -> Self {
                Value::Int(value as i64)
            }
        })*
        $(impl From<$unsigned> for Value {
            fn from(value: $unsigned) -> Self {
                match i64::try_from(value) {
                    Ok(value) => Value::Int(value),
                    Err(_) => Value::UInt(value as u64),
                }
            }
        })*
    };
}

from_integers!(i8, i16, i32, i64, isize; u8, u16, u32, u64, usize);

impl From<i128> for Value {
    fn from(value: i128) -> Self {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Value::Int(value),
            (_, Ok(value)) => Value::UInt(value),
            _ => Value::Int128(value.into()),
        }
    }
}

impl From<u128> for Value {
    fn from(value: u128) -> Self {
        match i128::try_from(value) {
            Ok(value) => value.into(),
            Err(_) => Value::UInt128(value.into()),
        }
    }
}

macro_rules! from_variants {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value::$variant(value.into())
            }
        })*
    };
}

from_variants! {
    bool => Bool,
    f32 => Float,
    f64 => Float,
    &str => String,
    String => String,
    Cow<'_, str> => String,
    Bytes => Bytes,
    List => List,
    Dict => Dict,
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Value::Null
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_none(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::UInt(value) => serializer.serialize_u64(*value),
            Value::Int128(value) => serializer.serialize_i128(**value),
            Value::UInt128(value) => serializer.serialize_u128(**value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::String(value) => serializer.serialize_str(value),
            Value::Bytes(value) => serializer.serialize_bytes(value),
            Value::List(value) => value.serialize(serializer),
            Value::Dict(value) => value.serialize(serializer),
        }
    }
}

impl Serialize for Dict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for Dict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DictVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E: de::Error>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(Bytes::copy_from_slice(value)))
    }

    fn visit_byte_buf<E: de::Error>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(value.into()))
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        // The size hint is only the sender's claim; cap the allocation.
        let mut list = List::with_capacity(access.size_hint().unwrap_or(0).min(1024));
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let dict = DictVisitor.visit_map(access)?;
        match dict.get(SERDE_JSON_NUMBER).and_then(Value::as_str) {
            Some(text) if dict.len() == 1 => number(text).ok_or_else(|| {
                de::Error::custom(format_args!("the number {text:.40} does not fit into 128 bits"))
            }),
            _ => Ok(Value::Dict(dict)),
        }
    }
}

/// Reads the text of a number.
fn number(text: &str) -> Option<Value> {
    let integer = text.parse::<i128>().map(Value::from);
    let integer = integer.or_else(|_| text.parse::<u128>().map(Value::from));
    let is_integer = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
    let float = || text.parse().ok().filter(|value: &f64| value.is_finite() && !is_integer);
    integer.ok().or_else(|| float().map(Value::Float))
}

struct DictVisitor;

impl<'de> Visitor<'de> for DictVisitor {
    type Value = Dict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dict")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Dict, A::Error> {
        let mut dict = Dict::new();
        while let Some(key) = access.next_key_seed(Key)? {
            dict.insert(key, access.next_value::<Value>()?);
        }
        Ok(dict)
    }
}

/// A map key. MessagePack and CBOR allow integer and boolean keys; they become their decimal or
/// lower-case text, as in JSON.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, integer or boolean as a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        Ok(key.to_owned())
    }

    fn visit_string<E: de::Error>(self, key: String) -> Result<String, E> {
        Ok(key)
    }

    fn visit_i64<E: de::Error>(self, key: i64) -> Result<String, E> {
        Ok(key.to_string())
    }

    fn visit_u64<E: de::Error>(self, key: u64) -> Result<String, E> {
        Ok(key.to_string())
    }

    fn visit_bool<E: de::Error>(self, key: bool) -> Result<String, E> {
        Ok(key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        assert_eq!(Value::from(5u64), Value::from(5i8));
        assert_eq!(Value::from(u64::MAX), Value::UInt(u64::MAX));
        assert_eq!(Value::from(i64::MAX as u64), Value::Int(i64::MAX));
        assert_eq!(Value::from(-1).as_u64(), None);
    }

    #[test]
    fn a_dict_keeps_order_and_the_last_value() {
        let dict = Dict::from([("b", 1), ("a", 2), ("b", 3)]);
        let entries: Vec<_> = dict.iter().map(|(k, v)| (k, v.as_i64())).collect();
        assert_eq!(entries, [("b", Some(3)), ("a", Some(2))]);
    }
}
