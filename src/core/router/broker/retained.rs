//! `Retained`: the last events of topics, kept for those who subscribe later (spec: "Event
//! Retention").
//!
//! It is a help, not a store: it has a limit, and is empty when the router starts. What the spec
//! leaves open is decided here:
//! - An event for all takes the place of everything that its topic has. One for some only stands
//!   beside what was there, since the others shall still get theirs.
//! - Who was excluded as the publisher was not to get the event, and does not get it later.
//! - An event that is retained for nobody (`eligible: []`) clears its topic.
//! - An event that there is no room for is not kept, and its topic is cleared: nothing is better
//!   than what is out of date.

use std::collections::{BTreeMap, VecDeque};

use crate::core::router::RouterConfig;
use crate::core::router::broker::Publication;
use crate::core::router::session::Session;
use crate::core::router::wildcards::fits;
use crate::message::Event;
use crate::uri::{Match, Uri};

/// Events with a listing that are kept for one topic.
const PER_TOPIC: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Retained {
    topics: BTreeMap<Uri, Topic>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Topic {
    /// From the oldest to the newest.
    events: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    publication: Publication,
    /// The session of a publisher that did not want its own event.
    except: Option<u64>,
    weight: usize,
}

impl Retained {
    /// Keeps an event, or clears its topic.
    pub(super) fn keep(
        &mut self,
        config: &RouterConfig,
        publication: &Publication,
        except: Option<u64>,
    ) {
        let listing = publication.listing.as_deref();
        let for_nobody = listing.is_some_and(|listing| listing.is_for_nobody());
        if for_nobody || listing.is_none() {
            self.clear(&publication.topic);
        }
        if for_nobody {
            return;
        }
        let weight = publication.weight();
        let known = self.topics.contains_key(&publication.topic);
        let room = config.retained_bytes.saturating_sub(self.bytes);
        if weight > room || !known && self.topics.len() >= config.retained_topics {
            self.clear(&publication.topic);
            return;
        }
        let topic = self.topics.entry(publication.topic.clone()).or_default();
        if topic.events.len() >= PER_TOPIC {
            // The one for all stays longest: it is the only one that some can get.
            let oldest = topic.events.iter().position(|kept| kept.publication.listing.is_some());
            let gone = oldest.and_then(|oldest| topic.events.remove(oldest));
            self.bytes -= gone.map_or(0, |gone| gone.weight);
        }
        self.bytes += weight;
        topic.events.push_back(Kept { publication: publication.detached(), except, weight });
    }

    /// What one who subscribes gets: of each topic that matches the newest event that it may see.
    pub(super) fn events(
        &self,
        subscription: u64,
        uri: &Uri,
        policy: Match,
        to: &Session,
    ) -> Vec<Event> {
        let newest = |topic: &Topic| {
            let kept = topic.events.iter().rev().find(|kept| kept.is_for(to))?;
            let mut event = kept.publication.event(subscription, policy);
            event.details.retained = Some(true);
            Some(event)
        };
        if policy == Match::Exact {
            return self.topics.get(uri).and_then(newest).into_iter().collect();
        }
        // What comes before the first wildcard is a prefix, too, so that only a part of the topics
        // is looked at; that these are not too many is the limit's matter.
        let literal = match policy {
            Match::Wildcard => literal_start(uri),
            _ => uri,
        };
        self.topics
            .range::<str, _>((std::ops::Bound::Included(literal), std::ops::Bound::Unbounded))
            .take_while(|(topic, _)| topic.starts_with(literal))
            .filter(|(topic, _)| policy != Match::Wildcard || fits(uri, topic))
            .filter_map(|(_, topic)| newest(topic))
            .collect()
    }

    fn clear(&mut self, topic: &Uri) {
        if let Some(topic) = self.topics.remove(topic) {
            self.bytes -= topic.events.iter().map(|kept| kept.weight).sum::<usize>();
        }
    }
}

impl Kept {
    fn is_for(&self, to: &Session) -> bool {
        let Kept { publication, except, .. } = self;
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
