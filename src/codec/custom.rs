//! Messages in serializers of the program's own: through values, and a format of this library.

use bytes::Bytes;

use super::{Bounds, Refused, available, encode_into, read_value, write_value};
use crate::error::{EncodeError, Violation};
use crate::message::{CustomSerializer, Message, Serializer};
use crate::value::Value;

/// Returns the format in which arguments are kept.
pub(crate) fn inner(serializer: Serializer) -> Serializer {
    match serializer {
        Serializer::Custom(_) => available().first().copied().unwrap_or(Serializer::Cbor),
        built_in => built_in,
    }
}

pub(super) fn encode(
    custom: &dyn CustomSerializer,
    inner: Serializer,
    message: &Message,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let mut frame = Vec::new();
    encode_into(inner, message, &mut frame)?;
    let value = read_value(inner, &frame).map_err(|error| EncodeError::new(error.message))?;
    let Value::List(list) = value else { return Err(EncodeError::new("a message is a list")) };
    out.extend_from_slice(&custom.encode(&list)?);
    Ok(())
}

/// Converts a received frame into one of the inner format.
pub(super) fn converted(
    custom: &dyn CustomSerializer,
    inner: Serializer,
    frame: &Bytes,
    bounds: &Bounds,
) -> Result<Bytes, Refused> {
    let refused = |text: String| Refused::Violation(Violation::new(text));
    if frame.len() > bounds.message {
        return Err(refused(format!(
            "the message has {} bytes: before WELCOME the limit is {} ({})",
            frame.len(),
            bounds.message,
            bounds.message_setting
        )));
    }
    let malformed = |text: &str| refused(format!("malformed {} message: {text}", custom.id()));
    let list = custom.decode(frame).map_err(|error| malformed(&error.message))?;
    let written = write_value(inner, &Value::List(list));
    Ok(written.map_err(|error| malformed(&error.message))?.into())
}
