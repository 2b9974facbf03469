//! Errors of values and messages: what cannot be encoded, decoded, or is not allowed by the protocol.
//!
//! This file knows nothing of the other rooms, so that each of them can use it.

use std::fmt;

use super::text::debug_as_text;

/// A value cannot be written in the serializer's format.
#[doc(alias = "SerializationError")]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot encode: {message}")]
#[non_exhaustive]
pub struct EncodeError {
    /// Description of the error.
    pub message: String,
}

/// Bytes or values do not fit the requested type.
#[doc(alias = "TypeCheckError")]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode: {message}")]
#[non_exhaustive]
pub struct DecodeError {
    /// Description and position of the error.
    pub message: String,
}

/// The peer broke the protocol (spec: "Protocol violations").
#[doc(alias = "ProtocolError")]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("protocol violation: {message}")]
#[non_exhaustive]
pub struct Violation {
    /// Description and position of the error.
    pub message: String,
}

debug_as_text! { EncodeError DecodeError Violation }

macro_rules! text_errors {
    ($($name:ident),*) => {$(
        impl $name {
            /// Makes an error with this text.
            pub fn new(message: impl fmt::Display) -> Self {
                $name { message: message.to_string() }
            }
        }
    )*};
}

text_errors!(EncodeError, DecodeError, Violation);
