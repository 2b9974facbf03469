//! Implements subscribing to a topic.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::core::client::{Answer, RequestTicket};
use crate::error::{CloseReason, Lagged, SubscribeError};
use crate::message::{CancelMode, SubscribeOptions};
use crate::rt::guard::catch;
use crate::rt::{self, BoxFuture};
use crate::session::command::{Command, Signal};
use crate::session::ending::{self, Ending, EndingWatch};
use crate::session::event::{DynEventHandler, EventHandler, IncomingEvent, erase_handler};
use crate::session::queue::{Queue, QueueLimits};
use crate::session::running::{poll_guarded, start_guarded};
use crate::session::user_error::UserErrors;
use crate::session::{Session, failure, features, unexpected, wire_policy};
use crate::uri::{Pattern, Uri};

/// A builder for a subscription. Await it to subscribe.
#[doc(alias = "SubscribeOptions")]
#[must_use = "nothing is subscribed until it is awaited"]
#[derive(Debug)]
pub struct SubscribeRequest<H = ()> {
    session: Session,
    topic: Uri,
    options: SubscribeOptions,
    limits: QueueLimits,
    handler: H,
}

/// The events of a topic, as a [`Stream`].
///
/// A bounded queue holds the events until they are taken. When it is full, the newest events are
/// dropped, and the stream reports their number at that position ([`Lagged`]). The stream ends when
/// the session ends or the router revokes the subscription;
/// [`close_reason`](Subscription::close_reason) tells which.
///
/// Dropping the stream unsubscribes. The router receives UNSUBSCRIBE when the last subscription of
/// the session to the topic is dropped.
#[must_use = "dropping it unsubscribes"]
pub struct Subscription {
    session: Session,
    listener: RequestTicket,
    id: u64,
    topic: Uri,
    queue: Arc<Queue<IncomingEvent>>,
    ending: EndingWatch,
    /// True if the driver need not be notified of the drop.
    gone: bool,
}

impl Session {
    /// Subscribes to a topic.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// let mut news = session.subscribe("com.example.news").await?;
    /// while let Some(item) = news.next().await {
    ///     match item {
    ///         Ok(event) => println!("{}", event.decode::<String>()?),
    ///         Err(lagged) => eprintln!("{lagged}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// A [`Pattern`] subscribes to all matching topics:
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// use wampwerk::uri::Pattern;
    ///
    /// let mut all = session.subscribe(Pattern::prefix("com.example.")).await?;
    /// while let Some(event) = all.next().await {
    ///     println!("{}", event?.topic);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn subscribe(&self, topic: impl Into<Pattern>) -> SubscribeRequest {
        let pattern = topic.into();
        let mut options = SubscribeOptions::default();
        options.r#match = wire_policy(&pattern);
        SubscribeRequest {
            session: self.clone(),
            topic: pattern.uri().clone(),
            options,
            limits: self.queue_limits(),
            handler: (),
        }
    }

    /// Subscribes with a handler, which is called for each event in order, one event at a time.
    ///
    /// An event that does not fit the handler's parameters, and a panic of the handler, are logged.
    /// The handler then continues with the next event.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// session.subscribe_with("com.example.news", |text: String| async move {
    ///     println!("{text}");
    /// }).await?;
    /// # Ok(()) }
    /// ```
    pub fn subscribe_with<M: 'static>(
        &self,
        topic: impl Into<Pattern>,
        handler: impl EventHandler<M>,
    ) -> SubscribeRequest<Handled> {
        self.subscribe(topic).handled_by(erase_handler(handler))
    }
}

impl SubscribeRequest {
    /// Subscribes with a handler instead of a stream.
    pub(crate) fn handled_by(self, handler: DynEventHandler) -> SubscribeRequest<Handled> {
        let SubscribeRequest { session, topic, options, limits, .. } = self;
        SubscribeRequest { session, topic, options, limits, handler: Handled(handler) }
    }
}

impl<H> SubscribeRequest<H> {
    /// Sets the raw options. Call this before the other setters; it overwrites them. The policy of
    /// a [`Pattern`] stays if the options contain none.
    pub fn options(mut self, options: SubscribeOptions) -> Self {
        let policy = std::mem::replace(&mut self.options, options).r#match;
        if self.options.r#match.is_none() && policy.is_some() {
            self.options.r#match = policy;
        }
        self
    }

    /// Requests the retained event of the topic, or of each matching topic for a pattern. It
    /// arrives first, with `details.retained`.
    pub fn get_retained(mut self) -> Self {
        self.options.get_retained = Some(true);
        self
    }

    /// Sets any other option by its name on the wire, for extensions of a particular router.
    ///
    /// A key that has a setter or a field of its own is rejected with
    /// `wamp.error.invalid_argument`.
    pub fn option(mut self, key: impl Into<String>, value: impl Into<crate::value::Value>) -> Self {
        self.options.extra.insert(key, value);
        self
    }

    /// Sets the maximum number of events that wait for the stream or the handler. Default: 1024, and
    /// 64 MiB of payload.
    pub fn queue(mut self, events: usize) -> Self {
        self.limits.items = events.max(1);
        self
    }

    async fn send(self) -> Result<(Subscription, H), SubscribeError> {
        let SubscribeRequest { session, topic, options, limits, handler } = self;
        session.check_uri(&topic, options.r#match.unwrap_or_default())?;
        features::check_subscribe(session.offered(), &options)?;
        let ticket = session.ticket();
        let queue = Queue::new(limits);
        let (sender, ending) = ending::channel();
        let answer = session.request(ticket, CancelMode::Skip, |waiter| Command::Subscribe {
            ticket,
            topic: topic.clone(),
            options,
            queue: queue.clone(),
            ending: sender,
            waiter,
        });
        match answer.await {
            Ok(Answer::Subscribed { subscription: id }) => {
                let (listener, gone) = (ticket, false);
                Ok((Subscription { session, listener, id, topic, queue, ending, gone }, handler))
            }
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error, &topic)),
        }
    }
}

impl IntoFuture for SubscribeRequest {
    type Output = Result<Subscription, SubscribeError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.send().await?.0) })
    }
}

impl Subscription {
    /// Returns the subscription id, which the router assigns. It is equal for all subscriptions of
    /// a session to one topic.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the topic or pattern.
    pub fn topic(&self) -> &Uri {
        &self.topic
    }

    /// Returns the next event, or `None` after the end of the subscription.
    pub async fn next(&mut self) -> Option<Result<IncomingEvent, Lagged>> {
        poll_fn(|cx| self.queue.poll_next(cx)).await
    }

    /// Returns the close reason of the session, if the stream ended with it.
    pub fn close_reason(&self) -> Option<Arc<CloseReason>> {
        self.queue.close_reason()
    }

    /// Returns whether further events can arrive.
    #[doc(alias = "active")]
    pub fn is_active(&self) -> bool {
        self.ending.now().is_none()
    }

    /// Waits until the subscription ends: unsubscribed, revoked by the router, or closed with the
    /// session.
    #[doc(alias = "on_unsubscribe")]
    pub fn ended(&self) -> impl Future<Output = Ending> + use<> {
        self.ending.wait()
    }

    /// Ends the subscription and waits for the router's confirmation.
    pub async fn unsubscribe(self) -> Result<(), SubscribeError> {
        // The following drop of `self` finds nothing left to do, unless this future was dropped.
        unsubscribe(&self.session, self.listener, &self.topic).await
    }
}

impl Stream for Subscription {
    type Item = Result<IncomingEvent, Lagged>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.queue.poll_next(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if !self.gone {
            // Without a driver the subscription has ended, too.
            drop(self.session.shared.signals.send(Signal::Drop(self.listener, CancelMode::Skip)));
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// A subscription with a handler.
///
/// Dropping it does not unsubscribe. The handler is called until
/// [`unsubscribe`](HandlerSubscription::unsubscribe) or the end of the session.
#[doc(alias = "Subscription")]
#[derive(Clone, Debug)]
pub struct HandlerSubscription {
    session: Session,
    listener: RequestTicket,
    id: u64,
    topic: Uri,
    ending: EndingWatch,
}

/// The handler of a request.
pub struct Handled(DynEventHandler);

impl fmt::Debug for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handled").finish_non_exhaustive()
    }
}

impl IntoFuture for SubscribeRequest<Handled> {
    type Output = Result<HandlerSubscription, SubscribeError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (mut subscription, Handled(handler)) = self.send().await?;
            subscription.gone = true;
            // The task holds no handle of the session: a handler alone does not keep the session
            // open.
            let (queue, topic) = (subscription.queue.clone(), subscription.topic.clone());
            let errors = subscription.session.shared.config.user_errors.clone();
            rt::spawn(handle_events(queue, handler, topic, errors));
            let (session, topic) = (subscription.session.clone(), subscription.topic.clone());
            let (listener, id) = (subscription.listener, subscription.id);
            let ending = subscription.ending.clone();
            Ok(HandlerSubscription { session, listener, id, topic, ending })
        })
    }
}

impl HandlerSubscription {
    pub(super) fn listener(&self) -> RequestTicket {
        self.listener
    }

    /// Returns the subscription id, which the router assigns. It is equal for all subscriptions of
    /// a session to one topic.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the topic or pattern.
    pub fn topic(&self) -> &Uri {
        &self.topic
    }

    /// Returns whether further events can arrive.
    #[doc(alias = "active")]
    pub fn is_active(&self) -> bool {
        self.ending.now().is_none()
    }

    /// Waits until the subscription ends: unsubscribed, revoked by the router, or closed with the
    /// session.
    #[doc(alias = "on_unsubscribe")]
    pub fn ended(&self) -> impl Future<Output = Ending> + use<> {
        self.ending.wait()
    }

    /// Ends the subscription and waits for the router's confirmation. The handler is not called
    /// again; a running call of it completes.
    pub async fn unsubscribe(self) -> Result<(), SubscribeError> {
        unsubscribe(&self.session, self.listener, &self.topic).await
    }
}

async fn unsubscribe(
    session: &Session,
    listener: RequestTicket,
    topic: &Uri,
) -> Result<(), SubscribeError> {
    let ticket = session.ticket();
    let answer = session.request(ticket, CancelMode::Skip, |waiter| Command::Unsubscribe {
        ticket,
        listener,
        waiter,
    });
    match answer.await {
        Ok(Answer::Unsubscribed) => Ok(()),
        Ok(other) => Err(unexpected(&other)),
        Err(error) => Err(failure(error, topic)),
    }
}

async fn handle_events(
    queue: Arc<Queue<IncomingEvent>>,
    handler: DynEventHandler,
    topic: Uri,
    errors: UserErrors,
) {
    while let Some(item) = poll_fn(|cx| queue.poll_next(cx)).await {
        let event = match item {
            Ok(event) => event,
            Err(lagged) => {
                if !catch(|| handler.lagged(lagged.missed)).unwrap_or(false) {
                    errors.tell(&topic, lagged);
                }
                continue;
            }
        };
        let name = &event.topic;
        let handled = match start_guarded(name, |_| {}, || handler.handle(&event)) {
            Ok(mut handling) => poll_fn(|cx| poll_guarded(&mut handling, cx, name, |_| {})).await,
            Err(panicked) => Err(panicked),
        };
        if let Err(error) = handled {
            errors.tell(&event.topic, error);
        }
    }
}
