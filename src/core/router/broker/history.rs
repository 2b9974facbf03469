//! `Histories`: the last events of the subscriptions that the router was told to remember (spec:
//! "Event History").
//!
//! Owns what is stored and which of it is handed out; how somebody asks for it is the meta API's
//! matter.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::IdMap;
use crate::core::router::broker::Publication;
use crate::core::router::session::Session;
use crate::message::{EventDetails, Payload};
use crate::uri::{Match, Uri};

/// Events in one answer at most; who wants more asks again for what comes behind them.
const ANSWER_EVENTS: usize = 1000;

/// Bytes that the events in one answer take at most. An answer has them as values, which take many
/// times as much. So an event of more bytes could not be told at all, and is not remembered.
const ANSWER_BYTES: usize = 1 << 20;

/// Histories by subscription.
#[derive(Debug, Default)]
pub(super) struct Histories(IdMap<History>);

/// An event as it is told later.
#[derive(Clone, Debug)]
pub(in crate::core::router) struct HistoryEvent {
    /// UNIX time at which it was published.
    pub(in crate::core::router) timestamp: Duration,
    pub(in crate::core::router) subscription: u64,
    pub(in crate::core::router) publication: u64,
    /// As a subscriber got them.
    pub(in crate::core::router) details: EventDetails,
    pub(in crate::core::router) payload: Payload,
}

/// Which events are asked for. What is not given does not matter; what is given must all hold.
///
/// Publications go by their place in the history, since their ids are random. One that is not there
/// counts as older than all that are: it may have been there once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::core::router) struct HistoryFilter {
    /// From the newest to the oldest; otherwise from the oldest.
    pub(in crate::core::router) reverse: bool,
    /// How many at most, counted in that direction. One answer has 1000 in any case, or fewer if
    /// they are long.
    pub(in crate::core::router) limit: Option<usize>,
    /// UNIX time: at it or later.
    pub(in crate::core::router) from_time: Option<Duration>,
    /// Earlier than it.
    pub(in crate::core::router) before_time: Option<Duration>,
    /// Only this topic.
    pub(in crate::core::router) topic: Option<Uri>,
    /// This publication and what came later.
    pub(in crate::core::router) from_publication: Option<u64>,
    /// What came later than this publication.
    pub(in crate::core::router) after_publication: Option<u64>,
    /// What came earlier than this publication.
    pub(in crate::core::router) before_publication: Option<u64>,
    /// This publication and what came earlier.
    pub(in crate::core::router) until_publication: Option<u64>,
}

#[derive(Debug)]
struct History {
    policy: Match,
    limit: usize,
    /// From the oldest to the newest.
    events: VecDeque<Stored>,
    bytes: usize,
}

#[derive(Debug)]
struct Stored {
    timestamp: Duration,
    publication: Arc<Publication>,
    weight: usize,
}

impl Histories {
    /// Remembers the last `limit` events of a subscription from now on.
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

    /// Stores an event that went to these subscriptions, as far as they are remembered.
    pub(super) fn store(
        &mut self,
        timestamp: Duration,
        max_bytes: usize,
        subscriptions: &[u64],
        publication: &Publication,
    ) {
        // Sessions come and go; who could be told of it later is not known.
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

    /// The events of a subscription that `asking` may see, as many as one answer may hold; nothing
    /// if there is no history.
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
        let tell = |stored: &Stored| {
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
        let mut room = ANSWER_BYTES;
        let mut fits = |stored: &&Stored| match room.checked_sub(stored.weight) {
            Some(rest) => {
                room = rest;
                true
            }
            None => false,
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
        self.events.push_back(Stored { timestamp, publication, weight });
        while self.events.len() > self.limit || self.bytes > max_bytes {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.weight;
        }
    }

    /// Where those stand that the filters by publication leave.
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
