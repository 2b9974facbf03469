//! Implements encoding and decoding for [`Payload`], whatever form it is kept in.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::format::{Format, MAX_DEPTH};
use super::scan::{Kind, Shape};
use super::value_de::{KwargsReader, ValueReader};
use super::wire::Wire;
use super::{Positional, frame, inner, is_tuple, missing, with_format, with_wire};
use crate::error::{DecodeError, EncodeError};
use crate::message::{Content, Encoded, Payload, Serializer};
use crate::value::{Dict, List, Value};

static NO_KWARGS: Dict = Dict::new();

impl Payload {
    /// Encodes a payload with the given serializer.
    ///
    /// `args` must serialize as a list (a tuple, an array, a `Vec`, or `()` for no arguments).
    /// `kwargs` must serialize as a dict with string keys (a struct, a map, or `()` for no
    /// arguments).
    ///
    /// ```
    /// # #[cfg(feature = "cbor")] {
    /// use wampwerk::{Payload, Serializer};
    ///
    /// let payload = Payload::encode(Serializer::Cbor, &("volume", 11), &())?;
    /// assert_eq!(payload.args::<(String, u8)>().unwrap(), ("volume".into(), 11));
    /// # }
    /// # Ok::<(), wampwerk::error::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`EncodeError`] in these cases:
    /// - `args` or `kwargs` serializes as another kind of value
    /// - the format cannot represent a value (JSON: a float that is not finite, or a text that
    ///   starts with `U+0000`)
    /// - a value is nested deeper than 100 levels
    pub fn encode<A, K>(serializer: Serializer, args: &A, kwargs: &K) -> Result<Self, EncodeError>
    where
        A: Serialize + ?Sized,
        K: Serialize + ?Sized,
    {
        with_format!(
            serializer,
            Chosen => encode::<Chosen, A, K>(args, kwargs),
            Err(EncodeError::new(missing(serializer)))
        )
    }

    /// Creates a payload from encoded arguments, as [`encoded`](Payload::encoded) returns them:
    /// `args` is one list, and `kwargs` one dict with string keys, in the format of the serializer.
    ///
    /// ```
    /// # #[cfg(feature = "json")] {
    /// use wampwerk::{Payload, Serializer};
    ///
    /// let payload = Payload::from_encoded(Serializer::Json, b"[2,3]", None)?;
    /// assert_eq!(payload.args::<(i64, i64)>().unwrap(), (2, 3));
    /// # }
    /// # Ok::<(), wampwerk::error::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`EncodeError`] if one of them is not well-formed, is of another kind, or is nested
    /// deeper than 100 levels.
    pub fn from_encoded(
        serializer: Serializer,
        args: &[u8],
        kwargs: Option<&[u8]>,
    ) -> Result<Self, EncodeError> {
        with_format!(
            serializer,
            Chosen => from_encoded::<Chosen>(args, kwargs),
            Err(EncodeError::new(missing(serializer)))
        )
    }

    /// Decodes the only positional argument into a type. A missing argument reads as null, which
    /// `()` and `Option` accept. Several arguments are decoded into a tuple of as many elements.
    ///
    /// # Errors
    ///
    /// Returns [`DecodeError`] if the argument does not fit the type, or if there are several
    /// arguments and the type is not a tuple (see [`Payload::args`]).
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        let mut args = self.positional()?;
        if is_tuple::<T>() && args.remaining() > 1 {
            return T::deserialize(args);
        }
        let first = match args.next() {
            Some(first) => first,
            None => T::deserialize(ValueReader(&Value::Null)).map_err(|error| {
                DecodeError::new(format!("the argument is missing: {}", error.message))
            }),
        };
        // After an error no arguments remain; count them from the start.
        let more = match first {
            Ok(_) => args.remaining(),
            Err(_) => self.positional()?.remaining().saturating_sub(1),
        };
        if more > 0 {
            return Err(DecodeError::new(format!(
                "1 argument expected, {} given (`args` decodes several)",
                1 + more
            )));
        }
        first
    }

    /// Decodes all positional arguments into a list type: a tuple, an array, a `Vec`, or a struct
    /// with the fields in that order. `()` accepts no arguments.
    ///
    /// # Errors
    ///
    /// Returns [`DecodeError`] if an argument does not fit, or if the number of arguments differs
    /// from that of the type. The error names the argument; the first is 1.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        T::deserialize(self.positional()?)
    }

    /// Decodes the keyword arguments into a dict type: a struct or a map. Missing keyword arguments
    /// read as an empty dict, which `Option` and `()` also accept.
    ///
    /// # Errors
    ///
    /// Returns [`DecodeError`] if the arguments do not fit the type.
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.read_kwargs(PhantomData).map_err(in_kwargs)
    }

    /// Returns the positional and keyword arguments as values.
    ///
    /// # Errors
    ///
    /// Returns [`DecodeError`] if [`Value`] cannot represent a value, such as an integer of more
    /// than 64 bits or, in JSON, binary data with bad Base64.
    pub fn to_values(&self) -> Result<(List, Dict), DecodeError> {
        match self.content() {
            Content::Empty => Ok((List::new(), Dict::new())),
            Content::Values(args, kwargs) => Ok((args.clone(), kwargs.clone())),
            Content::Encoded(encoded) => with_wire!(
                encoded.serializer,
                wire => {
                    let args = Wire::read_args(wire, encoded.args())?;
                    let kwargs = encoded.kwargs();
                    let kwargs = kwargs.map_or(Ok(Dict::new()), |kwargs| wire.read_dict(kwargs));
                    kwargs.map(|kwargs| (args, kwargs)).map_err(in_kwargs)
                },
                Err(DecodeError::new(missing(encoded.serializer)))
            ),
            Content::Opaque(_) => Err(opaque()),
        }
    }

    /// Returns the length of the arguments, and an allowance for the memory that many small values take
    /// once they are decoded. Costs a scan.
    #[cfg(feature = "router")]
    pub(crate) fn decoded_weight(&self) -> usize {
        match self.content() {
            Content::Encoded(encoded) => with_format!(
                encoded.serializer,
                Chosen => {
                    let weigh = |part| Chosen::weigh(part).unwrap_or(usize::MAX);
                    let kwargs = encoded.kwargs().map_or(0, weigh);
                    weigh(encoded.args()).saturating_add(kwargs)
                },
                usize::MAX
            ),
            Content::Empty | Content::Values(..) | Content::Opaque(_) => self.weight(),
        }
    }

    /// Converts the arguments to bytes of the given serializer. Bytes of this serializer and opaque
    /// payloads stay unchanged.
    ///
    /// # Errors
    ///
    /// Returns [`EncodeError`] if a value cannot be decoded, or cannot be represented in the other
    /// format.
    pub fn into_serializer(self, serializer: Serializer) -> Result<Self, EncodeError> {
        match self.content() {
            Content::Empty | Content::Opaque(_) => Ok(self),
            Content::Encoded(encoded) if encoded.serializer == inner(serializer) => Ok(self),
            Content::Encoded(encoded) => from_foreign(serializer, encoded),
            Content::Values(args, kwargs) => from_values(serializer, args, kwargs),
        }
    }

    /// Returns the positional arguments for decoding one by one.
    pub(crate) fn positional(&self) -> Result<Positional<'_>, DecodeError> {
        Positional::new(self)
    }

    fn read_kwargs<'a, T: DeserializeSeed<'a>>(&'a self, seed: T) -> Result<T::Value, DecodeError> {
        match self.content() {
            Content::Empty => seed.deserialize(KwargsReader(&NO_KWARGS)),
            Content::Values(_, kwargs) => seed.deserialize(KwargsReader(kwargs)),
            Content::Opaque(_) => Err(opaque()),
            Content::Encoded(encoded) => match encoded.kwargs() {
                None => seed.deserialize(KwargsReader(&NO_KWARGS)),
                Some(kwargs) => with_format!(
                    encoded.serializer,
                    Chosen => Chosen::read(kwargs, seed),
                    Err(DecodeError::new(missing(encoded.serializer)))
                ),
            },
        }
    }
}

/// Creates the error for decoding an opaque payload.
#[cold]
pub(super) fn opaque() -> DecodeError {
    DecodeError::new("the payload is opaque binary data (see `Payload::opaque`), not arguments")
}

fn in_kwargs(error: DecodeError) -> DecodeError {
    DecodeError::new(format!("keyword arguments: {}", error.message))
}

fn encode<F, A, K>(args: &A, kwargs: &K) -> Result<Payload, EncodeError>
where
    F: Format,
    A: Serialize + ?Sized,
    K: Serialize + ?Sized,
{
    let in_place =
        |place: &str, error: EncodeError| EncodeError::new(format!("{place}: {}", error.message));
    let mut out = Vec::with_capacity(128);
    F::write(&mut out, args).map_err(|error| in_place("arguments", error))?;
    let shape = check::<F>(&out, false, "arguments")?;
    let no_args = match shape.kind {
        Kind::List => shape.empty,
        Kind::Null => {
            out.clear();
            F::begin_list(&mut out, 0);
            F::end_list(&mut out);
            true
        }
        other => {
            return Err(EncodeError::new(format!(
                "arguments must be a list (a tuple, array or Vec), are {}",
                other.name()
            )));
        }
    };
    let args_end = out.len();
    F::separate(&mut out);
    let kwargs_start = out.len();
    F::write(&mut out, kwargs).map_err(|error| in_place("keyword arguments", error))?;
    let shape = check::<F>(&out[kwargs_start..], true, "keyword arguments")?;
    match shape.kind {
        Kind::Dict if !shape.empty => {
            let end = out.len();
            let kwargs = Some(kwargs_start..end);
            Ok(Payload::from_elements(F::SERIALIZER, &out.into(), 0..args_end, kwargs))
        }
        Kind::Dict | Kind::Null if no_args => Ok(Payload::empty()),
        Kind::Dict | Kind::Null => {
            out.truncate(args_end);
            Ok(Payload::from_elements(F::SERIALIZER, &out.into(), 0..args_end, None))
        }
        other => Err(EncodeError::new(format!(
            "keyword arguments must be a dict (a struct or map), are {}",
            other.name()
        ))),
    }
}

impl Value {
    /// Encodes a value of any type that serde can serialize; the counterpart of
    /// [`decode`](Value::decode).
    ///
    /// ```
    /// use wampwerk::{Dict, Value};
    ///
    /// #[derive(serde::Serialize)]
    /// struct Size { width: u32, height: Option<u32> }
    ///
    /// let value = Value::encode(&Size { width: 3, height: None })?;
    /// assert_eq!(value, Value::from(Dict::new().with("width", 3).with("height", ())));
    /// # Ok::<(), wampwerk::error::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`EncodeError`] if no `Value` represents it, such as a function of serde's own,
    /// or if it is nested deeper than 99 levels.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        // Through the preferred format: there is one mapping of serde's types, that of the wire.
        let serializer = super::available().first().copied().unwrap_or(Serializer::Cbor);
        let payload = Payload::encode(serializer, &(value,), &())?;
        let (mut args, _) = payload.to_values().map_err(|error| EncodeError::new(error.message))?;
        Ok(args.pop().unwrap_or(Value::Null))
    }
}

/// Creates a payload from arguments of an encoder that guarantees what [`Payload::from_encoded`] checks:
/// well-formed, of the right kinds and depth, and neither of them empty.
pub fn of_checked(
    serializer: Serializer,
    args: &[u8],
    kwargs: Option<&[u8]>,
) -> Result<Payload, EncodeError> {
    let mut out = Vec::with_capacity(args.len() + kwargs.map_or(0, |kwargs| 1 + kwargs.len()));
    out.extend_from_slice(args);
    let kwargs = match kwargs {
        None => None,
        Some(kwargs) => {
            with_wire!(
                serializer,
                wire => Wire::separate(wire, &mut out),
                return Err(EncodeError::new(missing(serializer)))
            );
            let start = out.len();
            out.extend_from_slice(kwargs);
            Some(start..out.len())
        }
    };
    Ok(Payload::from_elements(inner(serializer), &out.into(), 0..args.len(), kwargs))
}

fn from_encoded<F: Format>(args: &[u8], kwargs: Option<&[u8]>) -> Result<Payload, EncodeError> {
    let shape = check::<F>(args, false, "args")?;
    if shape.kind != Kind::List {
        return Err(EncodeError::new(format!("args must be a list, is {}", shape.kind.name())));
    }
    let mut out = Vec::with_capacity(args.len() + kwargs.map_or(0, |kwargs| 1 + kwargs.len()));
    out.extend_from_slice(args);
    let mut named = None;
    if let Some(kwargs) = kwargs {
        let shape = check::<F>(kwargs, true, "kwargs")?;
        if shape.kind != Kind::Dict {
            let text = format!("kwargs must be a dict, is {}", shape.kind.name());
            return Err(EncodeError::new(text));
        }
        if !shape.empty {
            F::separate(&mut out);
            named = Some(out.len()..out.len() + kwargs.len());
            out.extend_from_slice(kwargs);
        }
    }
    if shape.empty && named.is_none() {
        return Ok(Payload::empty());
    }
    Ok(Payload::from_elements(F::SERIALIZER, &out.into(), 0..args.len(), named))
}

/// Checks that a peer would accept the value that serde has written, and returns its shape. Serde
/// itself reports neither the depth nor the kinds of keys.
fn check<F: Format>(value: &[u8], string_keys: bool, place: &str) -> Result<Shape, EncodeError> {
    F::check(value, string_keys, MAX_DEPTH)
        .map_err(|flaw| EncodeError::new(format!("{place}: {flaw}")))
}

fn from_foreign(serializer: Serializer, encoded: &Encoded) -> Result<Payload, EncodeError> {
    let mut out = Vec::with_capacity(encoded.raw().len());
    let (args_end, kwargs_start) = with_wire!(
        serializer,
        wire => frame::write_foreign(wire, &mut out, encoded, MAX_DEPTH)?,
        return Err(EncodeError::new(missing(serializer)))
    );
    let kwargs = encoded.kwargs().map(|_| kwargs_start..out.len());
    Ok(Payload::from_elements(serializer, &out.into(), 0..args_end, kwargs))
}

fn from_values(serializer: Serializer, args: &List, kwargs: &Dict) -> Result<Payload, EncodeError> {
    let with_kwargs = !kwargs.is_empty();
    let mut out = Vec::with_capacity(64);
    let (args_end, kwargs_start) = with_wire!(
        serializer,
        wire => frame::write_values(wire, &mut out, (args, kwargs), with_kwargs, MAX_DEPTH)?,
        return Err(EncodeError::new(missing(serializer)))
    );
    let kwargs = with_kwargs.then_some(kwargs_start..out.len());
    Ok(Payload::from_elements(serializer, &out.into(), 0..args_end, kwargs))
}
