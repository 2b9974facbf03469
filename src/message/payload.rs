//! Contains [`Payload`], the `args` and `kwargs` of a message, kept as the bytes in which they
//! arrived.
//!
//! A payload can also be opaque binary data (Autobahn's payload transparency). This module holds
//! the container only; `codec` implements encoding and decoding. A router that
//! forwards a payload does not decode it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::{Serializer, weight};
use crate::value::{Dict, List};

/// The positional and keyword arguments of a message. Cheap to clone.
///
/// A payload has one of three forms:
/// - bytes in the format of one serializer, as received or as they will be sent
/// - values that have not been encoded yet
/// - [opaque](Payload::from_opaque) binary data in place of arguments
///
/// ```
/// # #[cfg(feature = "cbor")] {
/// use wampwerk::{Payload, Serializer};
///
/// let payload = Payload::encode(Serializer::Cbor, &(2, 3), &())?;
/// assert_eq!(payload.args::<(i64, i64)>().unwrap(), (2, 3));
/// # }
/// # Ok::<(), wampwerk::error::EncodeError>(())
/// ```
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

/// The bytes of `args`, followed by those of `kwargs`, as the two elements appear in a message.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub(crate) serializer: Serializer,
    bytes: Bytes,
    args_end: usize,
    kwargs_start: Option<usize>,
}

/// The content of a payload.
pub(crate) enum Content<'a> {
    Empty,
    Encoded(&'a Encoded),
    Values(&'a List, &'a Dict),
    Opaque(&'a Bytes),
}

impl Payload {
    /// Creates a payload without arguments.
    pub const fn empty() -> Self {
        Payload(Repr::Empty)
    }

    /// Creates a payload from values. They are encoded when the message is sent.
    pub fn from_values(args: List, kwargs: Dict) -> Self {
        if args.is_empty() && kwargs.is_empty() {
            return Payload::empty();
        }
        Payload(Repr::Values(Arc::new((args, kwargs))))
    }

    /// Creates a payload of opaque binary data, as a payload codec produces it (payload
    /// transparency of Autobahn and Crossbar). In every serializer it is one binary element in
    /// place of `args`.
    ///
    /// A message may carry it only if its options or details contain `enc_algo`, which names the
    /// encoding. Without `enc_algo`, such a message is rejected when it is sent or received. The
    /// specification's `ppt_scheme` uses another form: a list of one binary item, which is an
    /// ordinary payload.
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

    /// Returns the opaque binary data, or `None` if the payload consists of arguments.
    pub fn opaque(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Opaque(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Returns whether the payload has no arguments and no opaque data.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Repr::Empty)
    }

    /// Returns the serializer of the bytes, or `None` for values, an empty payload or an opaque
    /// payload.
    pub fn serializer(&self) -> Option<Serializer> {
        match &self.0 {
            Repr::Encoded(encoded) => Some(encoded.serializer),
            Repr::Empty | Repr::Values(_) | Repr::Opaque(_) => None,
        }
    }

    /// Returns the bytes of the `args` and `kwargs` elements, or `None` if the payload is not kept
    /// as the bytes of a serializer.
    pub fn encoded(&self) -> Option<(&[u8], Option<&[u8]>)> {
        match &self.0 {
            Repr::Encoded(encoded) => Some((encoded.args(), encoded.kwargs())),
            Repr::Empty | Repr::Values(_) | Repr::Opaque(_) => None,
        }
    }

    /// Returns the approximate memory use in bytes.
    pub(crate) fn weight(&self) -> usize {
        match &self.0 {
            Repr::Empty => 0,
            Repr::Encoded(encoded) => encoded.bytes.len(),
            Repr::Opaque(bytes) => bytes.len(),
            Repr::Values(values) => {
                values.0.iter().map(weight::value).sum::<usize>() + weight::dict(&values.1)
            }
        }
    }

    /// Copies the payload into its own allocation. The bytes of a received message otherwise keep
    /// the whole frame alive. Use this for payloads that are stored.
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

    /// Creates a payload from the elements of `message`, which must be the complete list `args`
    /// and, if given, the complete dict `kwargs`. The caller passes `None` for an empty element, so
    /// that missing and empty are the same (spec: "Messages", payload rules).
    pub(crate) fn from_elements(
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

    /// Returns the number of message elements: none, `args` (or opaque data), or `args` and
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

    /// Returns both elements and the separator between them (nothing, or JSON's comma). A router
    /// forwards these bytes unchanged to a peer with the same serializer.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.bytes
    }
}
