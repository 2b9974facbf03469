//! Implements meta events: the router's reports about sessions, registrations and subscriptions.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Meta, RegistrationInfo, SessionInfo, SubscriptionInfo};
use crate::error::{CloseReason, DecodeError, Error, Lagged, SubscribeError};
use crate::session::{IncomingEvent, Subscription};
use crate::uri::Pattern;
use crate::value::{Dict, Value};

/// The meta events of a topic, decoded into a type, as a [`Stream`].
///
/// Otherwise it behaves as a [`Subscription`]: it is bounded, and ends with the session or when it
/// is dropped. An event that cannot be decoded is an error item ([`Error::Decode`]), and so are
/// events that were dropped because the queue was full ([`Error::Lagged`]); the stream continues.
pub struct MetaEvents<T> {
    subscription: Subscription,
    marker: PhantomData<fn() -> T>,
}

/// A type that a meta event can be decoded into.
///
/// [`IncomingEvent`] itself implements it, for topics without a type.
pub trait MetaEvent: Sized {
    /// Decodes the event.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the event has another form.
    fn read(event: IncomingEvent) -> Result<Self, DecodeError>;
}

/// A registration or subscription was created.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Created<T> {
    /// Session that created it. Crossbar may omit it, if the session has left already.
    pub session: Option<u64>,
    /// Its details: [`RegistrationInfo`] or [`SubscriptionInfo`].
    pub info: T,
}

/// A session was added to or removed from a registration or subscription, or that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// Session id. Crossbar may omit it, if the session has left already.
    pub session: Option<u64>,
    /// Id of the registration or subscription.
    pub id: u64,
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
    /// Sessions that leave: their id, authid and authrole; Crossbar sends the id only. A session does
    /// not receive its own end.
    on_session_leave -> SessionInfo = "wamp.session.on_leave";
    /// New registrations, before [`on_registration_register`](Meta::on_registration_register).
    on_registration_create -> Created<RegistrationInfo> = "wamp.registration.on_create";
    /// Callees that are added to a registration.
    on_registration_register -> Changed = "wamp.registration.on_register";
    /// Callees that are removed from a registration.
    on_registration_unregister -> Changed = "wamp.registration.on_unregister";
    /// Registrations whose last callee was removed.
    on_registration_delete -> Changed = "wamp.registration.on_delete";
    /// New subscriptions, before [`on_subscription_subscribe`](Meta::on_subscription_subscribe).
    on_subscription_create -> Created<SubscriptionInfo> = "wamp.subscription.on_create";
    /// Subscribers that are added to a subscription.
    on_subscription_subscribe -> Changed = "wamp.subscription.on_subscribe";
    /// Subscribers that are removed from a subscription.
    on_subscription_unsubscribe -> Changed = "wamp.subscription.on_unsubscribe";
    /// Subscriptions whose last subscriber was removed.
    on_subscription_delete -> Changed = "wamp.subscription.on_delete";
}

impl Meta {
    /// Subscribes to any meta topic or pattern of topics, decoded into any type.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::session::IncomingEvent;
    /// use wampwerk::uri::Pattern;
    ///
    /// let mut all = session.meta().on::<IncomingEvent>(Pattern::prefix("wamp.")).await?;
    /// while let Some(event) = all.next().await {
    ///     let event = event?;
    ///     println!("{:?}: {:?}", event.details.topic, event.payload.to_values()?);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`SubscribeError`].
    pub async fn on<T: MetaEvent>(
        &self,
        topic: impl Into<Pattern>,
    ) -> Result<MetaEvents<T>, SubscribeError> {
        Ok(MetaEvents { subscription: self.session.subscribe(topic).await?, marker: PhantomData })
    }
}

impl<T: MetaEvent> MetaEvents<T> {
    /// Returns the next event, or `None` after the end of the subscription.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.subscription.next().await.map(read)
    }
}

impl<T> MetaEvents<T> {
    /// Returns the close reason of the session, if the stream ended with it.
    pub fn close_reason(&self) -> Option<Arc<CloseReason>> {
        self.subscription.close_reason()
    }

    /// Ends the subscription and waits for the router's confirmation.
    ///
    /// # Errors
    /// See [`SubscribeError`].
    pub async fn unsubscribe(self) -> Result<(), SubscribeError> {
        self.subscription.unsubscribe().await
    }
}

impl<T: MetaEvent> Stream for MetaEvents<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.subscription).poll_next(cx).map(|item| item.map(read))
    }
}

impl<T> fmt::Debug for MetaEvents<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MetaEvents").field(&self.subscription).finish()
    }
}

fn read<T: MetaEvent>(item: Result<IncomingEvent, Lagged>) -> Result<T, Error> {
    Ok(T::read(item?)?)
}

impl MetaEvent for IncomingEvent {
    fn read(event: IncomingEvent) -> Result<Self, DecodeError> {
        Ok(event)
    }
}

/// A session that joins is described by a dict, one that leaves by an id and two names.
impl MetaEvent for SessionInfo {
    fn read(event: IncomingEvent) -> Result<Self, DecodeError> {
        let args = event.payload.to_values()?.0;
        let Some(session) = args.first().and_then(Value::as_u64) else {
            return SessionInfo::read(event.decode()?);
        };
        let text = |index: usize| args.get(index)?.as_str().map(str::to_owned);
        let (authid, authrole) = (text(1), text(2));
        let (authmethod, authprovider, extra) = (None, None, Dict::new());
        Ok(SessionInfo { session, authid, authrole, authmethod, authprovider, extra })
    }
}

impl MetaEvent for Created<RegistrationInfo> {
    fn read(event: IncomingEvent) -> Result<Self, DecodeError> {
        let (session, dict): (Option<u64>, Dict) = event.args()?;
        Ok(Created { session, info: RegistrationInfo::read(dict)? })
    }
}

impl MetaEvent for Created<SubscriptionInfo> {
    fn read(event: IncomingEvent) -> Result<Self, DecodeError> {
        let (session, dict): (Option<u64>, Dict) = event.args()?;
        Ok(Created { session, info: SubscriptionInfo::read(dict)? })
    }
}

impl MetaEvent for Changed {
    fn read(event: IncomingEvent) -> Result<Self, DecodeError> {
        let (session, id) = event.args()?;
        Ok(Changed { session, id })
    }
}
