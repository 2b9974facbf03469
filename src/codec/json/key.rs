//! Implements the keys of JSON dicts: strings, and values that are written as strings.

use serde::ser::{Impossible, Serialize, Serializer};

use super::{digits, quote};
use crate::error::EncodeError;

/// The serializer of one key. Integers, booleans and characters become their text.
pub(super) struct KeyWriter<'a>(pub(super) &'a mut Vec<u8>);

impl KeyWriter<'_> {
    fn quoted(self, negative: bool, value: u64) -> Result<(), EncodeError> {
        self.0.extend_from_slice(if negative { b"\"-" } else { b"\"" });
        digits(self.0, value);
        self.0.push(b'"');
        Ok(())
    }
}

fn refuse<T>(what: &str) -> Result<T, EncodeError> {
    Err(EncodeError::new(format!("{what} cannot be the key of a dict in JSON")))
}

macro_rules! integer_keys {
    ($($method:ident: $ty:ty),*; $($unsigned:ident: $unsigned_ty:ty),*) => {
        $(fn $method(self, value: $ty) -> Result<(), EncodeError> {
            self.quoted(value < 0, u64::from(value.unsigned_abs()))
        })*
        $(fn $unsigned(self, value: $unsigned_ty) -> Result<(), EncodeError> {
            self.quoted(false, u64::from(value))
        })*
    };
}

impl Serializer for KeyWriter<'_> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Impossible<(), EncodeError>;
    type SerializeTuple = Impossible<(), EncodeError>;
    type SerializeTupleStruct = Impossible<(), EncodeError>;
    type SerializeTupleVariant = Impossible<(), EncodeError>;
    type SerializeMap = Impossible<(), EncodeError>;
    type SerializeStruct = Impossible<(), EncodeError>;
    type SerializeStructVariant = Impossible<(), EncodeError>;

    integer_keys! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64;
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    }

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        quote(self.0, if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        quote(self.0, value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        quote(self.0, value);
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        quote(self.0, variant);
        Ok(())
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
