//! Combines parts into a [`Payload`].

use bytes::BytesMut;
use serde::Serialize;

use crate::codec::inner;
use crate::error::EncodeError;
use crate::message::{Content, Payload, Serializer};

impl Payload {
    /// Replaces the positional arguments and keeps the keyword arguments. `args` must serialize as
    /// a list, as for [`Payload::encode`].
    ///
    /// # Errors
    ///
    /// See [`Payload::encode`].
    pub fn with_args<A>(self, serializer: Serializer, args: &A) -> Result<Self, EncodeError>
    where
        A: Serialize + ?Sized,
    {
        let args = Payload::encode(serializer, args, &())?;
        if self.is_empty() { Ok(args) } else { join(serializer, args, self) }
    }

    /// Replaces the keyword arguments and keeps the positional arguments. `kwargs` must serialize
    /// as a dict with string keys, as for [`Payload::encode`].
    ///
    /// # Errors
    ///
    /// See [`Payload::encode`].
    pub fn with_kwargs<K>(self, serializer: Serializer, kwargs: &K) -> Result<Self, EncodeError>
    where
        K: Serialize + ?Sized,
    {
        let kwargs = Payload::encode(serializer, &(), kwargs)?;
        if self.is_empty() { Ok(kwargs) } else { join(serializer, self, kwargs) }
    }
}

/// Combines the positional arguments of one payload with the keyword arguments of the other.
fn join(serializer: Serializer, args: Payload, kwargs: Payload) -> Result<Payload, EncodeError> {
    let (args, kwargs) = (args.into_serializer(serializer)?, kwargs.into_serializer(serializer)?);
    let Content::Encoded(with_kwargs) = kwargs.content() else { return Ok(args) };
    let Some(keywords) = with_kwargs.kwargs() else { return Ok(args) };
    let Content::Encoded(with_args) = args.content() else { return Ok(kwargs) };
    // The separator between the two depends on the format; the other payload already contains it.
    let (list, raw) = (with_kwargs.args(), with_kwargs.raw());
    let between = &raw[list.len()..raw.len() - keywords.len()];
    let mut bytes = BytesMut::with_capacity(with_args.args().len() + 1 + keywords.len());
    bytes.extend_from_slice(with_args.args());
    let args_end = bytes.len();
    bytes.extend_from_slice(between);
    let kwargs_start = bytes.len();
    bytes.extend_from_slice(keywords);
    let bytes = bytes.freeze();
    let kwargs = kwargs_start..bytes.len();
    Ok(Payload::from_elements(inner(serializer), &bytes, 0..args_end, Some(kwargs)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::codec::available;

    #[test]
    fn parts_come_in_any_order_and_replace_their_kind() {
        for &serializer in available() {
            let kwargs = BTreeMap::from([("a", 1)]);
            let payload = Payload::empty().with_kwargs(serializer, &kwargs).unwrap();
            let payload = payload.with_args(serializer, &(1, "x")).unwrap();
            assert_eq!(payload.args::<(u8, String)>().unwrap(), (1, "x".into()));
            let kwargs = BTreeMap::from([("b", 2)]);
            let payload = payload.with_kwargs(serializer, &kwargs).unwrap();
            let payload = payload.with_args(serializer, &(3,)).unwrap();
            assert_eq!(payload.decode::<u8>().unwrap(), 3);
            let whole = Payload::encode(serializer, &(3,), &kwargs).unwrap();
            assert_eq!(payload.encoded(), whole.encoded());
        }
    }
}
