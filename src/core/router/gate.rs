//! `Gate`: what all connections share before they have a session. Nothing in it changes, so that they
//! need not wait for each other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::core::router::authentication::{Authentication, AuthenticationConfig};
use crate::core::router::authorization::Policy;
use crate::core::router::config::RouterConfig;
use crate::core::router::offer::{self, Offer};
use crate::core::router::realm_core::RealmCore;
use crate::message::Roles;
use crate::uri::Uri;

/// The settings of a router, its authentication, and the names of its realms and roles.
#[derive(Debug)]
pub struct Gate {
    pub(super) config: Arc<RouterConfig>,
    pub(super) authentication: Authentication,
    realms: HashMap<Uri, usize>,
    /// Length of the longest realm. It can be joined even if it exceeds the limit for other names.
    pub(super) longest_realm: usize,
    /// The roles of each realm.
    policies: Vec<Option<Arc<Policy>>>,
}

impl Gate {
    /// Creates the gate of a router, and its realms. A realm's index is its number.
    pub fn new(config: RouterConfig) -> (Self, Vec<RealmCore>) {
        let who = config.authentication.clone().unwrap_or_else(AuthenticationConfig::open);
        let config = Arc::new(config);
        let policy = |name| Policy::of(&config, name).map(Arc::new);
        let policies: Vec<_> = config.realms.iter().map(policy).collect();
        let names = || config.realms.iter().cloned().enumerate();
        let realm = |(index, name)| {
            RealmCore::new(Arc::clone(&config), index, name, policies[index].clone())
        };
        let realms = names().map(realm).collect();
        let gate = Gate {
            authentication: Authentication::new(who, &config.realms),
            realms: names().map(|(index, name)| (name, index)).collect(),
            longest_realm: config.realms.iter().map(|realm| realm.len()).max().unwrap_or_default(),
            policies,
            config,
        };
        (gate, realms)
    }

    /// The settings of the router.
    pub fn config(&self) -> &RouterConfig {
        &self.config
    }

    /// The index of a realm.
    pub(super) fn realm(&self, name: &Uri) -> Option<usize> {
        self.realms.get(name).copied()
    }

    /// Returns whether sessions of a realm can have this role.
    pub(super) fn has_role(&self, realm: usize, role: &str) -> bool {
        self.policy(realm).is_none_or(|policy| policy.find(role).is_some())
    }

    /// The roles of the router in WELCOME, for a session of this role.
    pub(super) fn roles(&self, realm: usize, role: &str) -> Roles {
        let offer = Offer::new(&self.config, self.policy(realm), role);
        let (broker, dealer) = (offer::broker(offer), offer::dealer(offer));
        Roles::new().with("broker", &broker).with("dealer", &dealer)
    }

    fn policy(&self, realm: usize) -> Option<&Policy> {
        self.policies.get(realm)?.as_deref()
    }
}
