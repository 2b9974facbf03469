//! Implements the extraction of handler parameters by type.

use std::fmt;

use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, IntoDeserializer};

use crate::codec::Positional;
use crate::error::{ApplicationError, DecodeError};
use crate::message::{EventDetails, InvocationDetails, Payload};
use crate::session::event::IncomingEvent;
use crate::session::incoming::IncomingCall;
use crate::uri::Uri;

/// The arguments and details of a call or event, which are passed one by one to the parameters of a
/// handler.
pub struct Arguments<'a, C> {
    payload: &'a Payload,
    context: &'a C,
    positional: Positional<'a>,
    taken: usize,
    keywords_taken: bool,
}

impl<C: fmt::Debug> fmt::Debug for Arguments<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments")
            .field("payload", self.payload)
            .field("context", self.context)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// A type that can be a parameter of a handler.
///
/// A type that implements serde's `Deserialize` takes the next positional argument. The sender may
/// omit trailing arguments of type `Option`. [`Args`], [`Kwargs`], [`Payload`] and the details
/// types take other parts of the message.
///
/// `C` is [`IncomingCall`] for procedures and [`IncomingEvent`] for event handlers; both are extracted, too.
pub trait Extract<C>: Sized {
    /// Extracts the parameter.
    ///
    /// # Errors
    /// Returns `wamp.error.invalid_argument` if the argument is missing or does not fit.
    fn extract(arguments: &mut Arguments<'_, C>) -> Result<Self, ApplicationError>;
}

/// Handler parameter: all remaining positional arguments, as a tuple, list or struct.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made to be taken apart")]
pub struct Args<T>(pub T);

/// Handler parameter: the keyword arguments, as a struct or map.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made to be taken apart")]
pub struct Kwargs<T>(pub T);

impl<'a, C> Arguments<'a, C> {
    fn new(payload: &'a Payload, context: &'a C) -> Result<Self, ApplicationError> {
        static NONE: Payload = Payload::empty();
        // Opaque data has no single arguments; it can only be taken as a whole.
        let source = if payload.opaque().is_some() { &NONE } else { payload };
        let positional = source.positional().map_err(invalid)?;
        Ok(Arguments { payload, context, positional, taken: 0, keywords_taken: false })
    }

    /// Returns the call or event that the arguments belong to.
    pub(super) fn context(&self) -> &'a C {
        self.context
    }

    /// Takes all remaining arguments.
    pub(super) fn take_all(&mut self) {
        self.keywords_taken = true;
        while self.positional.next::<IgnoredAny>().is_some() {}
    }

    /// Checks that no arguments remain.
    fn finish(self) -> Result<(), ApplicationError> {
        let (taken, surplus) = (self.taken, self.positional.remaining());
        if surplus > 0 {
            return Err(invalid(format!(
                "takes {taken} positional arguments, {} were given",
                taken + surplus
            )));
        }
        if !self.keywords_taken && self.payload.opaque().is_some() {
            return Err(invalid("takes arguments, the payload is opaque binary data"));
        }
        if !self.keywords_taken && self.payload.elements() > 1 {
            return Err(invalid("takes no keyword arguments"));
        }
        Ok(())
    }
}

/// All parameters of a handler, as a tuple.
pub(super) trait Parameters<C>: Sized {
    fn take(arguments: &mut Arguments<'_, C>) -> Result<Self, ApplicationError>;

    /// Extracts from a payload that may contain surplus arguments.
    fn from_some(payload: &Payload, context: &C) -> Result<Self, ApplicationError> {
        Self::take(&mut Arguments::new(payload, context)?)
    }

    /// Extracts from a payload that must not contain surplus arguments.
    fn from_all(payload: &Payload, context: &C) -> Result<Self, ApplicationError> {
        let mut arguments = Arguments::new(payload, context)?;
        let parameters = Self::take(&mut arguments)?;
        arguments.finish()?;
        Ok(parameters)
    }
}

macro_rules! parameters {
    ($(($($parameter:ident),*))*) => {$(
        impl<Context, $($parameter: Extract<Context>,)*> Parameters<Context> for ($($parameter,)*) {
            #[allow(unused_variables, clippy::unused_unit, reason = "for all arities")]
            fn take(arguments: &mut Arguments<'_, Context>) -> Result<Self, ApplicationError> {
                Ok(($($parameter::extract(arguments)?,)*))
            }
        }
    )*};
}

parameters! {
    ()
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
}

impl<T: DeserializeOwned, C> Extract<C> for T {
    fn extract(arguments: &mut Arguments<'_, C>) -> Result<Self, ApplicationError> {
        arguments.taken += 1;
        match arguments.positional.next::<T>() {
            Some(value) => value.map_err(invalid),
            None => {
                // A missing argument equals null, which only an optional parameter accepts.
                let nothing: UnitDeserializer<DecodeError> = ().into_deserializer();
                T::deserialize(nothing)
                    .map_err(|_| invalid(format!("argument {} is missing", arguments.taken)))
            }
        }
    }
}

impl<T: DeserializeOwned, C> Extract<C> for Args<T> {
    fn extract(arguments: &mut Arguments<'_, C>) -> Result<Self, ApplicationError> {
        let rest = arguments.positional.clone();
        while arguments.positional.next::<IgnoredAny>().is_some() {}
        T::deserialize(rest).map(Args).map_err(invalid)
    }
}

impl<T: DeserializeOwned, C> Extract<C> for Kwargs<T> {
    fn extract(arguments: &mut Arguments<'_, C>) -> Result<Self, ApplicationError> {
        arguments.keywords_taken = true;
        arguments.payload.kwargs().map(Kwargs).map_err(invalid)
    }
}

impl<C> Extract<C> for Payload {
    fn extract(arguments: &mut Arguments<'_, C>) -> Result<Self, ApplicationError> {
        arguments.take_all();
        Ok(arguments.payload.clone())
    }
}

/// The details of the call. The procedure is always present.
impl Extract<IncomingCall> for InvocationDetails {
    fn extract(arguments: &mut Arguments<'_, IncomingCall>) -> Result<Self, ApplicationError> {
        let call = arguments.context;
        let mut details = call.details.clone();
        details.procedure = Some(call.procedure.clone());
        Ok(details)
    }
}

/// The details of the event. The topic is always present.
impl Extract<IncomingEvent> for EventDetails {
    fn extract(arguments: &mut Arguments<'_, IncomingEvent>) -> Result<Self, ApplicationError> {
        let event = arguments.context;
        let mut details = event.details.clone();
        details.topic = Some(event.topic.clone());
        Ok(details)
    }
}

/// The whole call, with all its arguments.
impl Extract<IncomingCall> for IncomingCall {
    fn extract(arguments: &mut Arguments<'_, IncomingCall>) -> Result<Self, ApplicationError> {
        arguments.take_all();
        Ok(arguments.context.clone())
    }
}

/// The whole event, with all its arguments.
impl Extract<IncomingEvent> for IncomingEvent {
    fn extract(arguments: &mut Arguments<'_, IncomingEvent>) -> Result<Self, ApplicationError> {
        arguments.take_all();
        Ok(arguments.context.clone())
    }
}

fn invalid(message: impl ToString) -> ApplicationError {
    ApplicationError::new(Uri::INVALID_ARGUMENT).arg(message.to_string())
}
