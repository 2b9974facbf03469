//! Access to the broker for the meta API (spec: "Subscription Meta API").

use crate::core::router::broker::{Broker, HistoryEvent, HistoryFilter, Subscribers};
use crate::core::router::index::Entry;
use crate::core::router::session::Session;
use crate::error::ApplicationError;
use crate::uri::{Match, Uri};

impl Broker {
    /// All subscriptions, in no particular order. One with a history exists without subscribers,
    /// too.
    pub(in crate::core::router) fn entries(
        &self,
    ) -> impl ExactSizeIterator<Item = &Entry<Subscribers>> {
        self.subscriptions.iter()
    }

    pub(in crate::core::router) fn entry(&self, id: u64) -> Option<&Entry<Subscribers>> {
        self.subscriptions.get(id)
    }

    /// The subscription with exactly this topic or pattern.
    pub(in crate::core::router) fn lookup(&self, uri: &str, policy: Match) -> Option<u64> {
        self.subscriptions.find(uri, policy).map(|entry| entry.id)
    }

    /// The subscriptions that get an event on this topic.
    pub(in crate::core::router) fn matching(&self, topic: &str) -> Vec<u64> {
        self.subscriptions.matches(topic)
    }

    /// The events of a subscription's history that `asking` may see.
    ///
    /// # Errors
    /// `wamp.error.no_such_subscription`, or `wamp.error.history_unavailable` for one without a
    /// history.
    pub(in crate::core::router) fn history(
        &self,
        subscription: u64,
        filter: &HistoryFilter,
        asking: &Session,
    ) -> Result<Vec<HistoryEvent>, ApplicationError> {
        if self.subscriptions.get(subscription).is_none() {
            return Err(ApplicationError::new(Uri::NO_SUCH_SUBSCRIPTION)
                .arg(format!("no such subscription: {subscription}")));
        }
        self.histories.select(subscription, filter, asking).ok_or_else(|| {
            ApplicationError::new(Uri::HISTORY_UNAVAILABLE)
                .arg(format!("subscription {subscription} has no history"))
        })
    }
}
