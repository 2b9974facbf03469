//! Contains the trait for procedures that a session can register.

use std::future::{Future, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::ApplicationError;
use crate::message::Payload;
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::handler::{Extract, Parameters};
use crate::session::incoming::IncomingCall;
use crate::session::reply::IntoReply;

/// A procedure that can be registered: any function of up to eight parameters, which returns a future
/// of a [reply](IntoReply).
///
/// A parameter is one of:
///
/// | type | receives |
/// |---|---|
/// | any `T: Deserialize` | the next positional argument; with `Option<T>` the caller may omit trailing arguments |
/// | [`Args<T>`](crate::session::Args) | all remaining positional arguments |
/// | [`Kwargs<T>`](crate::session::Kwargs) | the keyword arguments |
/// | [`Payload`] | all arguments, not decoded |
/// | [`InvocationDetails`](crate::message::InvocationDetails) | the details of the call, with the procedure |
/// | [`Progress`](crate::session::Progress), [`Chunks`](crate::session::Chunks) | a sender of progressive results; further parts of the arguments |
/// | [`IncomingCall`] | the whole call |
///
/// A missing or surplus argument, and one of another type, is answered with
/// `wamp.error.invalid_argument`.
///
/// ```
/// use wampwerk::{ApplicationError, Session};
///
/// async fn divide(a: f64, b: f64) -> Result<f64, ApplicationError> {
///     match b {
///         0.0 => Err(ApplicationError::new("com.example.error.division_by_zero")),
///         b => Ok(a / b),
///     }
/// }
///
/// # async fn example(session: Session) -> Result<(), wampwerk::Error> {
/// session.register("com.example.divide", divide).await?;
/// session.register("com.example.greet", |name: Option<String>| async move {
///     format!("Hello, {}!", name.as_deref().unwrap_or("stranger"))
/// }).await?;
/// # Ok(()) }
/// ```
///
/// The session polls the future once itself, so that a quick procedure needs no task of its own. Do
/// not block the thread: move work that keeps a processor busy to `tokio::task::spawn_blocking`. A step
/// of more than 1 s is logged as a warning with the procedure's name.
///
/// If the caller cancels, the future is dropped at its current await point, and the caller receives
/// `wamp.error.canceled`. Put cleanup that must always run into a `Drop` implementation or a
/// separate task.
///
/// A procedure that keeps a [`Session`](crate::Session) holds a handle to it. The session then does
/// not leave automatically; call [`leave`](crate::Session::leave).
///
/// The type parameter `M` only distinguishes the implementations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a procedure",
    note = "it must be an `async fn`, or a closure that returns a future (`|a: i64| async move {{ … }}`)",
    note = "its parameters must own what they hold and be `Deserialize`, or one of `Args`, `Kwargs`, `Payload`, `InvocationDetails`, `Progress`, `Chunks`, `IncomingCall`",
    note = "it must have at most eight parameters; `Args<T>` takes any number of arguments as one",
    note = "it must return `Result<T, E>` with any `T: Serialize` and an `E` that becomes an `ApplicationError` (`wamp_errors!` makes such types, `BoxError` takes any), a common type, a tuple of values, or a `Reply` (a struct is returned as `Reply::value(…)`)"
)]
#[doc(alias = "endpoint")]
pub trait Procedure<M>: MaybeSend + MaybeSync + 'static {
    /// Starts the procedure.
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>>;
}

/// A procedure with its type erased.
pub(crate) type DynProcedure = Arc<dyn ErasedProcedure>;

pub(crate) trait ErasedProcedure: MaybeSend + MaybeSync {
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>>;
}

#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(crate) fn erase<M: 'static>(procedure: impl Procedure<M>) -> DynProcedure {
    Arc::new(Typed { procedure, marker: PhantomData })
}

struct Typed<E, M> {
    procedure: E,
    marker: PhantomData<fn() -> M>,
}

impl<M: 'static, E: Procedure<M>> ErasedProcedure for Typed<E, M> {
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
        self.procedure.call(call)
    }
}

macro_rules! procedures {
    ($(($($parameter:ident),*))*) => {$(
        impl<Function, Output, $($parameter,)*> Procedure<($($parameter,)*)> for Function
        where
            Function: Fn($($parameter),*) -> Output + MaybeSend + MaybeSync + 'static,
            Output: Future + MaybeSend + 'static,
            Output::Output: IntoReply,
            $($parameter: Extract<IncomingCall>,)*
        {
            #[allow(non_snake_case, reason = "one macro for all arities")]
            fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
                let serializer = call.serializer();
                match <($($parameter,)*)>::from_all(&call.payload, &call) {
                    Ok(($($parameter,)*)) => {
                        let output = self($($parameter),*);
                        Box::pin(async move { output.await.into_reply(serializer) })
                    }
                    Err(error) => Box::pin(ready(Err(error))),
                }
            }
        }
    )*};
}

procedures! {
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
