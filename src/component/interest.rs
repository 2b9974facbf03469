//! What a component registers and subscribes to anew with each session.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::component::error::{BoxError, HandlerError};
use crate::component::{Component, ListenerId};
use crate::error::{ApplicationError, RegisterError, SubscribeError};
use crate::message::{Payload, RegisterOptions, SubscribeOptions};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::{Endpoint, Event, EventHandler, IncomingCall, Session};
use crate::uri::{Pattern, Uri};

impl Component {
    /// Registers a procedure with each session that is joined from now on, before `ready` and in
    /// the order in which they were declared.
    ///
    /// A router that answers nothing for as long as joining may take
    /// ([`join_timeout`](crate::core::client::ClientConfig::join_timeout), 10 s) is not waited for.
    /// What goes wrong is told as a [`UserError`](crate::session::UserError) with the procedure;
    /// in a [strict](super::ComponentBuilder::strict) component the attempt fails.
    /// [`off`](Component::off) takes it back for the sessions to come.
    pub fn register<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        endpoint: impl Endpoint<M>,
    ) -> ListenerId {
        self.register_with_options(procedure, RegisterOptions::default(), endpoint)
    }

    /// As [`register`](Component::register), with the options of the wire. To take a procedure over
    /// from an old session that the router still holds after a reconnect, set `force_reregister`.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn register_with_options<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        options: RegisterOptions,
        endpoint: impl Endpoint<M>,
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

    /// Subscribes with each session that is joined from now on, as
    /// [`register`](Component::register) registers.
    pub fn subscribe<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        handler: impl EventHandler<M>,
    ) -> ListenerId {
        self.subscribe_with_options(topic, SubscribeOptions::default(), handler)
    }

    /// As [`subscribe`](Component::subscribe), with the options of the wire.
    pub fn subscribe_with_options<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        options: SubscribeOptions,
        handler: impl EventHandler<M>,
    ) -> ListenerId {
        self.subscribe_with_queue(topic, options, None, handler)
    }

    /// As [`subscribe_with_options`](Component::subscribe_with_options); `queue` is how many events
    /// may wait for the handler, see
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

    pub(super) fn establish(
        &self,
        session: &Session,
    ) -> BoxFuture<'static, Result<(), HandlerError>> {
        let request = self.establish.on(session);
        Box::pin(async move { request.await.map_err(HandlerError::new) })
    }
}

/// An endpoint or event handler that serves one session after the other.
struct Shared<T, M> {
    inner: Arc<T>,
    marker: PhantomData<fn() -> M>,
}

impl<M: 'static, E: Endpoint<M>> Endpoint<M> for Shared<E, M> {
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
        self.inner.call(call)
    }
}

impl<M: 'static, H: EventHandler<M>> EventHandler<M> for Shared<H, M> {
    fn handle(&self, event: &Event) -> BoxFuture<'static, Result<(), ApplicationError>> {
        self.inner.handle(event)
    }
}
