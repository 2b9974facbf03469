//! Meta events: what the router tells of sessions, registrations and subscriptions as they come and
//! go.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Meta, RegistrationInfo, SessionInfo, SubscriptionInfo};
use crate::error::{CloseReason, DecodeError, Lagged, SubscribeError, UnsubscribeError};
use crate::session::{Event, Subscription};
use crate::uri::Pattern;
use crate::value::Dict;

/// The meta events of a topic, read into a type, as a [`Stream`].
///
/// It is a [`Subscription`] in all else: bounded, ended with the session, and by being dropped. An
/// event that cannot be read is an error item; the next comes all the same.
pub struct MetaEvents<T> {
    subscription: Subscription,
    marker: PhantomData<fn() -> T>,
}

/// Why an item of [`MetaEvents`] is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetaEventError {
    /// Events were dropped, because they were not taken in time.
    #[error(transparent)]
    Lagged(#[from] Lagged),
    /// The event is not what its topic should bring.
    #[error("meta event: {0}")]
    Decode(#[from] DecodeError),
}

/// What an event of a meta topic can be read into.
///
/// [`Event`] itself is one, for topics that have no type here.
pub trait MetaEvent: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// When the event is something else.
    fn read(event: Event) -> Result<Self, DecodeError>;
}

/// A session has gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLeft {
    /// Its id.
    pub session: u64,
    /// As whom it had joined. Crossbar does not tell.
    pub authid: Option<String>,
    /// Its role. Crossbar does not tell.
    pub authrole: Option<String>,
}

/// There is a registration that was not there before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegistrationCreated {
    /// The session that made it. Crossbar may not tell, if it has gone already.
    pub session: Option<u64>,
    /// What it is.
    pub registration: RegistrationInfo,
}

/// A session was added to a registration or taken from it, or the registration has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistrationChanged {
    /// The session. Crossbar may not tell, if it has gone already.
    pub session: Option<u64>,
    /// The registration's id.
    pub registration: u64,
}

/// There is a subscription that was not there before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubscriptionCreated {
    /// The session that made it. Crossbar may not tell, if it has gone already.
    pub session: Option<u64>,
    /// What it is.
    pub subscription: SubscriptionInfo,
}

/// A session was added to a subscription or taken from it, or the subscription has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionChanged {
    /// The session. Crossbar may not tell, if it has gone already.
    pub session: Option<u64>,
    /// The subscription's id.
    pub subscription: u64,
}

macro_rules! topics {
    ($($(#[$doc:meta])* $name:ident -> $ty:ty = $topic:literal;)*) => {
        impl Meta {
            $(
                $(#[$doc])*
                ///
                #[doc = concat!("`", $topic, "`")]
                ///
                /// # Errors
                /// As any subscription.
                pub async fn $name(&self) -> Result<MetaEvents<$ty>, SubscribeError> {
                    self.on($topic).await
                }
            )*
        }
    };
}

topics! {
    /// Sessions that join.
    on_session_join -> SessionInfo = "wamp.session.on_join";
    /// Sessions that leave. A session is not told of its own end.
    on_session_leave -> SessionLeft = "wamp.session.on_leave";
    /// New registrations: before [`on_registration_register`](Meta::on_registration_register).
    on_registration_create -> RegistrationCreated = "wamp.registration.on_create";
    /// Callees that are added to a registration.
    on_registration_register -> RegistrationChanged = "wamp.registration.on_register";
    /// Callees that go from a registration.
    on_registration_unregister -> RegistrationChanged = "wamp.registration.on_unregister";
    /// Registrations whose last callee has gone.
    on_registration_delete -> RegistrationChanged = "wamp.registration.on_delete";
    /// New subscriptions: before [`on_subscription_subscribe`](Meta::on_subscription_subscribe).
    on_subscription_create -> SubscriptionCreated = "wamp.subscription.on_create";
    /// Subscribers that are added to a subscription.
    on_subscription_subscribe -> SubscriptionChanged = "wamp.subscription.on_subscribe";
    /// Subscribers that go from a subscription.
    on_subscription_unsubscribe -> SubscriptionChanged = "wamp.subscription.on_unsubscribe";
    /// Subscriptions whose last subscriber has gone.
    on_subscription_delete -> SubscriptionChanged = "wamp.subscription.on_delete";
}

impl Meta {
    /// The events of any meta topic or pattern of topics, read into any type.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::{Pattern, session::Event};
    ///
    /// let mut all = session.meta().on::<Event>(Pattern::prefix("wamp.")).await?;
    /// while let Some(event) = all.next().await {
    ///     let event = event?;
    ///     println!("{:?}: {:?}", event.details.topic, event.payload.to_values()?);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As any subscription.
    pub async fn on<T: MetaEvent>(
        &self,
        topic: impl Into<Pattern>,
    ) -> Result<MetaEvents<T>, SubscribeError> {
        let topic = topic.into();
        let request = self.session.subscribe(topic.uri()).match_policy(topic.policy());
        Ok(MetaEvents { subscription: request.await?, marker: PhantomData })
    }
}

impl<T: MetaEvent> MetaEvents<T> {
    /// The next event; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Result<T, MetaEventError>> {
        self.subscription.next().await.map(read)
    }
}

impl<T> MetaEvents<T> {
    /// Why the session ended, if the stream ended with it.
    pub fn close_reason(&self) -> Option<Arc<CloseReason>> {
        self.subscription.close_reason()
    }

    /// Ends the subscription, and waits until the router knows.
    ///
    /// # Errors
    /// As any.
    pub async fn unsubscribe(self) -> Result<(), UnsubscribeError> {
        self.subscription.unsubscribe().await
    }
}

impl<T: MetaEvent> Stream for MetaEvents<T> {
    type Item = Result<T, MetaEventError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.subscription).poll_next(cx).map(|item| item.map(read))
    }
}

impl<T> fmt::Debug for MetaEvents<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MetaEvents").field(&self.subscription).finish()
    }
}

fn read<T: MetaEvent>(item: Result<Event, Lagged>) -> Result<T, MetaEventError> {
    Ok(T::read(item?)?)
}

impl MetaEvent for Event {
    fn read(event: Event) -> Result<Self, DecodeError> {
        Ok(event)
    }
}

impl MetaEvent for SessionInfo {
    fn read(event: Event) -> Result<Self, DecodeError> {
        SessionInfo::read(event.decode()?)
    }
}

impl MetaEvent for SessionLeft {
    fn read(event: Event) -> Result<Self, DecodeError> {
        let args = event.payload.to_values()?.0;
        let Some(session) = args.first().and_then(|id| id.as_u64()) else {
            return Err(DecodeError::new("argument 1 must be the id of a session"));
        };
        let text = |index: usize| args.get(index)?.as_str().map(str::to_owned);
        Ok(SessionLeft { session, authid: text(1), authrole: text(2) })
    }
}

impl MetaEvent for RegistrationCreated {
    fn read(event: Event) -> Result<Self, DecodeError> {
        let (session, dict): (Option<u64>, Dict) = event.args()?;
        Ok(RegistrationCreated { session, registration: RegistrationInfo::read(dict)? })
    }
}

impl MetaEvent for RegistrationChanged {
    fn read(event: Event) -> Result<Self, DecodeError> {
        let (session, registration) = event.args()?;
        Ok(RegistrationChanged { session, registration })
    }
}

impl MetaEvent for SubscriptionCreated {
    fn read(event: Event) -> Result<Self, DecodeError> {
        let (session, dict): (Option<u64>, Dict) = event.args()?;
        Ok(SubscriptionCreated { session, subscription: SubscriptionInfo::read(dict)? })
    }
}

impl MetaEvent for SubscriptionChanged {
    fn read(event: Event) -> Result<Self, DecodeError> {
        let (session, subscription) = event.args()?;
        Ok(SubscriptionChanged { session, subscription })
    }
}
