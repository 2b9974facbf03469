//! `Realm`: the sessions that can reach each other, their broker and their dealer.
//!
//! This file holds the state. `members` and `portions` (joining and leaving), `requests` (messages) and `judge`
//! (authorization) work on it, and lie above the meta API.

mod judge;
mod members;
mod portions;
mod requests;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::ids::IdMap;
use crate::core::router::authorization::{Policy, Verdicts};
use crate::core::router::broker::Broker;
use crate::core::router::connection::{ByConnection, ConnectionId};
use crate::core::router::dealer::Dealer;
use crate::core::router::leaving::Leaving;
use crate::core::router::meta_event::Announcement;
use crate::core::router::session::Sessions;
use crate::core::router::testaments::Testaments;
use crate::core::router::{MetaApi, RouterConfig};
use crate::uri::Uri;

#[derive(Debug)]
pub(super) struct Realm {
    pub(super) name: Uri,
    pub(super) sessions: Sessions,
    /// Connections by session id.
    pub(super) connections: IdMap<ConnectionId>,
    pub(super) broker: Broker,
    pub(super) dealer: Dealer,
    /// Testaments of the sessions that have left any.
    pub(super) testaments: ByConnection<Testaments>,
    /// The sessions that have left and still hold something, the next one first.
    pub(super) leaving: VecDeque<Leaving>,
    /// The rules for all sessions; none if every session may do everything.
    pub(super) policy: Option<Arc<Policy>>,
    /// The authorizer's decisions about each role.
    pub(super) verdicts: Vec<Verdicts>,
    /// Meta events that are not published yet.
    pub(super) announcements: VecDeque<Announcement>,
    /// True if there were too many for one step: the rest waits for the next one of the clock.
    pub(super) is_behind: bool,
    /// True if meta events are published.
    pub(super) publishes_meta_events: bool,
}

impl Realm {
    pub(super) fn new(
        name: Uri,
        config: &RouterConfig,
        policy: Option<Arc<Policy>>,
        publishes_meta_events: bool,
    ) -> Self {
        Realm {
            verdicts: policy.as_ref().map(|policy| policy.caches()).unwrap_or_default(),
            policy,
            announcements: VecDeque::new(),
            is_behind: false,
            publishes_meta_events,
            name,
            sessions: Sessions::default(),
            connections: IdMap::default(),
            broker: Broker::new(config),
            dealer: Dealer::default(),
            testaments: ByConnection::default(),
            leaving: VecDeque::new(),
        }
    }

    /// Numbers of sessions, subscriptions, registrations and running calls.
    pub(super) fn counts(&self) -> [usize; 4] {
        let calls = self.sessions.values().map(|session| session.calls.len()).sum();
        [
            self.sessions.len(),
            self.broker.subscriptions(),
            self.dealer.registrations.index().len(),
            calls,
        ]
    }

    /// Index of a role's rules; none if there are no roles.
    pub(super) fn role(&self, name: &str) -> Option<usize> {
        // The first role is for unknown names, and may do nothing.
        self.policy.as_ref().map(|policy| policy.find(name).unwrap_or(0))
    }

    /// The part of the meta API that a session's call of this procedure may use; `None` if a rule
    /// denies it.
    pub(super) fn meta_api(
        &self,
        config: &RouterConfig,
        from: ConnectionId,
        procedure: &str,
    ) -> Option<MetaApi> {
        let Some(policy) = &self.policy else { return Some(config.meta_api) };
        let role = self.sessions.get(&from).and_then(|session| session.role);
        policy.get(role.unwrap_or(0)).and_then(|rules| rules.meta_api(procedure))
    }
}
