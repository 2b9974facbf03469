//! Contains [`Wire`], a format as an object: what envelopes, values and conversions need of it.
//!
//! Their code is generic over it. Natively that is each format itself; in the npm module it is an
//! object, so that there is one copy of the code for all formats.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::scan::{Flaw, Shape, Spans};
use super::sink::Sink;
use super::values::{Selects, Unread};
use crate::error::{DecodeError, EncodeError};
use crate::message::Serializer;
use crate::value::{Dict, List, Value};

/// The object of a format.
pub(super) struct Of<F>(PhantomData<F>);

impl<F> Of<F> {
    pub(super) const OBJECT: Of<F> = Of(PhantomData);
}

macro_rules! wire {
    ($(fn $name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)*) => {
        /// The functions of [`Format`](super::format::Format) and [`Sink`] without types of the caller's.
        pub(super) trait Wire {
            fn serializer(&self) -> Serializer;

            fn empty_dict(&self) -> &'static [u8];

            /// Returns whether the head of a list or dict contains its length.
            fn counts(&self) -> bool;

            fn read_text<'a>(&self, element: &'a [u8]) -> Result<Cow<'a, str>, DecodeError>;

            fn read_bytes<'a>(&self, element: &'a [u8]) -> Result<Cow<'a, [u8]>, DecodeError>;

            $(fn $name(&self $(, $argument: $type)*) $(-> $result)?;)*
        }

        impl<F: Sink> Wire for Of<F> {
            #[inline]
            fn serializer(&self) -> Serializer {
                F::SERIALIZER
            }

            #[inline]
            fn empty_dict(&self) -> &'static [u8] {
                F::EMPTY_DICT
            }

            #[inline]
            fn counts(&self) -> bool {
                F::COUNTED
            }

            #[inline]
            fn read_text<'a>(&self, element: &'a [u8]) -> Result<Cow<'a, str>, DecodeError> {
                F::read_text(element)
            }

            #[inline]
            fn read_bytes<'a>(&self, element: &'a [u8]) -> Result<Cow<'a, [u8]>, DecodeError> {
                F::read_bytes(element)
            }

            $(
                #[inline]
                fn $name(&self $(, $argument: $type)*) $(-> $result)? {
                    F::$name($($argument),*)
                }
            )*
        }
    };
}

wire! {
    fn scan(&self, message: &[u8], strict: bool, max_depth: usize) -> Result<Spans, Flaw>;
    fn check(&self, value: &[u8], string_keys: bool, max_depth: usize) -> Result<Shape, Flaw>;
    fn read_uint(&self, element: &[u8]) -> Option<u64>;
    fn read_value(&self, element: &[u8]) -> Result<Value, DecodeError>;
    fn read_args(&self, element: &[u8]) -> Result<List, DecodeError>;
    fn read_dict(&self, element: &[u8]) -> Result<Dict, DecodeError>;
    fn read_entries(&self, element: &[u8], selects: &Selects<'_>) -> Result<Dict, Unread>;
    fn begin_list(&self, out: &mut Vec<u8>, len: usize);
    fn end_list(&self, out: &mut Vec<u8>);
    fn begin_dict(&self, out: &mut Vec<u8>, len: usize);
    fn end_dict(&self, out: &mut Vec<u8>);
    fn separate(&self, out: &mut Vec<u8>);
    fn null(&self, out: &mut Vec<u8>);
    fn bool(&self, out: &mut Vec<u8>, value: bool);
    fn int(&self, out: &mut Vec<u8>, value: i64);
    fn wide(&self, out: &mut Vec<u8>, negative: bool, magnitude: u128) -> Result<(), EncodeError>;
    fn f64(&self, out: &mut Vec<u8>, value: f64) -> Result<(), EncodeError>;
    fn text_key(&self, out: &mut Vec<u8>, key: &str) -> Result<(), EncodeError>;
    fn write_uint(&self, out: &mut Vec<u8>, value: u64);
    fn write_text(&self, out: &mut Vec<u8>, value: &str) -> Result<(), EncodeError>;
    fn write_bytes(&self, out: &mut Vec<u8>, value: &[u8]) -> Result<(), EncodeError>;
}
