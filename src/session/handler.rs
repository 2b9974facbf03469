//! How handlers get their arguments: extraction by type.

use std::fmt;

use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, IntoDeserializer};

use crate::codec::Positional;
use crate::error::{ApplicationError, DecodeError};
use crate::message::{EventDetails, InvocationDetails, Payload};
use crate::uri::uris;

/// The arguments and details of an invocation or event, handed out one by one to the parameters of
/// a handler.
pub struct Arguments<'a, D> {
    payload: &'a Payload,
    details: &'a D,
    positional: Positional<'a>,
    taken: usize,
    keywords_taken: bool,
}

impl<D: fmt::Debug> fmt::Debug for Arguments<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments")
            .field("payload", self.payload)
            .field("details", self.details)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// A type that can be a parameter of a handler.
///
/// Whatever serde can read takes the next positional argument; an `Option` at the end may be left
/// off by the sender. [`Args`], [`Kwargs`], [`Payload`] and the details take something else.
///
/// `D` is [`InvocationDetails`] for procedures and [`EventDetails`] for events.
pub trait Extract<D>: Sized {
    /// Takes the parameter.
    ///
    /// # Errors
    /// `wamp.error.invalid_argument` if the argument is missing or does not fit.
    fn extract(arguments: &mut Arguments<'_, D>) -> Result<Self, ApplicationError>;
}

/// A parameter of a handler: all positional arguments that are left, as a tuple, list or struct.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made to be taken apart")]
pub struct Args<T>(pub T);

/// A parameter of a handler: the keyword arguments, as a struct or map.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made to be taken apart")]
pub struct Kwargs<T>(pub T);

/// A parameter of a procedure: who calls, and how.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made to be taken apart")]
pub struct CallDetails(pub InvocationDetails);

/// A parameter of an event handler: who published, and where.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made to be taken apart")]
pub struct PublishDetails(pub EventDetails);

impl<'a, D> Arguments<'a, D> {
    pub(super) fn new(payload: &'a Payload, details: &'a D) -> Result<Self, ApplicationError> {
        let positional = payload.positional().map_err(invalid)?;
        Ok(Arguments { payload, details, positional, taken: 0, keywords_taken: false })
    }

    /// That nothing was sent that the handler does not take.
    pub(super) fn finish(self) -> Result<(), ApplicationError> {
        let (taken, surplus) = (self.taken, self.positional.remaining());
        if surplus > 0 {
            return Err(invalid(format!(
                "takes {taken} positional arguments, {} were given",
                taken + surplus
            )));
        }
        if !self.keywords_taken && self.payload.elements() > 1 {
            return Err(invalid("takes no keyword arguments"));
        }
        Ok(())
    }
}

impl<T: DeserializeOwned, D> Extract<D> for T {
    fn extract(arguments: &mut Arguments<'_, D>) -> Result<Self, ApplicationError> {
        arguments.taken += 1;
        match arguments.positional.next::<T>() {
            Some(value) => value.map_err(invalid),
            None => {
                // Left off is the same as null; only an optional parameter can be read from that.
                let nothing: UnitDeserializer<DecodeError> = ().into_deserializer();
                T::deserialize(nothing)
                    .map_err(|_| invalid(format!("argument {} is missing", arguments.taken)))
            }
        }
    }
}

impl<T: DeserializeOwned, D> Extract<D> for Args<T> {
    fn extract(arguments: &mut Arguments<'_, D>) -> Result<Self, ApplicationError> {
        let rest = arguments.positional.clone();
        skip_all(arguments);
        T::deserialize(rest).map(Args).map_err(invalid)
    }
}

impl<T: DeserializeOwned, D> Extract<D> for Kwargs<T> {
    fn extract(arguments: &mut Arguments<'_, D>) -> Result<Self, ApplicationError> {
        arguments.keywords_taken = true;
        arguments.payload.kwargs().map(Kwargs).map_err(invalid)
    }
}

impl<D> Extract<D> for Payload {
    fn extract(arguments: &mut Arguments<'_, D>) -> Result<Self, ApplicationError> {
        arguments.keywords_taken = true;
        skip_all(arguments);
        Ok(arguments.payload.clone())
    }
}

impl Extract<InvocationDetails> for CallDetails {
    fn extract(arguments: &mut Arguments<'_, InvocationDetails>) -> Result<Self, ApplicationError> {
        Ok(CallDetails(arguments.details.clone()))
    }
}

impl Extract<EventDetails> for PublishDetails {
    fn extract(arguments: &mut Arguments<'_, EventDetails>) -> Result<Self, ApplicationError> {
        Ok(PublishDetails(arguments.details.clone()))
    }
}

fn skip_all<D>(arguments: &mut Arguments<'_, D>) {
    while arguments.positional.next::<IgnoredAny>().is_some() {}
}

fn invalid(message: impl ToString) -> ApplicationError {
    ApplicationError::new(uris::INVALID_ARGUMENT).arg(message.to_string())
}
