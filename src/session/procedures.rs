//! Implements registering several procedures at once, such as the methods of an object. Either all
//! of them are registered, or none.

use std::fmt;
use std::future::{Future, IntoFuture, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use crate::core::client::RequestTicket;
use crate::error::{AllError, ApplicationError, RegisterError};
use crate::message::Payload;
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::Session;
use crate::session::all_or_none::{Withdraw, all_or_none};
use crate::session::handler::{Extract, Parameters};
use crate::session::incoming::IncomingCall;
use crate::session::procedure::{DynProcedure, Procedure, erase};
use crate::session::register::{RegisterRequest, Registration};
use crate::session::reply::IntoReply;
use crate::session::setup::{DynSetup, setup};
use crate::uri::Pattern;

/// Procedures for [`Session::register_all`] and
/// [`Component::register_all`](crate::Component::register_all).
///
/// ```
/// use wampwerk::Session;
/// use wampwerk::session::{IncomingCall, Procedures};
/// use wampwerk::uri::Pattern;
///
/// # async fn example(session: Session) -> Result<(), wampwerk::Error> {
/// let procedures = Procedures::new()
///     .add("now", || async { 12 })
///     .add(Pattern::prefix("say."), |call: IncomingCall| async move { call.procedure })
///     .add_with_options("twice", |request| request.concurrency(4), |n: i64| async move { 2 * n });
/// session.register_all("com.example.", procedures).await?;
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct Procedures {
    entries: Vec<Entry>,
}

/// Methods of one object, as procedures for [`Session::register_all`].
///
/// A method takes `self: Arc<Self>`, because several calls may run at the same time. Protect
/// mutable state with a lock or an atomic. The other parameters and the result are those of any
/// [`Procedure`].
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// use wampwerk::{ApplicationError, Session};
/// use wampwerk::session::Procedures;
///
/// struct Calculator {
///     memory: AtomicI64,
/// }
///
/// impl Calculator {
///     async fn add(self: Arc<Self>, a: i64, b: i64) -> i64 {
///         a + b
///     }
///
///     async fn divide(self: Arc<Self>, a: f64, b: f64) -> Result<f64, ApplicationError> {
///         match b {
///             0.0 => Err(ApplicationError::new("com.example.error.division_by_zero")),
///             b => Ok(a / b),
///         }
///     }
///
///     async fn remember(self: Arc<Self>, number: i64) {
///         self.memory.store(number, Ordering::Relaxed);
///     }
/// }
///
/// # async fn example(session: Session) -> Result<(), wampwerk::Error> {
/// let calculator = Arc::new(Calculator { memory: AtomicI64::new(0) });
/// let procedures = Procedures::of(calculator)
///     .add("add", Calculator::add)
///     .add("divide", Calculator::divide)
///     .add("remember", Calculator::remember);
/// let registrations = session.register_all("com.example.calc.", procedures).await?;
/// assert_eq!(registrations.len(), 3);
/// for registration in registrations {
///     registration.unregister().await?;
/// }
/// # Ok(()) }
/// ```
pub struct ProceduresOf<S> {
    object: Arc<S>,
    procedures: Procedures,
}

/// A procedure with its URI and options.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) procedure: Pattern,
    pub(crate) setup: Option<DynSetup<RegisterRequest>>,
    pub(crate) endpoint: DynProcedure,
}

impl Session {
    /// Registers several procedures, each under the prefix followed by its name. The prefix usually
    /// ends with a dot. Either all procedures are registered, or none: if one fails, or if the
    /// future is dropped, the others are unregistered.
    ///
    /// # Errors
    /// Returns the first procedure, in the given order, that could not be registered, and the
    /// reason.
    #[doc(alias = "wamp.register")]
    pub async fn register_all(
        &self,
        prefix: impl AsRef<str>,
        procedures: impl Into<Procedures>,
    ) -> Result<Vec<Registration>, AllError<RegisterError>> {
        let entries = procedures.into().within(prefix.as_ref());
        let requests =
            entries.map(|entry| (entry.procedure.uri().clone(), entry.request(self).into_future()));
        all_or_none(self, requests.collect()).await
    }
}

impl Withdraw for Registration {
    fn listener(&self) -> RequestTicket {
        Registration::listener(self)
    }

    fn withdraw(self) -> BoxFuture<'static, ()> {
        Box::pin(async move { drop(self.unregister().await) })
    }
}

impl Entry {
    pub(crate) fn request(&self, session: &Session) -> RegisterRequest {
        let (procedure, endpoint) = (self.procedure.clone(), Arc::clone(&self.endpoint));
        let request = RegisterRequest::new(session.clone(), procedure, endpoint);
        match &self.setup {
            Some(setup) => setup.apply(request),
            None => request,
        }
    }
}

impl Procedures {
    /// Creates an empty set of procedures.
    pub fn new() -> Self {
        Procedures::default()
    }

    /// Creates an empty set of methods of an object.
    pub fn of<S>(object: Arc<S>) -> ProceduresOf<S> {
        ProceduresOf { object, procedures: Procedures::new() }
    }

    /// Adds a procedure. A [`Pattern`] registers it for all matching URIs.
    #[must_use]
    pub fn add<M: 'static>(self, name: impl Into<Pattern>, endpoint: impl Procedure<M>) -> Self {
        self.with(name.into(), None, erase(endpoint))
    }

    /// Adds a procedure with options, which `set` sets on the request.
    #[must_use]
    pub fn add_with_options<M: 'static>(
        self,
        name: impl Into<Pattern>,
        set: impl Fn(RegisterRequest) -> RegisterRequest + MaybeSend + MaybeSync + 'static,
        endpoint: impl Procedure<M>,
    ) -> Self {
        self.with(name.into(), Some(setup(set)), erase(endpoint))
    }

    fn with(
        mut self,
        procedure: Pattern,
        setup: Option<DynSetup<RegisterRequest>>,
        endpoint: DynProcedure,
    ) -> Self {
        self.entries.push(Entry { procedure, setup, endpoint });
        self
    }

    /// Returns the procedures, each with the prefix before its name.
    pub(crate) fn within(self, prefix: &str) -> impl Iterator<Item = Entry> {
        self.entries.into_iter().map(move |mut entry| {
            entry.procedure = entry.procedure.behind(prefix);
            entry
        })
    }
}

impl fmt::Debug for Procedures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.procedure)).finish()
    }
}

impl<S: MaybeSend + MaybeSync + 'static> ProceduresOf<S> {
    /// Adds a method.
    #[must_use]
    pub fn add<M: 'static>(self, name: impl Into<Pattern>, method: impl Method<S, M>) -> Self {
        self.with(name.into(), None, method)
    }

    /// Adds a method with options, which `set` sets on the request.
    #[must_use]
    pub fn add_with_options<M: 'static>(
        self,
        name: impl Into<Pattern>,
        set: impl Fn(RegisterRequest) -> RegisterRequest + MaybeSend + MaybeSync + 'static,
        method: impl Method<S, M>,
    ) -> Self {
        self.with(name.into(), Some(setup(set)), method)
    }

    fn with<M: 'static>(
        mut self,
        name: Pattern,
        setup: Option<DynSetup<RegisterRequest>>,
        method: impl Method<S, M>,
    ) -> Self {
        let bound = Bound { object: self.object.clone(), method, marker: PhantomData::<fn() -> M> };
        self.procedures = self.procedures.with(name, setup, erase(bound));
        self
    }
}

impl<S> fmt::Debug for ProceduresOf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.procedures.fmt(f)
    }
}

impl<S> From<ProceduresOf<S>> for Procedures {
    fn from(methods: ProceduresOf<S>) -> Self {
        methods.procedures
    }
}

/// A method that can be a procedure. Its first parameter is `self: Arc<Self>` or an `Arc` of the
/// object. Up to eight other parameters are those of a [`Procedure`].
///
/// The type parameter `M` only distinguishes the implementations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a method of `{S}`",
    note = "it must be an `async fn` whose first parameter is `self: Arc<Self>`",
    note = "its other parameters must own what they hold and be `Deserialize`, or one of `Args`, `Kwargs`, `Payload`, `InvocationDetails`, `Progress`, `Chunks`, `IncomingCall`",
    note = "it must have at most eight parameters beside the object; `Args<T>` takes any number of arguments as one",
    note = "it must return `Result<T, E>` with any `T: Serialize` and an `E` that becomes an `ApplicationError` (`wamp_errors!` makes such types, `BoxError` takes any), a common type, a tuple of values, or a `Reply` (a struct is returned as `Reply::value(…)`)"
)]
pub trait Method<S, M>: MaybeSend + MaybeSync + 'static {
    /// Starts the procedure.
    fn call(
        &self,
        object: Arc<S>,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Payload, ApplicationError>>;
}

/// A method with its object.
struct Bound<S, F, M> {
    object: Arc<S>,
    method: F,
    marker: PhantomData<fn() -> M>,
}

impl<S, F, M> Procedure<M> for Bound<S, F, M>
where
    S: MaybeSend + MaybeSync + 'static,
    F: Method<S, M>,
    M: 'static,
{
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
        self.method.call(self.object.clone(), call)
    }
}

macro_rules! methods {
    ($(($($parameter:ident),*))*) => {$(
        impl<Object, Function, Output, $($parameter,)*> Method<Object, ($($parameter,)*)>
            for Function
        where
            Function: Fn(Arc<Object>, $($parameter),*) -> Output + MaybeSend + MaybeSync + 'static,
            Output: Future + MaybeSend + 'static,
            Output::Output: IntoReply,
            $($parameter: Extract<IncomingCall>,)*
        {
            #[allow(non_snake_case, reason = "one macro for all arities")]
            fn call(
                &self,
                object: Arc<Object>,
                call: IncomingCall,
            ) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
                let serializer = call.serializer();
                match <($($parameter,)*)>::from_all(&call.payload, &call) {
                    Ok(($($parameter,)*)) => {
                        let output = self(object, $($parameter),*);
                        Box::pin(async move { output.await.into_reply(serializer) })
                    }
                    Err(error) => Box::pin(ready(Err(error))),
                }
            }
        }
    )*};
}

methods! {
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
