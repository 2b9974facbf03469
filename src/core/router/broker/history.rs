//! `Histories`: the last events of configured subscriptions (spec: "Event History").
//!
//! Stores and selects the events; the meta API hands them out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::IdMap;
use crate::core::router::broker::Publication;
use crate::core::router::session::Session;
use crate::message::{EventDetails, Payload};
use crate::uri::{Match, Uri};

/// Maximum number of events in one answer; a client reads on from the last one.
const ANSWER_EVENTS: usize = 1000;

/// Maximum number of bytes of the events in one answer, where they become values and take many
/// times as much. An event of more bytes could never be sent, and is not stored.
const ANSWER_BYTES: usize = 1 << 20;

/// Maximum weight in bytes of the values that an answer is made of. One event alone may weigh more.
const ANSWER_WEIGHT: usize = 4 << 20;

/// Histories by subscription.
#[derive(Debug, Default)]
pub(super) struct Histories(IdMap<History>);

/// A stored event.
#[derive(Clone, Debug)]
pub(in crate::core::router) struct HistoryEvent {
    /// UNIX time of the publication.
    pub(in crate::core::router) timestamp: Duration,
    pub(in crate::core::router) subscription: u64,
    pub(in crate::core::router) publication: u64,
    /// The details that a subscriber got.
    pub(in crate::core::router) details: EventDetails,
    pub(in crate::core::router) payload: Payload,
}

/// Filter of the events to read. All given conditions must hold.
///
/// Publication ids are random, so publications are compared by their position in the history. An
/// unknown one counts as older than all others: it may have been dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::core::router) struct HistoryFilter {
    /// Reads from the newest to the oldest; otherwise from the oldest.
    pub(in crate::core::router) reverse: bool,
    /// Maximum number of events in that direction. An answer has 1000 in any case, or fewer if they
    /// are long.
    pub(in crate::core::router) limit: Option<usize>,
    /// UNIX time; this or later.
    pub(in crate::core::router) from_time: Option<Duration>,
    /// UNIX time; earlier than this.
    pub(in crate::core::router) before_time: Option<Duration>,
    /// Only this topic.
    pub(in crate::core::router) topic: Option<Uri>,
    /// This publication and later ones.
    pub(in crate::core::router) from_publication: Option<u64>,
    /// Only later publications.
    pub(in crate::core::router) after_publication: Option<u64>,
    /// Only earlier publications.
    pub(in crate::core::router) before_publication: Option<u64>,
    /// This publication and earlier ones.
    pub(in crate::core::router) until_publication: Option<u64>,
}

#[derive(Debug)]
struct History {
    policy: Match,
    limit: usize,
    /// From the oldest to the newest.
    events: VecDeque<StoredEvent>,
    bytes: usize,
}

#[derive(Debug)]
struct StoredEvent {
    timestamp: Duration,
    publication: Arc<Publication>,
    weight: usize,
}

impl Histories {
    /// Keeps the last `limit` events of a subscription from now on.
    pub(super) fn add(&mut self, subscription: u64, policy: Match, limit: usize) {
        let empty = || History { policy, limit, events: VecDeque::new(), bytes: 0 };
        let history = self.0.entry(subscription).or_insert_with(empty);
        history.limit = history.limit.max(limit);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn keeps(&self, subscription: u64) -> bool {
        self.0.contains_key(&subscription)
    }

    pub(super) fn subscriptions(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    /// Stores an event in the histories of these subscriptions.
    pub(super) fn store(
        &mut self,
        timestamp: Duration,
        max_bytes: usize,
        subscriptions: &[u64],
        publication: &Publication,
    ) {
        // Sessions come and go: it is not known which later sessions may see the event.
        if publication.listing.as_ref().is_some_and(|listing| listing.names_sessions()) {
            return;
        }
        let mut detached = None;
        for subscription in subscriptions {
            let Some(history) = self.0.get_mut(subscription) else { continue };
            let publication = detached.get_or_insert_with(|| Arc::new(publication.detached()));
            history.push(timestamp, max_bytes, Arc::clone(publication));
        }
    }

    /// The events of a subscription that `asking` may see, as many as fit into one answer. `None`
    /// if the subscription has no history.
    pub(super) fn select(
        &self,
        subscription: u64,
        filter: &HistoryFilter,
        asking: &Session,
    ) -> Option<Vec<HistoryEvent>> {
        let history = self.0.get(&subscription)?;
        let range = history.range(filter);
        let chosen = history.events.range(range).filter(|stored| {
            let publication = &stored.publication;
            filter.takes_time(stored.timestamp)
                && filter.topic.as_ref().is_none_or(|topic| *topic == publication.topic)
                && publication.is_readable_by(asking.features)
                && publication
                    .listing
                    .as_ref()
                    .is_none_or(|listing| listing.allows_principal(&asking.identity))
        });
        let tell = |stored: &StoredEvent| {
            let event = stored.publication.event(subscription, history.policy);
            HistoryEvent {
                timestamp: stored.timestamp,
                subscription,
                publication: event.publication,
                details: event.details,
                payload: event.payload,
            }
        };
        let limit = filter.limit.unwrap_or(ANSWER_EVENTS).min(ANSWER_EVENTS);
        let (mut bytes, mut weight) = (0, 0_usize);
        let mut fits = |stored: &&StoredEvent| {
            let first = bytes == 0;
            bytes += stored.weight;
            weight = stored.publication.payload.decoded_weight().saturating_add(weight);
            bytes <= ANSWER_BYTES && (first || weight <= ANSWER_WEIGHT)
        };
        Some(if filter.reverse {
            chosen.rev().take(limit).take_while(&mut fits).map(tell).collect()
        } else {
            chosen.take(limit).take_while(&mut fits).map(tell).collect()
        })
    }
}

impl History {
    fn push(&mut self, timestamp: Duration, max_bytes: usize, publication: Arc<Publication>) {
        let weight = publication.weight();
        if weight > max_bytes.min(ANSWER_BYTES) {
            return;
        }
        self.bytes += weight;
        self.events.push_back(StoredEvent { timestamp, publication, weight });
        while self.events.len() > self.limit || self.bytes > max_bytes {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.weight;
        }
    }

    /// The range that is left by the filters on publications.
    fn range(&self, filter: &HistoryFilter) -> std::ops::Range<usize> {
        let place = |id: u64| self.events.iter().position(|stored| stored.publication.id == id);
        let behind = |id: u64| place(id).map_or(0, |place| place + 1);
        let starts = [
            filter.from_publication.map(|id| place(id).unwrap_or(0)),
            filter.after_publication.map(behind),
        ];
        let ends = [
            filter.before_publication.map(|id| place(id).unwrap_or(0)),
            filter.until_publication.map(behind),
        ];
        let end = ends.into_iter().flatten().fold(self.events.len(), usize::min);
        let start = starts.into_iter().flatten().fold(0, usize::max);
        start.min(end)..end
    }
}

impl HistoryFilter {
    fn takes_time(&self, time: Duration) -> bool {
        self.from_time.is_none_or(|from| time >= from)
            && self.before_time.is_none_or(|before| time < before)
    }
}
