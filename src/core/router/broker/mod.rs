//! `Broker`: subscriptions, and the delivery of events (spec: "Publish/subscribe" and the sections
//! on advanced PubSub).
//!
//! The hot path is a publication without options to a topic without patterns: one look-up and one
//! multicast. Everything else is behind tests of negligible cost.

mod history;
mod inspect;
mod listing;
mod publication;
mod retained;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::time::Duration;

use indexmap::IndexSet;

use crate::core::router::broker::history::Histories;
use crate::core::router::broker::listing::Listing;
use crate::core::router::broker::publication::Publication;
use crate::core::router::broker::retained::Retained;
use crate::core::router::checks::{check_own_uri, check_room, check_uri, no_room};
use crate::core::router::config::Disclosure;
use crate::core::router::custom::check_forwarded;
use crate::core::router::held;
use crate::core::router::index::{Entry, Index};
use crate::core::router::meta_event::{Kind, MetaEvent};
use crate::core::router::names::is_reserved;
use crate::core::router::output::Outputs;
use crate::core::router::session::{Session, Sessions};
use crate::core::router::turn::{Failure, Turn};
use crate::core::router::wildcards::Shape;
use crate::core::router::{ConnectionId, RouterConfig};
use crate::error::{ApplicationError, Violation};
use crate::message::{
    EventDetails, Payload, Publish, PublishOptions, Published, RevocationDetails, Subscribe,
    Subscribed, Unsubscribe, Unsubscribed,
};
use crate::uri::{Match, Uri};

pub(super) use history::{HistoryEvent, HistoryFilter};

#[derive(Debug)]
pub(super) struct Broker {
    subscriptions: Index<Subscribers>,
    retained: Retained,
    histories: Histories,
}

/// The sessions in a subscription.
#[derive(Debug)]
pub(super) struct Subscribers {
    pub(super) members: IndexSet<ConnectionId>,
    /// The router's time of the first subscriber.
    pub(super) created: Duration,
}

impl Broker {
    /// Creates a broker with the subscriptions that have a history (spec: "Event History").
    pub(super) fn new(config: &RouterConfig) -> Self {
        let mut broker = Broker {
            subscriptions: Index::default(),
            retained: Retained::default(),
            histories: Histories::default(),
        };
        for history in &config.histories {
            let none = || Subscribers { members: IndexSet::new(), created: Duration::ZERO };
            let (topic, policy) = (history.topic.clone(), history.policy);
            let entry = broker.subscriptions.entry(topic, policy, none).0;
            broker.histories.add(entry.id, policy, history.limit);
        }
        broker
    }

    /// Number of subscriptions with a subscriber.
    pub(super) fn subscriptions(&self) -> usize {
        let all = self.histories.subscriptions().filter_map(|id| self.subscriptions.get(id));
        self.subscriptions.len() - all.filter(|entry| entry.members.members.is_empty()).count()
    }

    pub(super) fn subscribe(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        session: &mut Session,
        message: Subscribe,
    ) -> Result<(), Failure> {
        let Subscribe { request, options, topic } = message;
        let policy = options.r#match.unwrap_or_default();
        check_uri(turn, &topic, policy)?;
        let known = self.subscriptions.find(&topic, policy);
        // A repeated SUBSCRIBE adds no subscription.
        if !known.is_some_and(|known| session.subscriptions.contains(known.id)) {
            check_room(turn, &session.subscriptions, &topic, policy, Kind::Subscription)?;
            if policy == Match::Wildcard && !self.subscriptions.has_room(&topic) {
                return Err(no_room("subscriptions").into());
            }
            turn.held.check(turn.config, held::MEMBERSHIP + held::entry(&topic))?;
        }
        let retained_for = (options.get_retained == Some(true)).then(|| topic.clone());
        let now = turn.now;
        let none = || Subscribers { members: IndexSet::new(), created: now };
        let shape = (policy == Match::Wildcard).then(|| Shape::of(&topic));
        let (entry, created) = self.subscriptions.entry(topic, policy, none);
        let entered = entry.members.members.insert(from);
        if created {
            turn.held.add(held::entry(&entry.uri));
        }
        if entered {
            turn.held.add(held::MEMBERSHIP);
        }
        let id = entry.id;
        if entered && !is_reserved(&entry.uri) {
            let (of, session) = (Kind::Subscription, session.identity.session);
            turn.meta_events.extend(created.then_some(MetaEvent::Created { of, session, id }));
            turn.meta_events.push(MetaEvent::Entered { of, session, id });
        }
        session.subscriptions.insert(id, shape);
        turn.outputs.send(from, Subscribed { request, subscription: id });
        if let Some(topic) = retained_for {
            let (events, work) = self.retained.events(id, &topic, policy, session);
            turn.outputs.worked(work);
            for event in events {
                turn.outputs.send(from, event);
            }
        }
        Ok(())
    }

    pub(super) fn unsubscribe(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        session: &mut Session,
        message: &Unsubscribe,
    ) -> Result<(), Failure> {
        if !session.subscriptions.remove(message.subscription) {
            return Err(ApplicationError::new(Uri::NO_SUCH_SUBSCRIPTION)
                .arg(format!("this session has no subscription {}", message.subscription))
                .into());
        }
        self.leave(turn, from, session.identity.session, message.subscription);
        turn.outputs.send(from, Unsubscribed { request: message.request, details: None });
        Ok(())
    }

    /// Takes a session out of a subscription, and tells it if it announced revocation (spec:
    /// "Subscription Revocation"). Returns whether it was a subscriber.
    pub(super) fn revoke(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        subscription: u64,
        member: ConnectionId,
        reason: &str,
    ) -> bool {
        let Some(session) = sessions.get_mut(&member) else { return false };
        if !session.subscriptions.remove(subscription) {
            return false;
        }
        self.leave(turn, member, session.identity.session, subscription);
        if session.features.subscriber_revocation {
            let mut details = RevocationDetails::default();
            details.subscription = Some(subscription);
            details.reason = Some(reason.to_owned());
            turn.outputs.send(member, Unsubscribed { request: 0, details: Some(details) });
        }
        true
    }

    pub(super) fn publish(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &Sessions,
        message: Publish,
        disclosure: Disclosure,
    ) -> Result<(), Failure> {
        self.publish_as(turn, from, || sessions.get(&from), sessions, message, disclosure)
    }

    /// Publishes for a session that has gone, as if it were still there (spec: "Testaments").
    pub(super) fn publish_for_gone(
        &mut self,
        turn: &mut Turn<'_>,
        gone: (ConnectionId, &Session),
        sessions: &Sessions,
        message: Publish,
        disclosure: Disclosure,
    ) -> Result<(), Failure> {
        self.publish_as(turn, gone.0, || Some(gone.1), sessions, message, disclosure)
    }

    /// Publishes for the router itself. `payload` is called only if the event has subscribers.
    pub(super) fn publish_own(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &Sessions,
        topic: &str,
        payload: impl FnOnce() -> Payload,
    ) {
        if self.subscriptions.matches(topic).is_empty() {
            return;
        }
        let publication = Publication {
            id: turn.ids.next(),
            topic: topic.into(),
            details: EventDetails::default(),
            listing: None,
            payload: payload(),
            with_topic: OnceLock::new(),
        };
        self.deliver(turn, None, sessions, publication);
    }

    /// Takes a session out of a subscription.
    pub(super) fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        member: ConnectionId,
        session: u64,
        id: u64,
    ) {
        let Some(entry) = self.subscriptions.get_mut(id) else { return };
        if entry.members.members.swap_remove(&member) {
            turn.held.sub(held::MEMBERSHIP);
        }
        let watched = !is_reserved(&entry.uri);
        // A subscription with a history stays.
        let deleted = entry.members.members.is_empty() && !self.histories.keeps(id);
        if deleted {
            turn.held.sub(held::entry(&entry.uri));
            self.subscriptions.remove(id);
        }
        if watched {
            let of = Kind::Subscription;
            turn.meta_events.push(MetaEvent::Left { of, session, id });
            turn.meta_events.extend(deleted.then_some(MetaEvent::Deleted { of, session, id }));
        }
    }

    fn publish_as<'a>(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        publisher: impl Fn() -> Option<&'a Session>,
        sessions: &Sessions,
        message: Publish,
        disclosure: Disclosure,
    ) -> Result<(), Failure> {
        let Publish { request, options, topic, payload } = message;
        if options.ppt_scheme.is_some()
            && !publisher().is_some_and(|publisher| publisher.features.publisher_passthru)
        {
            return Err(Violation::new("PUBLISH.Options.ppt_scheme was not announced").into());
        }
        check_own_uri(turn, &topic, Match::Exact)?;
        if !options.is_empty() {
            let encoding = [&options.enc_algo, &options.enc_serializer];
            check_forwarded(turn.config, "PUBLISH.Options", &payload, encoding, &options.extra)?;
        }
        let disclosed = discloses(disclosure, &options)?;
        let disclosed = disclosed.then(&publisher).flatten().map(|session| &*session.identity);
        // The lists are not looked at if nobody gets the event.
        let listed = !options.is_empty()
            && (options.retain == Some(true) || !self.subscriptions.matches(&topic).is_empty());
        let publication = Publication {
            id: turn.ids.next(),
            details: publication::details(&options, disclosed),
            listing: if listed { Listing::of(&options) } else { None },
            topic,
            payload,
            with_topic: OnceLock::new(),
        };
        if options.acknowledge == Some(true) {
            turn.outputs.send(from, Published { request, publication: publication.id });
        }
        let exclude_me = options.exclude_me.unwrap_or(true);
        if options.retain == Some(true) {
            let except = exclude_me.then(&publisher).flatten();
            let except = except.map(|publisher| publisher.identity.session);
            self.retained.keep(turn.config, &publication, except);
        }
        self.deliver(turn, exclude_me.then_some(from), sessions, publication);
        Ok(())
    }

    fn deliver(
        &mut self,
        turn: &mut Turn<'_>,
        except: Option<ConnectionId>,
        sessions: &Sessions,
        publication: Publication,
    ) {
        let Broker { subscriptions, histories, .. } = self;
        let opaque = publication.payload.opaque().is_some();
        let listing = publication.listing.as_deref();
        let audience = Recipients { except, sessions, listing, opaque };
        let exact = subscriptions.find(&publication.topic, Match::Exact);
        if !subscriptions.has_patterns() && histories.is_empty() {
            if let Some(entry) = exact {
                let to = audience.of(entry);
                turn.outputs.multicast(to, publication.into_event(entry.id, Match::Exact));
            }
            return;
        }
        turn.outputs.worked(subscriptions.steps(&publication.topic));
        let mut remembered = Vec::new();
        subscriptions.visit(&publication.topic, |entry| {
            send(turn.outputs, &audience, entry, &publication);
            if histories.keeps(entry.id) {
                remembered.push(entry.id);
            }
        });
        if !remembered.is_empty() {
            let time = turn.config.epoch.saturating_add(turn.now);
            histories.store(time, turn.config.history_bytes, &remembered, &publication);
        }
    }
}

/// The receivers of an event among the subscribers.
struct Recipients<'a> {
    /// The publisher, if it is excluded.
    except: Option<ConnectionId>,
    listing: Option<&'a Listing>,
    /// True if the event has binary data in place of arguments, which is not a valid message
    /// without payload transparency.
    opaque: bool,
    sessions: &'a Sessions,
}

impl Recipients<'_> {
    fn of(&self, entry: &Entry<Subscribers>) -> Vec<ConnectionId> {
        let members = &entry.members.members;
        let any_leaves = self.sessions.leaving() > 0;
        let is_other = |member: &ConnectionId| {
            Some(*member) != self.except && !(any_leaves && self.sessions.is_leaving(*member))
        };
        let others = members.iter().copied().filter(is_other);
        if self.listing.is_none() && !self.opaque {
            return others.collect();
        }
        let takes = |to: &Session| {
            (!self.opaque || to.features.subscriber_transparency)
                && self.listing.is_none_or(|listing| listing.allows(&to.identity))
        };
        others.filter(|member| self.sessions.get(member).is_some_and(takes)).collect()
    }
}

fn send(
    outputs: &mut Outputs,
    audience: &Recipients<'_>,
    entry: &Entry<Subscribers>,
    publication: &Publication,
) {
    let to = audience.of(entry);
    if !to.is_empty() {
        outputs.multicast(to, publication.event(entry.id, entry.policy));
    }
}

/// Returns whether the publisher is disclosed to subscribers (spec: "Publisher Identification").
///
/// # Errors
/// `wamp.error.option_disallowed.disclose_me`.
pub(super) fn discloses(
    rule: Disclosure,
    options: &PublishOptions,
) -> Result<bool, ApplicationError> {
    let wanted = options.disclose_me == Some(true);
    match rule {
        Disclosure::OnRequest => Ok(wanted),
        Disclosure::Always => Ok(true),
        Disclosure::Never if wanted => {
            Err(ApplicationError::new(Uri::OPTION_DISALLOWED_DISCLOSE_ME)
                .arg("this router does not disclose publishers to subscribers"))
        }
        Disclosure::Never => Ok(false),
    }
}
