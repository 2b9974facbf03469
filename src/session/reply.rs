//! Contains the return types of procedures.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use crate::codec::is_tuple;
use crate::error::{ApplicationError, EncodeError};
use crate::message::{Payload, Serializer};
use crate::rt::{MaybeSend, MaybeSync};
use crate::uri::Uri;
use crate::value::{Dict, Value};

/// A type that a procedure may return:
///
/// - `Result<T, E>` with a `T` that serde can serialize and an `E` that converts into
///   [`ApplicationError`]
/// - a plain value of the common types
/// - a tuple of up to eight values
/// - a [`Payload`] or a [`Reply`], also in a `Result`
///
/// A tuple becomes the positional values of the result, as a tuple of arguments does, also in a
/// `Result`. Any other value becomes the only one: a list too, and a tuple within another value.
/// `()` becomes null. [`Reply::value`] sends a tuple as one value.
///
/// ```
/// # #[cfg(feature = "router")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let router = wampwerk::Router::builder().realm("realm1").build()?;
/// # let session = router.connect("realm1").await?;
/// session.register("com.example.divide", |a: i64, b: i64| async move {
///     (a / b, a % b)
/// }).await?;
///
/// let (quotient, rest): (i64, i64) = session.call("com.example.divide").args((7, 2)).value().await?;
/// assert_eq!((quotient, rest), (3, 1));
/// # Ok(()) }
/// # #[cfg(not(feature = "router"))]
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a procedure cannot return `{Self}`",
    note = "return `Result<T, ApplicationError>` with any `T: Serialize`, a tuple of up to eight values, or `Reply::value(…)`"
)]
pub trait IntoReply {
    /// Encodes the reply in the session's format.
    ///
    /// # Errors
    /// Returns the procedure's own error, or `wamp.error.invalid_payload` if the value cannot be
    /// encoded.
    fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError>;
}

/// A reply of any form: several positional values, keyword values, or a value of any type.
///
/// ```
/// use wampwerk::session::Reply;
///
/// # use std::collections::BTreeMap;
/// # use wampwerk::{ApplicationError, Serializer, session::IntoReply};
/// let two_values = Reply::args((1, "one"));
/// let with_keywords = Reply::value(1).kwargs(BTreeMap::from([("unit", "mm")]));
/// # two_values.into_reply(Serializer::ALL[0])?;
/// # with_keywords.into_reply(Serializer::ALL[0])?;
/// # Ok::<(), ApplicationError>(())
/// ```
#[doc(alias("CallResult", "Result"))]
pub struct Reply {
    args: Option<Box<dyn Write>>,
    kwargs: Option<Box<dyn Write>>,
}

impl Reply {
    /// Creates a reply without values.
    pub fn empty() -> Self {
        Reply { args: None, kwargs: None }
    }

    /// Creates a reply with one positional value.
    pub fn value<T: Serialize + MaybeSend + MaybeSync + 'static>(value: T) -> Self {
        Reply::args((value,))
    }

    /// Creates a reply with several positional values: a tuple, array or list.
    pub fn args<A: Serialize + MaybeSend + MaybeSync + 'static>(args: A) -> Self {
        Reply { args: Some(Box::new(PositionalValues(args))), kwargs: None }
    }

    /// Adds keyword values: a struct or map.
    #[must_use]
    pub fn kwargs<K: Serialize + MaybeSend + MaybeSync + 'static>(mut self, kwargs: K) -> Self {
        self.kwargs = Some(Box::new(KeywordValues(kwargs)));
        self
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

impl IntoReply for Reply {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError> {
        [self.args, self.kwargs]
            .into_iter()
            .flatten()
            .try_fold(Payload::empty(), |payload, values| values.write(payload, serializer))
            .map_err(unwritable)
    }
}

impl<T: Serialize, E: Into<ApplicationError>> IntoReply for Result<T, E> {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError> {
        self.map_err(Into::into).and_then(|value| write(&value, serializer))
    }
}

impl<E: Into<ApplicationError>> IntoReply for Result<Payload, E> {
    fn into_reply(self, _: Serializer) -> Result<Payload, ApplicationError> {
        self.map_err(Into::into)
    }
}

impl<E: Into<ApplicationError>> IntoReply for Result<Reply, E> {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError> {
        self.map_err(Into::into).and_then(|reply| reply.into_reply(serializer))
    }
}

impl IntoReply for Payload {
    fn into_reply(self, _: Serializer) -> Result<Payload, ApplicationError> {
        Ok(self)
    }
}

/// Types that are listed by name, because a blanket implementation would include `Result`.
macro_rules! plain_values {
    ($($ty:ty),* $(,)?) => {$(
        impl IntoReply for $ty {
            fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError> {
                write(&self, serializer)
            }
        }
    )*};
}

plain_values! {
    (), bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64, char,
    String, &'static str, Uri, Value, Dict,
}

impl IntoReply for Bytes {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError> {
        Value::Bytes(self).into_reply(serializer)
    }
}

macro_rules! collections {
    ($($ty:ident<$($parameter:ident),*>),* $(,)?) => {$(
        impl<$($parameter: Serialize),*> IntoReply for $ty<$($parameter),*> {
            fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError> {
                write(&self, serializer)
            }
        }
    )*};
}

collections! { Vec<T>, Option<T>, HashMap<K, V>, BTreeMap<K, V> }

macro_rules! tuples {
    ($(($($value:ident),+))*) => {$(
        impl<$($value: Serialize),+> IntoReply for ($($value,)+) {
            fn into_reply(self, serializer: Serializer) -> Result<Payload, ApplicationError> {
                write(&self, serializer)
            }
        }
    )*};
}

tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
}

/// Values that are encoded once the format is known.
trait Write: MaybeSend + MaybeSync {
    fn write(&self, payload: Payload, serializer: Serializer) -> Result<Payload, EncodeError>;
}

struct PositionalValues<A>(A);

impl<A: Serialize + MaybeSend + MaybeSync> Write for PositionalValues<A> {
    fn write(&self, payload: Payload, serializer: Serializer) -> Result<Payload, EncodeError> {
        payload.with_args(serializer, &self.0)
    }
}

struct KeywordValues<K>(K);

impl<K: Serialize + MaybeSend + MaybeSync> Write for KeywordValues<K> {
    fn write(&self, payload: Payload, serializer: Serializer) -> Result<Payload, EncodeError> {
        payload.with_kwargs(serializer, &self.0)
    }
}

fn write<T: Serialize>(value: &T, serializer: Serializer) -> Result<Payload, ApplicationError> {
    match is_tuple::<T>() {
        true => Payload::encode(serializer, value, &()),
        false => Payload::encode(serializer, &(value,), &()),
    }
    .map_err(unwritable)
}

fn unwritable(error: EncodeError) -> ApplicationError {
    ApplicationError::new(Uri::INVALID_PAYLOAD).arg(error.to_string())
}
