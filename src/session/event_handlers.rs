//! Implements subscribing with several handlers at once, such as the methods of an object. Either all of
//! them are subscribed, or none.

use std::fmt;
use std::future::{Future, IntoFuture, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use crate::core::client::RequestTicket;
use crate::error::{AllError, ApplicationError, SubscribeError};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::Session;
use crate::session::all_or_none::{Withdraw, all_or_none};
use crate::session::event::{
    DynEventHandler, EventHandler, EventOutcome, IncomingEvent, erase_handler,
};
use crate::session::handler::{Extract, Parameters};
use crate::session::setup::{DynSetup, setup};
use crate::session::subscribe::{Handled, HandlerSubscription, SubscribeRequest};
use crate::uri::Pattern;

/// IncomingEvent handlers for [`Session::subscribe_all`] and
/// [`Component::subscribe_all`](crate::Component::subscribe_all).
///
/// ```
/// use wampwerk::Session;
/// use wampwerk::session::EventHandlers;
/// use wampwerk::uri::Pattern;
///
/// # async fn example(session: Session) -> Result<(), wampwerk::Error> {
/// let handlers = EventHandlers::new()
///     .add("opened", |shop: String| async move { println!("{shop} is open") })
///     .add(Pattern::prefix("price."), |price: f64| async move { println!("{price}") })
///     .add_with_options("closed", |request| request.get_retained(), || async { println!("closed") });
/// let subscriptions = session.subscribe_all("com.shop.", handlers).await?;
/// assert_eq!(subscriptions.len(), 3);
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct EventHandlers {
    entries: Vec<HandlerEntry>,
}

/// Methods of one object, as event handlers for [`Session::subscribe_all`].
///
/// A method takes `self: Arc<Self>`. The other parameters and the result are those of any
/// [`EventHandler`].
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use wampwerk::Session;
/// use wampwerk::session::EventHandlers;
///
/// #[derive(Default)]
/// struct Stock {
///     bolts: AtomicU64,
/// }
///
/// impl Stock {
///     async fn delivered(self: Arc<Self>, count: u64) {
///         self.bolts.fetch_add(count, Ordering::Relaxed);
///     }
///
///     async fn counted(self: Arc<Self>, count: u64) {
///         self.bolts.store(count, Ordering::Relaxed);
///     }
/// }
///
/// # async fn example(session: Session) -> Result<(), wampwerk::Error> {
/// let handlers = EventHandlers::of(Arc::new(Stock::default()))
///     .add("delivered", Stock::delivered)
///     .add("counted", Stock::counted);
/// session.subscribe_all("com.shop.stock.", handlers).await?;
/// # Ok(()) }
/// ```
pub struct EventHandlersOf<S> {
    object: Arc<S>,
    handlers: EventHandlers,
}

/// A handler with its topic and options.
#[derive(Clone)]
pub(crate) struct HandlerEntry {
    pub(crate) topic: Pattern,
    pub(crate) setup: Option<DynSetup<SubscribeRequest>>,
    pub(crate) handler: DynEventHandler,
}

impl Session {
    /// Subscribes with several handlers, each to the prefix followed by its topic. The prefix usually
    /// ends with a dot. Either all are subscribed, or none: if one fails, or if the future is dropped,
    /// the others are unsubscribed.
    ///
    /// # Errors
    /// Returns the first topic, in the given order, that could not be subscribed to, and the reason.
    #[doc(alias = "wamp.subscribe")]
    pub async fn subscribe_all(
        &self,
        prefix: impl AsRef<str>,
        handlers: impl Into<EventHandlers>,
    ) -> Result<Vec<HandlerSubscription>, AllError<SubscribeError>> {
        let entries = handlers.into().within(prefix.as_ref());
        let requests =
            entries.map(|entry| (entry.topic.uri().clone(), entry.request(self).into_future()));
        all_or_none(self, requests.collect()).await
    }
}

impl Withdraw for HandlerSubscription {
    fn listener(&self) -> RequestTicket {
        HandlerSubscription::listener(self)
    }

    fn withdraw(self) -> BoxFuture<'static, ()> {
        Box::pin(async move { drop(self.unsubscribe().await) })
    }
}

impl HandlerEntry {
    pub(crate) fn request(&self, session: &Session) -> SubscribeRequest<Handled> {
        let request = session.subscribe(&self.topic);
        let request = match &self.setup {
            Some(setup) => setup.apply(request),
            None => request,
        };
        request.handled_by(Arc::clone(&self.handler))
    }
}

impl EventHandlers {
    /// Creates an empty set of handlers.
    pub fn new() -> Self {
        EventHandlers::default()
    }

    /// Creates an empty set of methods of an object.
    pub fn of<S>(object: Arc<S>) -> EventHandlersOf<S> {
        EventHandlersOf { object, handlers: EventHandlers::new() }
    }

    /// Adds a handler for a topic. A [`Pattern`] subscribes to all matching topics.
    #[must_use]
    pub fn add<M: 'static>(self, topic: impl Into<Pattern>, handler: impl EventHandler<M>) -> Self {
        self.with(topic.into(), None, erase_handler(handler))
    }

    /// Adds a handler with options, which `set` sets on the request.
    #[must_use]
    pub fn add_with_options<M: 'static>(
        self,
        topic: impl Into<Pattern>,
        set: impl Fn(SubscribeRequest) -> SubscribeRequest + MaybeSend + MaybeSync + 'static,
        handler: impl EventHandler<M>,
    ) -> Self {
        self.with(topic.into(), Some(setup(set)), erase_handler(handler))
    }

    fn with(
        mut self,
        topic: Pattern,
        setup: Option<DynSetup<SubscribeRequest>>,
        handler: DynEventHandler,
    ) -> Self {
        self.entries.push(HandlerEntry { topic, setup, handler });
        self
    }

    /// Returns the handlers, each with the prefix before its topic.
    pub(crate) fn within(self, prefix: &str) -> impl Iterator<Item = HandlerEntry> {
        self.entries.into_iter().map(move |mut entry| {
            entry.topic = entry.topic.behind(prefix);
            entry
        })
    }
}

impl fmt::Debug for EventHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.topic)).finish()
    }
}

impl<S: MaybeSend + MaybeSync + 'static> EventHandlersOf<S> {
    /// Adds a method.
    #[must_use]
    pub fn add<M: 'static>(
        self,
        topic: impl Into<Pattern>,
        method: impl EventMethod<S, M>,
    ) -> Self {
        self.with(topic.into(), None, method)
    }

    /// Adds a method with options, which `set` sets on the request.
    #[must_use]
    pub fn add_with_options<M: 'static>(
        self,
        topic: impl Into<Pattern>,
        set: impl Fn(SubscribeRequest) -> SubscribeRequest + MaybeSend + MaybeSync + 'static,
        method: impl EventMethod<S, M>,
    ) -> Self {
        self.with(topic.into(), Some(setup(set)), method)
    }

    fn with<M: 'static>(
        mut self,
        topic: Pattern,
        setup: Option<DynSetup<SubscribeRequest>>,
        method: impl EventMethod<S, M>,
    ) -> Self {
        let bound = Bound { object: self.object.clone(), method, marker: PhantomData::<fn() -> M> };
        self.handlers = self.handlers.with(topic, setup, erase_handler(bound));
        self
    }
}

impl<S> fmt::Debug for EventHandlersOf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handlers.fmt(f)
    }
}

impl<S> From<EventHandlersOf<S>> for EventHandlers {
    fn from(methods: EventHandlersOf<S>) -> Self {
        methods.handlers
    }
}

/// A method that can be an event handler. Its first parameter is `self: Arc<Self>` or an `Arc` of the
/// object. Up to eight other parameters are those of an [`EventHandler`].
///
/// The type parameter `M` only distinguishes the implementations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle events as a method of `{S}`",
    note = "it must be an `async fn` whose first parameter is `self: Arc<Self>`",
    note = "its other parameters must own what they hold and be `Deserialize`, or one of `Args`, `Kwargs`, `Payload`, `EventDetails`, `IncomingEvent`",
    note = "it must have at most eight parameters beside the object; `Args<T>` takes any number of arguments as one",
    note = "it must return nothing, or `Result<(), E>` with an `E` that converts into `ApplicationError`"
)]
pub trait EventMethod<S, M>: MaybeSend + MaybeSync + 'static {
    /// Starts the handler.
    ///
    /// # Errors
    /// The future's error means that the event does not fit the parameters, or is the handler's own.
    fn handle(
        &self,
        object: Arc<S>,
        event: &IncomingEvent,
    ) -> BoxFuture<'static, Result<(), ApplicationError>>;
}

/// A method with its object.
struct Bound<S, F, M> {
    object: Arc<S>,
    method: F,
    marker: PhantomData<fn() -> M>,
}

impl<S, F, M> EventHandler<M> for Bound<S, F, M>
where
    S: MaybeSend + MaybeSync + 'static,
    F: EventMethod<S, M>,
    M: 'static,
{
    fn handle(&self, event: &IncomingEvent) -> BoxFuture<'static, Result<(), ApplicationError>> {
        self.method.handle(self.object.clone(), event)
    }
}

macro_rules! methods {
    ($(($($parameter:ident),*))*) => {$(
        impl<Object, Function, Output, $($parameter,)*> EventMethod<Object, ($($parameter,)*)>
            for Function
        where
            Function: Fn(Arc<Object>, $($parameter),*) -> Output + MaybeSend + MaybeSync + 'static,
            Output: Future + MaybeSend + 'static,
            Output::Output: EventOutcome,
            $($parameter: Extract<IncomingEvent>,)*
        {
            #[allow(non_snake_case, reason = "one macro for all arities")]
            fn handle(
                &self,
                object: Arc<Object>,
                event: &IncomingEvent,
            ) -> BoxFuture<'static, Result<(), ApplicationError>> {
                match <($($parameter,)*)>::from_some(&event.payload, event) {
                    Ok(($($parameter,)*)) => {
                        let output = self(object, $($parameter),*);
                        Box::pin(async move { output.await.into_result() })
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
