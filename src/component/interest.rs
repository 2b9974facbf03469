//! Implements the registrations and subscriptions that a component repeats in each session.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::component::error::BoxError;
use crate::component::{Component, ListenerId};
use crate::error::{ApplicationError, Cause, RegisterError, SubscribeError};
use crate::message::{Payload, RegisterOptions, SubscribeOptions};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::{EventHandler, IncomingCall, IncomingEvent, Procedure, Session};
use crate::uri::{Pattern, Uri};

impl Component {
    /// Registers a procedure in each future session, before `ready` and in the order of
    /// declaration.
    ///
    /// The component does not wait longer than the time limit for joining
    /// ([`join_timeout`](crate::session::SessionConfig::join_timeout), 10 s) for the router's
    /// answer. An error is reported as a [`UserError`](crate::session::UserError) with the
    /// procedure; in a [strict](super::ComponentBuilder::strict) component the attempt fails.
    /// Otherwise, what the router has refused is tried again after 1 s, 2 s, and so on up to 60 s as long as the
    /// session lives: after a loss, a router may hold the procedure for the old session.
    /// [`on_established`](Component::on_established) is called when that has succeeded.
    /// [`off`](Component::off) removes the declaration for future sessions.
    pub fn register<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        endpoint: impl Procedure<M>,
    ) -> ListenerId {
        self.register_with_options(procedure, RegisterOptions::default(), endpoint)
    }

    /// Registers a procedure as [`register`](Component::register) does, with the options of the
    /// wire. Set `force_reregister` to take over a procedure from an old session that the router
    /// still holds after a reconnect.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn register_with_options<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        options: RegisterOptions,
        endpoint: impl Procedure<M>,
    ) -> ListenerId {
        let (pattern, endpoint) = (procedure.into(), Arc::new(endpoint));
        let uri = pattern.uri().clone();
        let marker = PhantomData::<fn() -> M>;
        self.declare(Declared::new("register", uri, move |session| {
            let endpoint = Shared { inner: Arc::clone(&endpoint), marker };
            let request = session.register(pattern.clone(), endpoint).options(options.clone());
            let request = request.into_future();
            Box::pin(async move {
                match request.await {
                    Ok(_) => Ok(()),
                    Err(RegisterError::Application(error)) => Err(error.into()),
                    Err(error) => Err(error.into()),
                }
            })
        }))
    }

    /// Subscribes in each future session, as [`register`](Component::register) registers.
    pub fn subscribe<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        handler: impl EventHandler<M>,
    ) -> ListenerId {
        self.subscribe_with_options(topic, SubscribeOptions::default(), handler)
    }

    /// Subscribes as [`subscribe`](Component::subscribe) does, with the options of the wire.
    pub fn subscribe_with_options<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        options: SubscribeOptions,
        handler: impl EventHandler<M>,
    ) -> ListenerId {
        self.subscribe_with_queue(topic, options, None, handler)
    }

    /// Subscribes as [`subscribe_with_options`](Component::subscribe_with_options) does. `queue` is
    /// the maximum number of events that wait for the handler; see
    /// [`SubscribeRequest::queue`](crate::session::SubscribeRequest::queue).
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn subscribe_with_queue<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        options: SubscribeOptions,
        queue: impl Into<Option<usize>>,
        handler: impl EventHandler<M>,
    ) -> ListenerId {
        let (pattern, handler, queue) = (topic.into(), Arc::new(handler), queue.into());
        let uri = pattern.uri().clone();
        let marker = PhantomData::<fn() -> M>;
        self.declare(Declared::new("subscribe", uri, move |session| {
            let handler = Shared { inner: Arc::clone(&handler), marker };
            let mut request = session.subscribe_with(pattern.clone(), handler);
            request = request.options(options.clone());
            if let Some(events) = queue {
                request = request.queue(events);
            }
            let request = request.into_future();
            Box::pin(async move {
                match request.await {
                    Ok(_) => Ok(()),
                    Err(SubscribeError::Application(error)) => Err(error.into()),
                    Err(error) => Err(error.into()),
                }
            })
        }))
    }
}

/// A registration or subscription of all sessions.
#[derive(Clone)]
pub(super) struct Declared {
    /// `"register"` or `"subscribe"`.
    pub(super) verb: &'static str,
    pub(super) uri: Uri,
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
        Declared { verb, uri, establish: Arc::new(establish) }
    }

    /// Returns whether both are the same declaration.
    pub(super) fn is(&self, other: &Declared) -> bool {
        Arc::ptr_eq(&self.establish, &other.establish)
    }

    pub(super) fn establish(&self, session: &Session) -> BoxFuture<'static, Result<(), Cause>> {
        let request = self.establish.on(session);
        Box::pin(async move { request.await.map_err(Cause::new) })
    }
}

/// A procedure or event handler that serves one session after another.
struct Shared<T, M> {
    inner: Arc<T>,
    marker: PhantomData<fn() -> M>,
}

impl<M: 'static, E: Procedure<M>> Procedure<M> for Shared<E, M> {
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
        self.inner.call(call)
    }
}

impl<M: 'static, H: EventHandler<M>> EventHandler<M> for Shared<H, M> {
    fn handle(&self, event: &IncomingEvent) -> BoxFuture<'static, Result<(), ApplicationError>> {
        self.inner.handle(event)
    }

    fn lagged(&self, missed: u64) -> bool {
        self.inner.lagged(missed)
    }
}
