//! `Payload`: the `args` and `kwargs` of a message, kept as the bytes that they came in.
//!
//! Besides, it can be binary data of which only the two ends know what it holds: Autobahn's payload
//! transparency.
//!
//! Owns the container only. How to read a type from it or write one into it is `codec`'s matter;
//! a router that passes a payload on never looks inside.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::Serializer;
use crate::value::{Dict, List, Value};

/// The positional and keyword arguments of a message. Cheap to clone.
///
/// It is either bytes in one serializer's format, as they came from the wire or as they will go
/// there, or values that have not been written yet. Or it is [opaque](Payload::from_opaque): binary
/// data in place of arguments.
#[derive(Clone, Debug, Default)]
pub struct Payload(Repr);

#[derive(Clone, Debug, Default)]
enum Repr {
    #[default]
    Empty,
    Encoded(Encoded),
    Values(Arc<(List, Dict)>),
    Opaque(Bytes),
}

/// The bytes of `args` and, behind them, of `kwargs`, as the two elements stand in a message.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub(crate) serializer: Serializer,
    bytes: Bytes,
    args_end: usize,
    kwargs_start: Option<usize>,
}

/// What a payload holds.
pub(crate) enum Content<'a> {
    Empty,
    Encoded(&'a Encoded),
    Values(&'a List, &'a Dict),
    Opaque(&'a Bytes),
}

impl Payload {
    /// No arguments at all.
    pub const fn empty() -> Self {
        Payload(Repr::Empty)
    }

    /// Arguments as values. They are written when the message is sent.
    pub fn from_values(args: List, kwargs: Dict) -> Self {
        if args.is_empty() && kwargs.is_empty() {
            return Payload::empty();
        }
        Payload(Repr::Values(Arc::new((args, kwargs))))
    }

    /// Binary data in place of the arguments, as a payload codec makes it: in any serializer it is one
    /// binary element where `args` would stand (payload transparency of Autobahn and Crossbar).
    ///
    /// A message may hold it only if its options or details have `enc_algo`, which says how to read
    /// it; without, it is refused, sent or received. (The specification's `ppt_scheme` is another
    /// form: a list of one binary item, which is a payload like any other.)
    ///
    /// ```
    /// use wampwerk::Payload;
    ///
    /// let payload = Payload::from_opaque("sealed");
    /// assert_eq!(payload.opaque().unwrap(), "sealed");
    /// assert!(payload.decode::<String>().is_err());
    /// ```
    pub fn from_opaque(bytes: impl Into<Bytes>) -> Self {
        Payload(Repr::Opaque(bytes.into()))
    }

    /// The binary data that stands in place of the arguments, if it does.
    pub fn opaque(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Opaque(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether there are neither positional nor keyword arguments, nor data in their place.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Repr::Empty)
    }

    /// The serializer of the bytes; nothing for values, for the empty and for an opaque payload.
    pub fn serializer(&self) -> Option<Serializer> {
        match &self.0 {
            Repr::Encoded(encoded) => Some(encoded.serializer),
            Repr::Empty | Repr::Values(_) | Repr::Opaque(_) => None,
        }
    }

    /// The bytes of the `args` and `kwargs` elements, if it is kept as the bytes of a serializer.
    pub fn encoded(&self) -> Option<(&[u8], Option<&[u8]>)> {
        match &self.0 {
            Repr::Encoded(encoded) => Some((encoded.args(), encoded.kwargs())),
            Repr::Empty | Repr::Values(_) | Repr::Opaque(_) => None,
        }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        match &self.0 {
            Repr::Empty => 0,
            Repr::Encoded(encoded) => encoded.bytes.len(),
            Repr::Opaque(bytes) => bytes.len(),
            Repr::Values(values) => {
                values.0.iter().chain(values.1.iter().map(|(_, value)| value)).map(weight).sum()
            }
        }
    }

    /// The same in memory of its own: the bytes of a message that came from the wire keep all of
    /// its frame, or what was read together with it. For payloads that are kept.
    #[cfg(feature = "router")]
    pub(crate) fn detached(&self) -> Self {
        match &self.0 {
            Repr::Encoded(encoded) => Payload(Repr::Encoded(Encoded {
                bytes: Bytes::copy_from_slice(&encoded.bytes),
                ..encoded.clone()
            })),
            Repr::Opaque(bytes) => Payload(Repr::Opaque(Bytes::copy_from_slice(bytes))),
            Repr::Empty | Repr::Values(_) => self.clone(),
        }
    }

    /// Takes the elements as they stand in `message`, which must be the complete list `args` and,
    /// if given, the complete dict `kwargs`. An element that is empty is given as such by the
    /// caller (`None`), so that missing and empty are the same (spec: "Messages", payload rules).
    pub(crate) fn from_encoded(
        serializer: Serializer,
        message: &Bytes,
        args: Range<usize>,
        kwargs: Option<Range<usize>>,
    ) -> Self {
        let end = kwargs.as_ref().map_or(args.end, |kwargs| kwargs.end);
        Payload(Repr::Encoded(Encoded {
            serializer,
            bytes: message.slice(args.start..end),
            args_end: args.end - args.start,
            kwargs_start: kwargs.map(|kwargs| kwargs.start - args.start),
        }))
    }

    pub(crate) fn content(&self) -> Content<'_> {
        match &self.0 {
            Repr::Empty => Content::Empty,
            Repr::Encoded(encoded) => Content::Encoded(encoded),
            Repr::Values(values) => Content::Values(&values.0, &values.1),
            Repr::Opaque(bytes) => Content::Opaque(bytes),
        }
    }

    /// How many elements of a message it takes: none, `args` or what stands there, or `args` and
    /// `kwargs`.
    pub(crate) fn elements(&self) -> usize {
        match &self.0 {
            Repr::Empty => 0,
            Repr::Encoded(encoded) => 1 + usize::from(encoded.kwargs_start.is_some()),
            Repr::Values(values) => 1 + usize::from(!values.1.is_empty()),
            Repr::Opaque(_) => 1,
        }
    }
}

impl Encoded {
    pub(crate) fn args(&self) -> &[u8] {
        &self.bytes[..self.args_end]
    }

    pub(crate) fn kwargs(&self) -> Option<&[u8]> {
        self.kwargs_start.map(|start| &self.bytes[start..])
    }

    /// Both elements with what stands between them (nothing, or JSON's comma): what is forwarded
    /// untouched to a peer with the same serializer.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.bytes
    }
}

fn weight(value: &Value) -> usize {
    /// Of a value itself. The same on all targets, so that limits mean the same.
    const VALUE: usize = 32;
    let mut sum = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        sum += VALUE;
        match value {
            Value::String(text) => sum += text.len(),
            Value::Bytes(bytes) => sum += bytes.len(),
            Value::List(list) => open.extend(list),
            Value::Dict(dict) => {
                for (key, value) in dict.iter() {
                    sum += key.len();
                    open.push(value);
                }
            }
            _ => {}
        }
    }
    sum
}
