//! `Retained`: the last events of topics, kept for later subscribers (spec: "Event Retention").
//!
//! The store is limited, and empty when the router starts. The spec leaves these points open:
//! - An event for all replaces everything that its topic holds. An event for some stands beside the
//!   others, since other sessions shall still get theirs.
//! - A publisher that was excluded from its event does not get it later, either.
//! - An event that is retained without receivers (`eligible: []`) clears its topic.
//! - When there is no room for an event, the topics with the oldest last event are dropped. So no
//!   client can fill the store for ever.
//! - An event that is too big for the whole store is not kept, and its topic is cleared: nothing is
//!   better than something out of date.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use crate::core::router::RouterConfig;
use crate::core::router::broker::Publication;
use crate::core::router::session::Session;
use crate::core::router::wildcards::fits;
use crate::message::Event;
use crate::uri::{Match, Uri};

/// Maximum number of events with a listing that are kept for one topic.
const PER_TOPIC: usize = 16;

/// Maximum number of events that one SUBSCRIBE brings: repeating it costs a client nothing.
const PER_SUBSCRIBE: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Retained {
    topics: BTreeMap<Uri, Topic>,
    /// In the order of the last events, the oldest first.
    by_age: BTreeMap<u64, Uri>,
    bytes: usize,
    last: u64,
}

#[derive(Debug, Default)]
struct Topic {
    /// Time of the last event, counted in events.
    age: u64,
    /// From the oldest to the newest.
    events: VecDeque<RetainedEvent>,
}

#[derive(Debug)]
struct RetainedEvent {
    publication: Publication,
    /// The session of a publisher that is excluded from its event.
    except: Option<u64>,
    weight: usize,
}

impl Retained {
    /// Stores an event, or clears its topic.
    pub(super) fn keep(
        &mut self,
        config: &RouterConfig,
        publication: &Publication,
        except: Option<u64>,
    ) {
        let listing = publication.listing.as_deref();
        let for_nobody = listing.is_some_and(|listing| listing.has_no_receiver());
        if for_nobody || listing.is_none() {
            self.clear(&publication.topic);
        }
        if for_nobody {
            return;
        }
        let weight = publication.weight();
        if weight > config.retained_bytes || config.retained_topics == 0 {
            self.clear(&publication.topic);
            return;
        }
        // The topic becomes the newest one, and is dropped last.
        let mut topic = self.take(&publication.topic).unwrap_or_default();
        while self.topics.len() >= config.retained_topics
            || self.bytes + topic.weight() + weight > config.retained_bytes
        {
            if let Some((_, oldest)) = self.by_age.pop_first() {
                self.clear(&oldest);
            } else if topic.events.pop_front().is_none() {
                break;
            }
        }
        if topic.events.len() >= PER_TOPIC {
            // The event for all stays longest: it is the only one that some sessions can get.
            let oldest = topic.events.iter().position(|kept| kept.publication.listing.is_some());
            oldest.and_then(|oldest| topic.events.remove(oldest));
        }
        topic.events.push_back(RetainedEvent {
            publication: publication.detached(),
            except,
            weight,
        });
        self.put(publication.topic.clone(), topic);
    }

    /// The events for a new subscriber: of each matching topic the newest event that it may see, in
    /// the order of the topics. If there are too many, the newest of these. Also returns the work.
    pub(super) fn events(
        &self,
        subscription: u64,
        uri: &Uri,
        policy: Match,
        to: &Session,
    ) -> (Vec<Event>, usize) {
        let event = |kept: &RetainedEvent| {
            let mut event = kept.publication.event(subscription, policy);
            event.details.retained = Some(true);
            event
        };
        if policy == Match::Exact {
            let kept = self.topics.get(uri).and_then(|topic| topic.newest_for(to));
            return (kept.map(event).into_iter().collect(), 0);
        }
        // The text before the first wildcard is a prefix, so only a part of the topics is visited;
        // the limit of topics bounds the rest.
        let literal = match policy {
            Match::Wildcard => literal_start(uri),
            _ => uri,
        };
        let mut visited = 0_usize;
        let mut chosen: Vec<_> = self
            .topics
            .range::<str, _>((Bound::Included(literal), Bound::Unbounded))
            .take_while(|(topic, _)| topic.starts_with(literal))
            .inspect(|_| visited += 1)
            .filter(|(topic, _)| policy != Match::Wildcard || fits(uri, topic))
            .filter_map(|(_, topic)| Some((topic.age, topic.newest_for(to)?)))
            .collect();
        if let Some(too_many) = chosen.len().checked_sub(PER_SUBSCRIBE).filter(|more| *more > 0) {
            let mut ages: Vec<_> = chosen.iter().map(|(age, _)| *age).collect();
            let (_, &mut oldest, _) = ages.select_nth_unstable(too_many);
            chosen.retain(|(age, _)| *age >= oldest);
        }
        (chosen.into_iter().map(|(_, kept)| event(kept)).collect(), visited / 8)
    }

    fn clear(&mut self, topic: &Uri) {
        self.take(topic);
    }

    fn take(&mut self, topic: &Uri) -> Option<Topic> {
        let topic = self.topics.remove(topic)?;
        self.by_age.remove(&topic.age);
        self.bytes -= topic.weight();
        Some(topic)
    }

    /// Adds it as the newest one.
    fn put(&mut self, uri: Uri, mut topic: Topic) {
        self.last += 1;
        topic.age = self.last;
        self.bytes += topic.weight();
        self.by_age.insert(topic.age, uri.clone());
        self.topics.insert(uri, topic);
    }
}

impl Topic {
    fn newest_for(&self, to: &Session) -> Option<&RetainedEvent> {
        self.events.iter().rev().find(|kept| kept.is_for(to))
    }

    fn weight(&self) -> usize {
        self.events.iter().map(|kept| kept.weight).sum()
    }
}

impl RetainedEvent {
    fn is_for(&self, to: &Session) -> bool {
        let RetainedEvent { publication, except, .. } = self;
        *except != Some(to.identity.session)
            && publication.is_readable_by(to.features)
            && publication.listing.as_ref().is_none_or(|listing| listing.allows(&to.identity))
    }
}

/// A wildcard pattern up to its first empty component.
fn literal_start(pattern: &str) -> &str {
    if pattern.starts_with('.') {
        return "";
    }
    pattern.find("..").map_or(pattern, |dots| &pattern[..=dots])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_literal_up_to_its_first_empty_component() {
        for (pattern, start) in
            [("", ""), (".", ""), (".a.b", ""), ("a..b", "a."), ("a.b.", "a.b."), ("a.b", "a.b")]
        {
            assert_eq!(literal_start(pattern), start, "{pattern:?}");
        }
    }
}
