//! Encodes types through serde, for all formats.
//!
//! A format writes scalars and the heads of containers ([`Sink`], [`SerdeSink`]). This module maps serde's types
//! to lists, dicts and enums in the same way for all: a struct is a dict, a unit variant is
//! its name, and any other variant is a dict of its name and its content.

use std::marker::PhantomData;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::key_writer::KeyWriter;
use super::sink::Sink;
use crate::error::EncodeError;
use crate::value::SERDE_JSON_NUMBER;

/// The output of a format for serde, in addition to [`Sink`].
pub(super) trait SerdeSink: Sink {
    fn f32(out: &mut Vec<u8>, value: f32) -> Result<(), EncodeError>;

    /// Writes the value of a JSON text.
    fn json(_out: &mut Vec<u8>, _text: &str) -> Result<(), EncodeError> {
        let name = Self::SERIALIZER.as_str();
        Err(EncodeError::new(format!("a `RawValue` has no form in {name}; parse it first")))
    }

    #[inline]
    fn scalar(out: &mut Vec<u8>, value: Scalar<'_>) -> Result<(), EncodeError> {
        match value {
            Scalar::Null => Self::null(out),
            Scalar::Bool(value) => Self::bool(out, value),
            Scalar::Int(value) => Self::int(out, value),
            Scalar::Uint(value) => Self::write_uint(out, value),
            Scalar::F32(value) => return Self::f32(out, value),
            Scalar::F64(value) => return Self::f64(out, value),
            Scalar::Text(value) => return Self::write_text(out, value),
            Scalar::Bytes(value) => return Self::write_bytes(out, value),
        }
        Ok(())
    }
}

/// A value that contains no others, and has the same meaning in all formats.
#[derive(Clone, Copy)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    F32(f32),
    F64(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Name of the struct of one text as which serde_json passes JSON that it has not read. [`SERDE_JSON_NUMBER`] is that of numbers.
const RAW: &str = "$serde_json::private::RawValue";

/// The serializer of one value.
pub(super) struct Writer<'a, F> {
    out: &'a mut Vec<u8>,
    format: PhantomData<F>,
}

impl<'a, F: SerdeSink> Writer<'a, F> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Writer { out, format: PhantomData }
    }

    /// Opens a list or a dict.
    fn open(self, dict: bool, claimed: Option<usize>) -> Compound<'a, F> {
        let start = self.out.len();
        let compound = Compound {
            out: self.out,
            start,
            claimed,
            count: 0,
            dict,
            variant: false,
            special: false,
            format: PhantomData,
        };
        if claimed.is_some() || !F::COUNTED {
            head::<F>(compound.out, dict, claimed.unwrap_or(0));
        }
        compound
    }

    /// Opens the dict of a variant with content.
    fn variant(self, name: &'static str) -> Result<Self, EncodeError> {
        F::begin_dict(self.out, 1);
        F::text_key(self.out, name)?;
        Ok(self)
    }
}

impl<'a, F: SerdeSink> Serializer for Writer<'a, F> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'a, F>;
    type SerializeTuple = Compound<'a, F>;
    type SerializeTupleStruct = Compound<'a, F>;
    type SerializeTupleVariant = Compound<'a, F>;
    type SerializeMap = Compound<'a, F>;
    type SerializeStruct = Compound<'a, F>;
    type SerializeStructVariant = Compound<'a, F>;

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::Int(value))
    }

    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.serialize_i64(value),
            (_, Ok(value)) => self.serialize_u64(value),
            _ => F::wide(self.out, value < 0, value.unsigned_abs()),
        }
    }

    fn serialize_u8(self, value: u8) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::Uint(value))
    }

    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => F::wide(self.out, false, value),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::F32(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::F64(value))
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::Text(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::Bytes(value))
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        F::scalar(self.out, Scalar::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let writer = self.variant(variant)?;
        value.serialize(Writer::<F>::new(writer.out))?;
        F::end_dict(writer.out);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Compound<'a, F>, EncodeError> {
        Ok(self.open(false, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Compound<'a, F>, EncodeError> {
        Ok(self.open(false, Some(len)))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Compound<'a, F>, EncodeError> {
        Ok(self.open(false, Some(len)))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a, F>, EncodeError> {
        let compound = self.variant(variant)?.open(false, Some(len));
        Ok(Compound { variant: true, ..compound })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Compound<'a, F>, EncodeError> {
        Ok(self.open(true, len))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Compound<'a, F>, EncodeError> {
        if name == SERDE_JSON_NUMBER || name == RAW {
            let (out, start) = (self.out, 0);
            let compound = Compound {
                out,
                start,
                claimed: None,
                count: 0,
                dict: true,
                variant: false,
                special: true,
                format: PhantomData,
            };
            return Ok(compound);
        }
        Ok(self.open(true, Some(len)))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a, F>, EncodeError> {
        let compound = self.variant(variant)?.open(true, Some(len));
        Ok(Compound { variant: true, ..compound })
    }
}

fn head<F: SerdeSink>(out: &mut Vec<u8>, dict: bool, len: usize) {
    if dict { F::begin_dict(out, len) } else { F::begin_list(out, len) }
}

/// A list or dict that is being written.
pub(super) struct Compound<'a, F> {
    out: &'a mut Vec<u8>,
    /// Position of the head.
    start: usize,
    claimed: Option<usize>,
    count: usize,
    dict: bool,
    /// True if this is the content of a variant.
    variant: bool,
    /// True for what serde_json passes as a struct of one text: see [`SERDE_JSON_NUMBER`].
    special: bool,
    format: PhantomData<F>,
}

impl<F: SerdeSink> Compound<'_, F> {
    fn separate(&mut self) {
        if self.count > 0 {
            F::separate(self.out);
        }
        self.count += 1;
    }

    fn write_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.separate();
        key.serialize(KeyWriter::<F>::new(self.out))
    }

    fn write_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(Writer::<F>::new(self.out))
    }

    fn write_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.separate();
        self.write_value(value)
    }

    fn close(self) -> Result<(), EncodeError> {
        if self.special {
            return Ok(());
        }
        match self.claimed {
            Some(claimed) if F::COUNTED && claimed != self.count => {
                return Err(EncodeError::new(format!(
                    "a list or dict of {claimed} entries was announced, but has {}",
                    self.count
                )));
            }
            None if F::COUNTED => {
                // The number of entries is known only now: insert the head before them.
                let mut before = Vec::new();
                head::<F>(&mut before, self.dict, self.count);
                self.out.splice(self.start..self.start, before);
            }
            _ => {}
        }
        if self.dict {
            F::end_dict(self.out)
        } else {
            F::end_list(self.out)
        }
        if self.variant {
            F::end_dict(self.out);
        }
        Ok(())
    }
}

/// Writes the text of a number, or of JSON, as what it stands for.
#[cold]
fn write_special<F: SerdeSink, T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    key: &str,
    value: &T,
) -> Result<(), EncodeError> {
    let start = out.len();
    value.serialize(Writer::<F>::new(out))?;
    let text = F::read_text(&out[start..]).map_err(EncodeError::new)?.into_owned();
    out.truncate(start);
    if key == SERDE_JSON_NUMBER { number::<F>(out, &text) } else { F::json(out, &text) }
}

/// Writes a number of any size from its text.
fn number<F: SerdeSink>(out: &mut Vec<u8>, text: &str) -> Result<(), EncodeError> {
    if let Ok(value) = text.parse() {
        F::int(out, value);
        return Ok(());
    }
    if let Ok(value) = text.parse() {
        F::write_uint(out, value);
        return Ok(());
    }
    if let Ok(magnitude) = text.trim_start_matches('-').parse() {
        return F::wide(out, text.starts_with('-'), magnitude);
    }
    // A longer integer would become another number.
    let is_float = text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    match text.parse::<f64>() {
        Ok(value) if is_float && value.is_finite() => F::f64(out, value),
        _ => Err(EncodeError::new(format!("the number {text:.40} is out of range"))),
    }
}

macro_rules! compounds {
    ($($list:ident :: $element:ident,)*; $($dict:ident,)*) => {
        $(impl<F: SerdeSink> $list for Compound<'_, F> {
            type Ok = ();
            type Error = EncodeError;

            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.write_element(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.close()
            }
        })*
        $(impl<F: SerdeSink> $dict for Compound<'_, F> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                if self.special {
                    return write_special::<F, T>(self.out, key, value);
                }
                self.separate();
                F::text_key(self.out, key)?;
                self.write_value(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.close()
            }
        })*
    };
}

compounds! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
    ;
    SerializeStruct,
    SerializeStructVariant,
}

impl<F: SerdeSink> SerializeMap for Compound<'_, F> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.write_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.write_value(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}
