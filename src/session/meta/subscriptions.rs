//! Implements the subscription meta API: topics and their subscribers.

use super::fields::{take_id, take_match, take_text, take_uri};
use super::{Lists, Meta};
use crate::error::{CallError, DecodeError};
use crate::uri::{Match, Pattern, Uri};
use crate::value::Dict;

/// The details of a subscription, as the router sends them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubscriptionInfo {
    /// Subscription id.
    pub id: u64,
    /// Time of creation: ISO 8601, UTC.
    pub created: Option<String>,
    /// Topic or pattern.
    pub uri: Uri,
    /// Match policy.
    pub r#match: Match,
    /// All other keys.
    pub extra: Dict,
}

impl Meta {
    /// Returns the ids of all subscriptions.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn subscription_list(&self) -> Result<Lists, CallError> {
        self.ask("wamp.subscription.list", ()).await
    }

    /// Returns the subscription of exactly this topic or [`Pattern`].
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn subscription_lookup(
        &self,
        topic: impl Into<Pattern>,
    ) -> Result<Option<u64>, CallError> {
        self.look_up("wamp.subscription.lookup", topic.into()).await
    }

    /// Returns all subscriptions that receive an event of this topic.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn subscription_match(&self, topic: impl Into<Uri>) -> Result<Vec<u64>, CallError> {
        let ids: Option<Vec<u64>> = self.ask("wamp.subscription.match", (topic.into(),)).await?;
        Ok(ids.unwrap_or_default())
    }

    /// Returns the details of a subscription.
    ///
    /// # Errors
    /// Returns `wamp.error.no_such_subscription` for an unknown subscription.
    pub async fn subscription_get(&self, subscription: u64) -> Result<SubscriptionInfo, CallError> {
        let dict = self.ask("wamp.subscription.get", (subscription,)).await?;
        SubscriptionInfo::read(dict).map_err(CallError::undecodable("wamp.subscription.get"))
    }

    /// Returns the subscribers of a subscription.
    ///
    /// # Errors
    /// Returns `wamp.error.no_such_subscription` for an unknown subscription.
    pub async fn subscription_list_subscribers(
        &self,
        subscription: u64,
    ) -> Result<Vec<u64>, CallError> {
        self.ask("wamp.subscription.list_subscribers", (subscription,)).await
    }

    /// Returns the number of subscribers of a subscription.
    ///
    /// # Errors
    /// Returns `wamp.error.no_such_subscription` for an unknown subscription.
    pub async fn subscription_count_subscribers(
        &self,
        subscription: u64,
    ) -> Result<u64, CallError> {
        self.ask("wamp.subscription.count_subscribers", (subscription,)).await
    }
}

impl SubscriptionInfo {
    pub(super) fn read(mut dict: Dict) -> Result<Self, DecodeError> {
        Ok(SubscriptionInfo {
            id: take_id(&mut dict, "id")?,
            created: take_text(&mut dict, "created"),
            uri: take_uri(&mut dict, "uri")?,
            r#match: take_match(&mut dict)?,
            extra: dict,
        })
    }
}
