//! Implements the keys of dicts, which are strings in every format: so a type is the same value in all.

use std::marker::PhantomData;

use serde::ser::{Impossible, Serialize, Serializer};

use super::sink::Sink;
use crate::error::EncodeError;

/// The serializer of one key, with the separator before its value. Integers, booleans and characters
/// become their text.
pub(super) struct KeyWriter<'a, F> {
    out: &'a mut Vec<u8>,
    format: PhantomData<F>,
}

impl<'a, F: Sink> KeyWriter<'a, F> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        KeyWriter { out, format: PhantomData }
    }
}

fn refuse<T>(what: &str) -> Result<T, EncodeError> {
    Err(EncodeError::new(format!("{what} cannot be the key of a dict")))
}

macro_rules! text_keys {
    ($($method:ident: $ty:ty,)*) => {
        $(fn $method(self, value: $ty) -> Result<(), EncodeError> {
            self.serialize_str(&value.to_string())
        })*
    };
}

impl<F: Sink> Serializer for KeyWriter<'_, F> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Impossible<(), EncodeError>;
    type SerializeTuple = Impossible<(), EncodeError>;
    type SerializeTupleStruct = Impossible<(), EncodeError>;
    type SerializeTupleVariant = Impossible<(), EncodeError>;
    type SerializeMap = Impossible<(), EncodeError>;
    type SerializeStruct = Impossible<(), EncodeError>;
    type SerializeStructVariant = Impossible<(), EncodeError>;

    text_keys! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        F::text_key(self.out, value)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.serialize_str(variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_f32(self, _value: f32) -> Result<(), EncodeError> {
        refuse("a float")
    }

    fn serialize_f64(self, _value: f64) -> Result<(), EncodeError> {
        refuse("a float")
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<(), EncodeError> {
        refuse("binary data")
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        refuse("null")
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        refuse("null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        refuse("null")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), EncodeError> {
        refuse("an enum with content")
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Self::SerializeSeq, EncodeError> {
        refuse("a list")
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self::SerializeTuple, EncodeError> {
        refuse("a list")
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleStruct, EncodeError> {
        refuse("a list")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant, EncodeError> {
        refuse("an enum with content")
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self::SerializeMap, EncodeError> {
        refuse("a dict")
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStruct, EncodeError> {
        refuse("a dict")
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant, EncodeError> {
        refuse("an enum with content")
    }
}
