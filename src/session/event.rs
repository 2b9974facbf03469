//! `Event`: what a subscription gets, and the functions that can handle it.

use std::future::{Future, ready};

use serde::de::DeserializeOwned;

use crate::error::{ApplicationError, DecodeError};
use crate::message::{EventDetails, Payload};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::handler::{Extract, Parameters};
use crate::session::queue::Queued;
use crate::uri::Uri;

/// An event that a subscription received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// The topic that was published to; with a pattern subscription not the pattern.
    pub topic: Uri,
    /// The id of the publication; the same for every subscription that gets it.
    pub publication: u64,
    /// The publisher and more, as far as the router tells.
    pub details: EventDetails,
    /// The arguments.
    pub payload: Payload,
}

impl Event {
    /// The one positional argument; see [`Payload::decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.decode()
    }

    /// All positional arguments; see [`Payload::args`].
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// The keyword arguments; see [`Payload::kwargs`].
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }
}

impl Queued for Event {
    fn payload(&self) -> &Payload {
        &self.payload
    }
}

/// A function that can handle events: up to eight parameters that can be [extracted](Extract), and
/// a future of nothing. Arguments beyond its parameters are left alone, so that publishers may add
/// some.
///
/// `M` only tells the implementations apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an event handler",
    note = "it must be an `async fn`, or a closure that returns a future (`|a: i64| async move {{ … }}`)",
    note = "its parameters must own what they hold and be `Deserialize`, or one of `Args`, `Kwargs`, `Payload`, `PublishDetails`, `Whole`",
    note = "it must return nothing"
)]
pub trait EventHandler<M>: MaybeSend + MaybeSync + 'static {
    /// Starts the handler.
    ///
    /// # Errors
    /// The future's error tells that the event does not fit the parameters.
    fn handle(&self, event: &Event) -> BoxFuture<'static, Result<(), ApplicationError>>;
}

macro_rules! event_handlers {
    ($(($($parameter:ident),*))*) => {$(
        impl<Function, Output, $($parameter,)*> EventHandler<($($parameter,)*)> for Function
        where
            Function: Fn($($parameter),*) -> Output + MaybeSend + MaybeSync + 'static,
            Output: Future<Output = ()> + MaybeSend + 'static,
            $($parameter: Extract<Event>,)*
        {
            #[allow(non_snake_case, reason = "one macro for all arities")]
            fn handle(&self, event: &Event) -> BoxFuture<'static, Result<(), ApplicationError>> {
                match <($($parameter,)*)>::from_some(&event.payload, event) {
                    Ok(($($parameter,)*)) => {
                        let output = self($($parameter),*);
                        Box::pin(async move {
                            output.await;
                            Ok(())
                        })
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
