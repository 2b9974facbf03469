//! Encodes and decodes messages in JSON, MessagePack and CBOR.
//!
//! A received message is scanned once. The scan locates its elements and checks that the whole
//! message is well-formed. Only the envelope is decoded; the payload stays bytes until a caller
//! asks for a type.

#[cfg(not(any(feature = "json", feature = "msgpack", feature = "cbor")))]
compile_error!("no serializer: enable one of the features `cbor`, `msgpack` and `json`");

#[cfg(not(all(feature = "json", feature = "msgpack", feature = "cbor")))]
mod absent;
#[cfg(any(feature = "msgpack", feature = "cbor"))]
mod binary;
mod bounds;
#[cfg_attr(not(feature = "cbor"), path = "no_cbor.rs")]
mod cbor;
mod compose;
#[cfg(not(feature = "hosted"))]
mod custom;
mod format;
mod frame;
#[cfg_attr(not(feature = "json"), path = "no_json.rs")]
mod json;
mod key;
mod key_writer;
#[cfg_attr(not(feature = "msgpack"), path = "no_msgpack.rs")]
mod msgpack;
mod payload;
mod positional;
mod read;
mod scan;
mod sink;
mod token;
mod transcode;
mod tuple;
mod value_de;
mod values;
mod wire;
mod write;

pub use crate::message::unusable::{Problem, Unusable};
pub use bounds::{Bounds, Refused};
#[cfg(not(feature = "hosted"))]
pub(crate) use custom::inner;
pub use format::MAX_DEPTH;
pub use payload::of_checked;
pub(crate) use positional::Positional;
pub(crate) use tuple::is_tuple;

use cbor::Cbor;
use json::Json;
use msgpack::MsgPack;

use bytes::Bytes;
use std::sync::LazyLock;

use crate::error::{DecodeError, EncodeError, Violation};
use crate::message::{Message, Serializer};
use crate::value::Value;
use format::Format;
use wire::Wire;

/// Selects the format of a serializer as type `$format` for `$body`; `$missing` handles the formats
/// that are not compiled in.
macro_rules! with_format {
    ($serializer:expr, $format:ident => $body:expr, $missing:expr) => {
        match $crate::codec::inner($serializer) {
            $crate::message::Serializer::Json if $crate::codec::Json::COMPILED_IN => {
                type $format = $crate::codec::Json;
                $body
            }
            $crate::message::Serializer::MsgPack if $crate::codec::MsgPack::COMPILED_IN => {
                type $format = $crate::codec::MsgPack;
                $body
            }
            $crate::message::Serializer::Cbor if $crate::codec::Cbor::COMPILED_IN => {
                type $format = $crate::codec::Cbor;
                $body
            }
            _ => $missing,
        }
    };
}

pub(crate) use with_format;

/// Selects the format of a serializer as [`Wire`] `$wire` for `$body`; `$missing` handles the formats
/// that are not compiled in.
#[cfg(not(feature = "hosted"))]
macro_rules! with_wire {
    ($serializer:expr, $wire:ident => $body:expr, $missing:expr) => {
        $crate::codec::with_format!(
            $serializer,
            Chosen => {
                let $wire = &$crate::codec::wire::Of::<Chosen>::OBJECT;
                $body
            },
            $missing
        )
    };
}

#[cfg(feature = "hosted")]
macro_rules! with_wire {
    ($serializer:expr, $wire:ident => $body:expr, $missing:expr) => {
        match $crate::codec::object($serializer) {
            Some($wire) => $body,
            None => $missing,
        }
    };
}

pub(crate) use with_wire;

/// Returns the object of a serializer that is compiled in.
#[cfg(feature = "hosted")]
fn object(serializer: Serializer) -> Option<&'static dyn Wire> {
    with_format!(serializer, Chosen => Some(&wire::Of::<Chosen>::OBJECT), None)
}

/// Returns the format in which arguments are kept.
#[cfg(feature = "hosted")]
pub(crate) fn inner(serializer: Serializer) -> Serializer {
    serializer
}

/// Returns whether messages can be encoded in a serializer: it is compiled in or registered.
pub(crate) fn is_available(serializer: Serializer) -> bool {
    available().contains(&inner(serializer))
}

/// Returns the serializers that are compiled in (features `cbor`, `msgpack`, `json`), in order of
/// preference.
pub fn available() -> &'static [Serializer] {
    static AVAILABLE: LazyLock<Vec<Serializer>> = LazyLock::new(|| {
        let is_compiled_in =
            |one: &Serializer| with_format!(*one, Chosen => Chosen::COMPILED_IN, false);
        Serializer::ALL.into_iter().filter(is_compiled_in).collect()
    });
    &AVAILABLE
}

/// Encodes a message. A payload in another serializer's bytes is converted.
///
/// # Errors
///
/// Returns [`EncodeError`] in these cases:
/// - the format cannot represent a value (JSON: a float that is not finite, or a text that starts
///   with `U+0000`)
/// - a value is nested deeper than [`MAX_DEPTH`]
/// - the serializer is not compiled in
pub fn encode(serializer: Serializer, message: &Message) -> Result<Bytes, EncodeError> {
    let mut out = Vec::with_capacity(frame::size_hint(message));
    encode_into(serializer, message, &mut out)?;
    Ok(out.into())
}

/// Encodes a message as [`encode`] does, using the caller's buffer `scratch`. This needs one
/// allocation of the exact frame size, instead of several for a growing vector. A long frame takes
/// over `scratch` instead of being copied.
///
/// # Errors
///
/// See [`encode`].
pub fn encode_by(
    scratch: &mut Vec<u8>,
    serializer: Serializer,
    message: &Message,
) -> Result<Bytes, EncodeError> {
    const LONG: usize = 4096;
    scratch.clear();
    encode_into(serializer, message, scratch)?;
    Ok(if scratch.len() > LONG {
        std::mem::take(scratch).into()
    } else {
        Bytes::copy_from_slice(scratch)
    })
}

/// Appends an encoded message to `out`. After an error `out` may contain a part of the message.
///
/// # Errors
///
/// See [`encode`].
pub fn encode_into(
    serializer: Serializer,
    message: &Message,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    #[cfg(not(feature = "hosted"))]
    if let Serializer::Custom(custom) = serializer
        && let Some(custom) = custom.serializer()
    {
        return custom::encode(custom, inner(serializer), message, out);
    }
    with_wire!(
        serializer,
        wire => frame::write(wire, message, out),
        Err(EncodeError::new(missing(serializer)))
    )
}

/// Decodes a message. The payload is not decoded; it shares the memory of `frame`.
///
/// # Errors
///
/// Returns [`Violation`] in these cases:
/// - the bytes are not exactly one well-formed value of this format
/// - the value is nested deeper than [`MAX_DEPTH`]
/// - the value is not a WAMP message
/// - the serializer is not compiled in
pub fn decode(serializer: Serializer, frame: &Bytes) -> Result<Message, Violation> {
    decode_within(serializer, frame, &Bounds::NONE).map_err(|refused| match refused {
        Refused::Violation(violation) => violation,
        Refused::Unusable(unusable) => unusable.violation(),
    })
}

/// Decodes a message as [`decode`] does, within bounds. The scan finds the weight, so a message that
/// is refused costs no more than its scan.
///
/// # Errors
///
/// Returns [`Refused`] as [`decode`] does, and if the message exceeds the bounds.
pub fn decode_within(
    serializer: Serializer,
    frame: &Bytes,
    bounds: &Bounds,
) -> Result<Message, Refused> {
    decode_side::<false>(serializer, frame, bounds)
}

/// Decodes a message as [`decode_within`] does, and refuses what no router sends. So a client has no
/// code to read it.
pub(crate) fn decode_from_router(
    serializer: Serializer,
    frame: &Bytes,
    bounds: &Bounds,
) -> Result<Message, Refused> {
    decode_side::<true>(serializer, frame, bounds)
}

/// Decodes a message, with `FROM_ROUTER` only one that a router sends.
fn decode_side<const FROM_ROUTER: bool>(
    serializer: Serializer,
    frame: &Bytes,
    bounds: &Bounds,
) -> Result<Message, Refused> {
    #[cfg(not(feature = "hosted"))]
    let converted;
    #[cfg(not(feature = "hosted"))]
    let frame = match serializer {
        Serializer::Custom(custom) if let Some(custom) = custom.serializer() => {
            converted = custom::converted(custom, inner(serializer), frame, bounds)?;
            &converted
        }
        _ => frame,
    };
    with_wire!(
        serializer,
        wire => frame::read::<_, FROM_ROUTER>(wire, frame, bounds),
        Err(Refused::Violation(Violation::new(missing(serializer))))
    )
}

/// Encodes a value outside of a message, for example for a payload codec.
///
/// # Errors
///
/// See [`encode`].
pub fn write_value(serializer: Serializer, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    with_wire!(
        serializer,
        wire => {
            values::write(wire, &mut out, value)?;
            Wire::check(wire, &out, false, MAX_DEPTH).map_err(EncodeError::new)?;
            Ok(out)
        },
        Err(EncodeError::new(missing(serializer)))
    )
}

/// Decodes a value that is not part of a message.
///
/// # Errors
///
/// Returns [`DecodeError`] in these cases:
/// - the bytes are not exactly one well-formed value of this format
/// - the value is nested deeper than [`MAX_DEPTH`]
/// - [`Value`] cannot represent the value
/// - the serializer is not compiled in
pub fn read_value(serializer: Serializer, bytes: &[u8]) -> Result<Value, DecodeError> {
    with_format!(
        serializer,
        Chosen => {
            Chosen::check(bytes, false, MAX_DEPTH).map_err(DecodeError::new)?;
            Chosen::read_value(bytes)
        },
        Err(DecodeError::new(missing(serializer)))
    )
}

/// Creates the error text for a serializer that is not compiled in.
fn missing(serializer: Serializer) -> String {
    let name = serializer.as_str();
    format!("serializer {name} is not compiled in (feature `{name}` of the crate is off)")
}

impl serde::de::Error for DecodeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        DecodeError::new(message)
    }
}

impl serde::ser::Error for EncodeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        EncodeError::new(message)
    }
}

#[cfg(all(test, not(all(feature = "json", feature = "msgpack", feature = "cbor"))))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]

    use super::*;
    use crate::message::Payload;

    #[test]
    fn a_serializer_that_is_not_compiled_in_is_named() {
        let off = Serializer::ALL.into_iter().find(|one| !available().contains(one)).unwrap();
        let expected = missing(off);
        assert!(expected.contains(off.as_str()));
        assert_eq!(decode(off, &Bytes::new()).unwrap_err().message, expected);
        assert_eq!(Payload::encode(off, &(1,), &()).unwrap_err().message, expected);
        let message = decode(available()[0], &encode_published()).unwrap();
        assert_eq!(encode(off, &message).unwrap_err().message, expected);
    }

    fn encode_published() -> Bytes {
        let message = crate::message::Published { request: 1, publication: 2 };
        encode(available()[0], &message.into()).unwrap()
    }
}
