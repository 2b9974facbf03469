//! `Realm`: the sessions that can reach each other, their broker and their dealer.
//!
//! This file holds the state; what is done with it lies above the meta API: `members` (joining and
//! leaving), `requests` (what sessions send) and `judge` (what they may).

mod judge;
mod members;
mod requests;

use crate::core::ids::{IdMap, KeyMap};
use crate::core::router::authorization::Policy;
use crate::core::router::broker::Broker;
use crate::core::router::dealer::Dealer;
use crate::core::router::session::Sessions;
use crate::core::router::testaments::Testaments;
use crate::core::router::{ConnectionId, MetaApi, RouterConfig};
use crate::uri::Uri;

#[derive(Debug)]
pub(super) struct Realm {
    pub(super) name: Uri,
    pub(super) sessions: Sessions,
    /// Connections by session id.
    pub(super) connections: IdMap<ConnectionId>,
    pub(super) broker: Broker,
    pub(super) dealer: Dealer,
    /// Of those sessions that have left any.
    pub(super) testaments: KeyMap<ConnectionId, Testaments>,
    /// Who may do what; none if everybody may do everything.
    pub(super) policy: Option<Policy>,
    /// Whether meta events are published.
    pub(super) tells: bool,
}

impl Realm {
    pub(super) fn new(
        name: Uri,
        config: &RouterConfig,
        policy: Option<Policy>,
        tells: bool,
    ) -> Self {
        Realm {
            policy,
            tells,
            name,
            sessions: Sessions::default(),
            connections: IdMap::default(),
            broker: Broker::new(config),
            dealer: Dealer::default(),
            testaments: KeyMap::default(),
        }
    }

    /// Sessions, subscriptions, registrations and calls under way.
    pub(super) fn counts(&self) -> [usize; 4] {
        let calls = self.sessions.values().map(|session| session.calls.len()).sum();
        [
            self.sessions.len(),
            self.broker.subscriptions(),
            self.dealer.registrations.index().len(),
            calls,
        ]
    }

    /// The rules of a role; none if there are no roles.
    pub(super) fn role(&self, name: &str) -> Option<usize> {
        // Nobody knows the first one's name, and it may do nothing.
        self.policy.as_ref().map(|policy| policy.find(name).unwrap_or(0))
    }

    /// Whether a session can have this role here.
    pub(super) fn knows_role(&self, name: &str) -> bool {
        self.policy.as_ref().is_none_or(|policy| policy.find(name).is_some())
    }

    /// How much of the meta API a session's call of this procedure finds; nothing if a rule denies
    /// it.
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
