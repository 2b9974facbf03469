//! `Broker`: subscriptions, and events to those who subscribed (spec: "Publish/subscribe").

use indexmap::IndexSet;

use crate::core::router::ConnectionId;
use crate::core::router::index::Index;
use crate::core::router::realm::{Failure, Turn, check_own_uri, check_uri, not_allowed, too_many};
use crate::core::router::session::Session;
use crate::error::{ApplicationError, Violation};
use crate::message::{
    Event, EventDetails, Publish, PublishOptions, Published, Subscribe, Subscribed, Unsubscribe,
    Unsubscribed,
};
use crate::uri::{Match, uris};

#[derive(Debug, Default)]
pub(super) struct Broker {
    subscriptions: Index<IndexSet<ConnectionId>>,
}

impl Broker {
    pub(super) fn subscriptions(&self) -> usize {
        self.subscriptions.len()
    }

    pub(super) fn subscribe(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        session: &mut Session,
        message: Subscribe,
    ) -> Result<(), Failure> {
        let policy = message.options.r#match.unwrap_or_default();
        check_uri(turn, &message.topic, policy)?;
        if policy != Match::Exact {
            return Err(not_allowed(format_args!("match: {}", policy.as_str())).into());
        }
        let limit = turn.config.limits.subscriptions;
        let known = self.subscriptions.find(&message.topic, Match::Exact);
        // Subscribing again is no second subscription.
        if session.subscriptions.len() >= limit
            && !known.is_some_and(|known| known.members.contains(&from))
        {
            return Err(too_many("subscriptions", limit).into());
        }
        let (entry, _) = self.subscriptions.entry(message.topic, policy, IndexSet::new);
        entry.members.insert(from);
        session.subscriptions.insert(entry.id);
        let subscribed = Subscribed { request: message.request, subscription: entry.id };
        turn.outputs.send(from, subscribed);
        Ok(())
    }

    pub(super) fn unsubscribe(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        session: &mut Session,
        message: &Unsubscribe,
    ) -> Result<(), Failure> {
        if !session.subscriptions.remove(&message.subscription) {
            return Err(ApplicationError::new(uris::NO_SUCH_SUBSCRIPTION)
                .arg(format!("this session has no subscription {}", message.subscription))
                .into());
        }
        self.remove(from, message.subscription);
        turn.outputs.send(from, Unsubscribed { request: message.request, details: None });
        Ok(())
    }

    pub(super) fn publish(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Publish,
    ) -> Result<(), Failure> {
        let options = &message.options;
        if options.ppt_scheme.is_some() {
            return Err(Violation::new("PUBLISH.Options.ppt_scheme was not announced").into());
        }
        check_own_uri(turn, &message.topic)?;
        if let Some(list) = list_of_receivers(options) {
            // To ignore it would hand the event to those who must not see it.
            return Err(not_allowed(list).into());
        }
        let exclude_me = options.exclude_me.unwrap_or(true);
        let publication = turn.ids.next();
        if options.acknowledge == Some(true) {
            turn.outputs.send(from, Published { request: message.request, publication });
        }
        let Some(entry) = self.subscriptions.find(&message.topic, Match::Exact) else {
            return Ok(());
        };
        let others = entry.members.iter().copied();
        let to: Vec<_> = others.filter(|member| !(exclude_me && *member == from)).collect();
        turn.outputs.multicast(
            to,
            Event {
                subscription: entry.id,
                publication,
                details: EventDetails::default(),
                payload: message.payload,
            },
        );
        Ok(())
    }

    /// Drops all subscriptions of a session that has gone.
    pub(super) fn release(&mut self, _turn: &mut Turn<'_>, from: ConnectionId, session: &Session) {
        for id in &session.subscriptions {
            self.remove(from, *id);
        }
    }

    fn remove(&mut self, member: ConnectionId, id: u64) {
        let Some(entry) = self.subscriptions.get_mut(id) else { return };
        entry.members.swap_remove(&member);
        if entry.members.is_empty() {
            self.subscriptions.remove(id);
        }
    }
}

/// The name of an option that says who gets the event, if one is there.
fn list_of_receivers(options: &PublishOptions) -> Option<&'static str> {
    [
        ("exclude", options.exclude.is_some()),
        ("exclude_authid", options.exclude_authid.is_some()),
        ("exclude_authrole", options.exclude_authrole.is_some()),
        ("eligible", options.eligible.is_some()),
        ("eligible_authid", options.eligible_authid.is_some()),
        ("eligible_authrole", options.eligible_authrole.is_some()),
    ]
    .into_iter()
    .find_map(|(name, given)| given.then_some(name))
}
