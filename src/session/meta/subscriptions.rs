//! Subscriptions: what is listened to, and by whom.

use super::fields::{take_id, take_match, take_text, take_uri};
use super::{Lists, Meta};
use crate::error::{CallError, DecodeError};
use crate::uri::{Match, Pattern, Uri};
use crate::value::Dict;

/// A subscription, as its router tells of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubscriptionInfo {
    /// Its id.
    pub id: u64,
    /// When it was made: ISO 8601, in UTC.
    pub created: Option<String>,
    /// The topic or pattern.
    pub uri: Uri,
    /// How it matches.
    pub r#match: Match,
    /// All else that the router tells.
    pub extra: Dict,
}

impl Meta {
    /// The ids of all subscriptions.
    ///
    /// # Errors
    /// As any call.
    pub async fn subscription_list(&self) -> Result<Lists, CallError> {
        self.ask("wamp.subscription.list", ()).await
    }

    /// The subscription that was made with this topic or [`Pattern`].
    ///
    /// # Errors
    /// As any call.
    pub async fn subscription_lookup(
        &self,
        topic: impl Into<Pattern>,
    ) -> Result<Option<u64>, CallError> {
        self.look_up("wamp.subscription.lookup", topic.into()).await
    }

    /// All subscriptions that would get an event of this topic.
    ///
    /// # Errors
    /// As any call.
    pub async fn subscription_match(&self, topic: impl Into<Uri>) -> Result<Vec<u64>, CallError> {
        let ids: Option<Vec<u64>> = self.ask("wamp.subscription.match", (topic.into(),)).await?;
        Ok(ids.unwrap_or_default())
    }

    /// What a subscription is.
    ///
    /// # Errors
    /// `wamp.error.no_such_subscription`.
    pub async fn subscription_get(&self, subscription: u64) -> Result<SubscriptionInfo, CallError> {
        let dict = self.ask("wamp.subscription.get", (subscription,)).await?;
        SubscriptionInfo::read(dict).map_err(CallError::undecodable("wamp.subscription.get"))
    }

    /// The sessions that have a subscription.
    ///
    /// # Errors
    /// `wamp.error.no_such_subscription`.
    pub async fn subscription_list_subscribers(
        &self,
        subscription: u64,
    ) -> Result<Vec<u64>, CallError> {
        self.ask("wamp.subscription.list_subscribers", (subscription,)).await
    }

    /// How many sessions have a subscription.
    ///
    /// # Errors
    /// `wamp.error.no_such_subscription`.
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
