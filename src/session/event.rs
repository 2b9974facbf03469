//! Contains [`IncomingEvent`], which a subscription receives, and the trait for event handlers.

use std::future::{Future, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::error::{ApplicationError, DecodeError};
use crate::message::{EventDetails, Payload};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::handler::{Extract, Parameters};
use crate::session::queue::Queued;
use crate::uri::Uri;

/// An event that a subscription received.
#[doc(alias = "Event", alias = "EventDetails")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IncomingEvent {
    /// Topic of the event. For a pattern subscription this is not the pattern.
    pub topic: Uri,
    /// Id of the publication; equal for all subscriptions that receive it.
    pub publication: u64,
    /// Details of the event, including the publisher if the router discloses it.
    pub details: EventDetails,
    /// Arguments of the event.
    pub payload: Payload,
}

impl IncomingEvent {
    /// Decodes the only positional argument, or several into a tuple; see [`Payload::decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.decode()
    }

    /// Decodes all positional arguments; see [`Payload::args`].
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// Decodes the keyword arguments; see [`Payload::kwargs`].
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }
}

impl Queued for IncomingEvent {
    fn weight(&self) -> usize {
        self.payload.weight() + self.details.weight() + self.topic.len()
    }
}

/// A function that handles events: up to eight parameters, and a future of nothing or of a
/// `Result<(), E>`, whose error is a [`UserError`](crate::session::UserError). Surplus arguments are
/// ignored, so that publishers may add arguments.
///
/// The parameters are those of a [`Procedure`](crate::session::Procedure), with [`EventDetails`]
/// and [`IncomingEvent`] in the place of the types of calls.
///
/// The type parameter `M` only distinguishes the implementations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an event handler",
    note = "it must be an `async fn`, or a closure that returns a future (`|a: i64| async move {{ … }}`)",
    note = "its parameters must own what they hold and be `Deserialize`, or one of `Args`, `Kwargs`, `Payload`, `EventDetails`, `IncomingEvent`",
    note = "it must have at most eight parameters; `Args<T>` takes any number of arguments as one",
    note = "it must return nothing, or `Result<(), E>` with an `E` that converts into `ApplicationError`"
)]
pub trait EventHandler<M>: MaybeSend + MaybeSync + 'static {
    /// Starts the handler.
    ///
    /// # Errors
    /// The future's error means that the event does not fit the parameters, or is the handler's own.
    fn handle(&self, event: &IncomingEvent) -> BoxFuture<'static, Result<(), ApplicationError>>;

    /// Is told the number of events that were dropped, because the handler takes them too slowly.
    /// Returns whether it has dealt with the loss. Default: false; then the loss is a
    /// [`UserError`](crate::session::UserError).
    fn lagged(&self, missed: u64) -> bool {
        let _ = missed;
        false
    }
}

/// An event handler with its type erased.
pub(crate) type DynEventHandler = Arc<dyn ErasedEventHandler>;

pub(crate) trait ErasedEventHandler: MaybeSend + MaybeSync {
    fn handle(&self, event: &IncomingEvent) -> BoxFuture<'static, Result<(), ApplicationError>>;
    fn lagged(&self, missed: u64) -> bool;
}

#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(crate) fn erase_handler<M: 'static>(handler: impl EventHandler<M>) -> DynEventHandler {
    Arc::new(Typed { handler, marker: PhantomData })
}

struct Typed<H, M> {
    handler: H,
    marker: PhantomData<fn() -> M>,
}

impl<M: 'static, H: EventHandler<M>> ErasedEventHandler for Typed<H, M> {
    fn handle(&self, event: &IncomingEvent) -> BoxFuture<'static, Result<(), ApplicationError>> {
        self.handler.handle(event)
    }

    fn lagged(&self, missed: u64) -> bool {
        self.handler.lagged(missed)
    }
}

/// What an event handler may return.
pub trait EventOutcome {
    /// Returns the handler's error.
    ///
    /// # Errors
    /// The error of the handler.
    fn into_result(self) -> Result<(), ApplicationError>;
}

impl EventOutcome for () {
    fn into_result(self) -> Result<(), ApplicationError> {
        Ok(())
    }
}

impl<E: Into<ApplicationError>> EventOutcome for Result<(), E> {
    fn into_result(self) -> Result<(), ApplicationError> {
        self.map_err(Into::into)
    }
}

macro_rules! event_handlers {
    ($(($($parameter:ident),*))*) => {$(
        impl<Function, Output, $($parameter,)*> EventHandler<($($parameter,)*)> for Function
        where
            Function: Fn($($parameter),*) -> Output + MaybeSend + MaybeSync + 'static,
            Output: Future + MaybeSend + 'static,
            Output::Output: EventOutcome,
            $($parameter: Extract<IncomingEvent>,)*
        {
            #[allow(non_snake_case, reason = "one macro for all arities")]
            fn handle(&self, event: &IncomingEvent) -> BoxFuture<'static, Result<(), ApplicationError>> {
                match <($($parameter,)*)>::from_some(&event.payload, event) {
                    Ok(($($parameter,)*)) => {
                        let output = self($($parameter),*);
                        Box::pin(async move { output.await.into_result() })
                    }
                    Err(error) => Box::pin(ready(Err(error))),
                }
            }
        }
    )*};
}

event_handlers! {
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
