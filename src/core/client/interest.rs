//! The subscriptions and registrations of a session.

use std::collections::HashMap;

use super::recent::Recent;
use crate::core::client::pending::RequestTicket;
use crate::core::ids::{IdMap, IdSet};
use crate::error::Violation;
use crate::uri::{Match, Uri};

/// The subscriptions and registrations of a session, with their listeners.
///
/// The router has one subscription for each topic and match policy, whatever the number of the
/// session's listeners (spec: "Publish/subscribe").
#[derive(Debug, Default)]
pub(super) struct Interest {
    subscriptions: IdMap<Subscription>,
    /// Number of pending SUBSCRIBEs for a topic. Meanwhile its subscription must not be ended: the
    /// router will answer with the same id.
    subscribing: HashMap<(Uri, Match), usize>,
    /// Subscriptions that lost their last listener while a SUBSCRIBE was pending.
    idle: IdSet,
    /// UNSUBSCRIBE is pending; events may still come.
    unsubscribing: IdSet,
    registrations: IdMap<RequestTicket>,
    /// UNREGISTER is pending; invocations may still come.
    unregistering: IdSet,
    /// Ended subscriptions and registrations. Some routers still deliver what they had begun with
    /// (Crossbar dispatches events in chunks).
    past_subscriptions: Recent,
    past_registrations: Recent,
}

#[derive(Debug)]
struct Subscription {
    topic: Uri,
    pattern: Match,
    listeners: Vec<RequestTicket>,
    /// The last listener that asked for retained events. They follow its SUBSCRIBED.
    asked: Option<RequestTicket>,
}

impl Interest {
    /// Notes that SUBSCRIBE is sent.
    pub(super) fn subscribing(&mut self, topic: &Uri, pattern: Match) {
        *self.subscribing.entry((topic.clone(), pattern)).or_default() += 1;
    }

    /// Notes that SUBSCRIBE was answered or has failed.
    pub(super) fn subscribe_settled(&mut self, topic: &Uri, pattern: Match) {
        let key = (topic.clone(), pattern);
        if let Some(count) = self.subscribing.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.subscribing.remove(&key);
            }
        }
    }

    /// Checks that the id is not in use for another topic, whose events would be mixed up.
    pub(super) fn check(&self, id: u64, topic: &Uri, pattern: Match) -> Result<(), Violation> {
        match self.subscriptions.get(&id) {
            Some(Subscription { topic: other, pattern: policy, .. })
                if other != topic || *policy != pattern =>
            {
                let text = format!("SUBSCRIBED to {topic:?} with subscription {id}, of {other:?}");
                Err(Violation::new(text))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn subscribed(
        &mut self,
        id: u64,
        topic: &Uri,
        pattern: Match,
        listener: RequestTicket,
    ) {
        self.idle.remove(&id);
        self.subscriptions
            .entry(id)
            .or_insert_with(|| Subscription {
                topic: topic.clone(),
                pattern,
                listeners: Vec::new(),
                asked: None,
            })
            .listeners
            .push(listener);
    }

    /// Notes that a listener gets the retained events of a subscription.
    pub(super) fn asks_retained(&mut self, id: u64, listener: RequestTicket) {
        if let Some(subscription) = self.subscriptions.get_mut(&id) {
            subscription.asked = Some(listener);
        }
    }

    /// Returns the listener of a retained event, if one has asked for it and is still there.
    pub(super) fn retained_listener(&self, id: u64) -> Option<RequestTicket> {
        let subscription = self.subscriptions.get(&id)?;
        subscription.asked.filter(|asked| subscription.listeners.contains(asked))
    }

    /// Removes a listener. Returns true if it was the last, so that the router must be told.
    pub(super) fn remove_listener(&mut self, id: u64, listener: RequestTicket) -> bool {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return false };
        let before = subscription.listeners.len();
        subscription.listeners.retain(|&other| other != listener);
        if subscription.listeners.len() == before || !subscription.listeners.is_empty() {
            return false;
        }
        let key = (subscription.topic.clone(), subscription.pattern);
        if self.subscribing.contains_key(&key) {
            self.idle.insert(id);
            return false;
        }
        self.subscriptions.remove(&id);
        self.unsubscribing.insert(id);
        true
    }

    /// Takes out the subscriptions of a topic that have no listener, unless a SUBSCRIBE for it is
    /// pending.
    pub(super) fn take_idle(&mut self, topic: &Uri, pattern: Match) -> Vec<u64> {
        if self.subscribing.contains_key(&(topic.clone(), pattern)) {
            return Vec::new();
        }
        let is_idle = |id: &&u64| {
            self.subscriptions.get(id).is_some_and(|subscription| {
                subscription.pattern == pattern && subscription.topic == *topic
            })
        };
        let idle: Vec<u64> = self.idle.iter().filter(is_idle).copied().collect();
        for id in &idle {
            self.idle.remove(id);
            self.subscriptions.remove(id);
            self.unsubscribing.insert(*id);
        }
        idle
    }

    pub(super) fn unsubscribed(&mut self, id: u64) {
        self.unsubscribing.remove(&id);
        self.past_subscriptions.add(id);
    }

    pub(super) fn revoke_subscription(&mut self, id: u64) -> Option<Vec<RequestTicket>> {
        self.idle.remove(&id);
        let subscription = self.subscriptions.remove(&id)?;
        self.past_subscriptions.add(id);
        Some(subscription.listeners)
    }

    /// Listeners of a subscription; `None` if it is being ended or has just ended.
    pub(super) fn listeners(&self, id: u64) -> Result<Option<&[RequestTicket]>, Violation> {
        match self.subscriptions.get(&id) {
            Some(subscription) => Ok(Some(&subscription.listeners)),
            None if self.unsubscribing.contains(&id) || self.past_subscriptions.contains(id) => {
                Ok(None)
            }
            None => Err(Violation::new(format!(
                "EVENT for subscription {id}, which this session does not have"
            ))),
        }
    }

    pub(super) fn is_subscribed(&self, id: u64) -> bool {
        self.subscriptions.contains_key(&id)
    }

    pub(super) fn registered(&mut self, id: u64, callee: RequestTicket) {
        self.registrations.insert(id, callee);
    }

    pub(super) fn is_registered(&self, id: u64) -> bool {
        self.registrations.contains_key(&id)
    }

    /// Notes that UNREGISTER is sent. Returns false if there is no such registration, or if
    /// UNREGISTER is already pending.
    pub(super) fn unregistering(&mut self, id: u64) -> bool {
        self.is_registered(id) && self.unregistering.insert(id)
    }

    /// Notes that UNREGISTER was refused: the registration stays.
    pub(super) fn unregister_failed(&mut self, id: u64) {
        self.unregistering.remove(&id);
    }

    pub(super) fn callee(&self, id: u64) -> Option<RequestTicket> {
        self.registrations.get(&id).copied()
    }

    /// Returns whether such a registration existed until recently.
    pub(super) fn was_registered(&self, id: u64) -> bool {
        self.past_registrations.contains(id)
    }

    pub(super) fn remove_registration(&mut self, id: u64) -> Option<RequestTicket> {
        self.unregistering.remove(&id);
        let callee = self.registrations.remove(&id)?;
        self.past_registrations.add(id);
        Some(callee)
    }
}
