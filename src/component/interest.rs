//! Implements the registrations and subscriptions that a component repeats in each session.

use std::future::IntoFuture;
use std::sync::Arc;

use crate::component::error::BoxError;
use crate::component::{Component, ListenerId};
use crate::error::{Cause, RegisterError, SubscribeError};
use crate::rt::guard::catch;
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::event::erase_handler;
use crate::session::event_handlers::HandlerEntry;
use crate::session::procedure::erase;
use crate::session::procedures::Entry;
use crate::session::setup::setup;
use crate::session::{
    EventHandler, EventHandlers, Procedure, Procedures, RegisterRequest, Session, SubscribeRequest,
};
use crate::uri::{Pattern, Uri};

/// # Registrations and subscriptions
///
/// What is declared here is registered or subscribed to in each session, before `ready` and in the
/// order of declaration. If there is a session already, a further declaration takes effect in it at
/// once.
///
/// The component does not wait longer than the time limit for joining
/// ([`join_timeout`](crate::session::SessionConfig::join_timeout), 10 s) for the router's
/// answer. An error is reported as a [`UserError`](crate::session::UserError) with the
/// procedure or topic; in a [strict](super::ComponentBuilder::strict) component the attempt fails, unless the
/// declaration came later. Otherwise, what the router has refused is tried again after 1 s, 2 s, and so
/// on up to 60 s as long as the session lives: after a loss, a router may hold the procedure for the
/// old session. [`on_established`](Component::on_established) is called when that has succeeded.
/// [`off`](Component::off) removes the declaration for future sessions.
impl Component {
    /// Registers a procedure in each session. A [`Pattern`] registers it for all matching URIs.
    pub fn register<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        endpoint: impl Procedure<M>,
    ) -> ListenerId {
        let procedure = procedure.into();
        self.declare([registered(Entry { procedure, setup: None, endpoint: erase(endpoint) })])
    }

    /// Registers a procedure in each session, with options that `set` sets on the request, as for
    /// [`Session::register`].
    ///
    /// ```
    /// # fn example(component: wampwerk::Component) {
    /// use wampwerk::message::InvocationPolicy;
    ///
    /// component.register_with_options(
    ///     "com.example.add",
    ///     |request| request.invoke(InvocationPolicy::RoundRobin).concurrency(4),
    ///     |a: i64, b: i64| async move { a + b },
    /// );
    /// # }
    /// ```
    ///
    /// [`force_reregister`](RegisterRequest::force_reregister) takes over a procedure from an old
    /// session that the router still holds after a reconnect.
    pub fn register_with_options<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        set: impl Fn(RegisterRequest) -> RegisterRequest + MaybeSend + MaybeSync + 'static,
        endpoint: impl Procedure<M>,
    ) -> ListenerId {
        let (procedure, setup) = (procedure.into(), Some(setup(set)));
        self.declare([registered(Entry { procedure, setup, endpoint: erase(endpoint) })])
    }

    /// Registers several procedures in each session, each under the prefix followed by its name, as
    /// [`Session::register_all`]. Here each procedure is on its own: what the router refuses does not keep the
    /// others from being registered. [`off`](Component::off) with the id removes all of them.
    ///
    /// ```
    /// # fn example(component: wampwerk::Component) {
    /// use wampwerk::session::Procedures;
    ///
    /// let procedures = Procedures::new()
    ///     .add("now", || async { 12 })
    ///     .add("twice", |n: i64| async move { 2 * n });
    /// component.register_all("com.example.", procedures);
    /// # }
    /// ```
    pub fn register_all(
        &self,
        prefix: impl AsRef<str>,
        procedures: impl Into<Procedures>,
    ) -> ListenerId {
        self.declare(procedures.into().within(prefix.as_ref()).map(registered))
    }

    /// Subscribes to a topic in each session. A [`Pattern`] subscribes to all matching topics.
    pub fn subscribe<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        handler: impl EventHandler<M>,
    ) -> ListenerId {
        let (topic, handler) = (topic.into(), erase_handler(handler));
        self.declare([subscribed(HandlerEntry { topic, setup: None, handler })])
    }

    /// Subscribes to a topic in each session, with options that `set` sets on the request, as for
    /// [`Session::subscribe`].
    ///
    /// ```
    /// # fn example(component: wampwerk::Component) {
    /// component.subscribe_with_options(
    ///     "com.example.news",
    ///     |request| request.get_retained().queue(16),
    ///     |text: String| async move { println!("{text}") },
    /// );
    /// # }
    /// ```
    pub fn subscribe_with_options<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        set: impl Fn(SubscribeRequest) -> SubscribeRequest + MaybeSend + MaybeSync + 'static,
        handler: impl EventHandler<M>,
    ) -> ListenerId {
        let (topic, setup, handler) = (topic.into(), Some(setup(set)), erase_handler(handler));
        self.declare([subscribed(HandlerEntry { topic, setup, handler })])
    }

    /// Subscribes to several topics in each session, each the prefix followed by its name, as
    /// [`register_all`](Component::register_all) registers.
    pub fn subscribe_all(
        &self,
        prefix: impl AsRef<str>,
        handlers: impl Into<EventHandlers>,
    ) -> ListenerId {
        self.declare(handlers.into().within(prefix.as_ref()).map(subscribed))
    }
}

/// A registration or subscription of all sessions.
#[derive(Clone)]
pub(super) struct Declared {
    /// `"register"` or `"subscribe"`.
    pub(super) verb: &'static str,
    pub(super) uri: Uri,
    /// Position in the order of declaration; set when it is declared.
    pub(super) serial: u64,
    establish: Arc<dyn Establish>,
}

trait Establish: MaybeSend + MaybeSync {
    fn on(&self, session: &Session) -> BoxFuture<'static, Result<(), BoxError>>;
}

impl<F> Establish for F
where
    F: Fn(&Session) -> BoxFuture<'static, Result<(), BoxError>> + MaybeSend + MaybeSync,
{
    fn on(&self, session: &Session) -> BoxFuture<'static, Result<(), BoxError>> {
        self(session)
    }
}

fn registered(entry: Entry) -> Declared {
    let uri = entry.procedure.uri().clone();
    Declared::new("register", uri, move |session| {
        let request = entry.request(session).into_future();
        Box::pin(async move {
            match request.await {
                Ok(_) => Ok(()),
                Err(RegisterError::Application(error)) => Err(error.into()),
                Err(error) => Err(error.into()),
            }
        })
    })
}

fn subscribed(entry: HandlerEntry) -> Declared {
    let uri = entry.topic.uri().clone();
    Declared::new("subscribe", uri, move |session| {
        let request = entry.request(session).into_future();
        Box::pin(async move {
            match request.await {
                Ok(_) => Ok(()),
                Err(SubscribeError::Application(error)) => Err(error.into()),
                Err(error) => Err(error.into()),
            }
        })
    })
}

impl Declared {
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    fn new(
        verb: &'static str,
        uri: Uri,
        establish: impl Fn(&Session) -> BoxFuture<'static, Result<(), BoxError>>
        + MaybeSend
        + MaybeSync
        + 'static,
    ) -> Self {
        Declared { verb, uri, serial: 0, establish: Arc::new(establish) }
    }

    pub(super) fn establish(&self, session: &Session) -> BoxFuture<'static, Result<(), Cause>> {
        // The program's function that sets the options may panic.
        let request = catch(|| self.establish.on(session));
        Box::pin(async move { request?.await.map_err(Cause::new) })
    }
}
