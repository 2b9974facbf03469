//! `RouterConfig`: what the router core is told once, at its beginning.

use std::time::Duration;

use crate::uri::{Uri, UriRule};

/// The settings of a [`Router`](super::Router).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RouterConfig {
    /// The realms that can be joined. Default: none.
    pub realms: Vec<Uri>,
    /// What WELCOME says about us. Default: `wampwerk/` and the version.
    pub agent: String,
    /// Where session and publication ids come from: the same seed gives the same ids.
    pub seed: u64,
    /// How long a connection may be without a session. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// How long a peer may take to answer our GOODBYE. Default: 2 seconds.
    pub goodbye_timeout: Duration,
    /// Which characters topics, procedures and realms may have. Default: loose.
    pub uri_rule: UriRule,
    /// Whether a request id out of sequence is a violation (spec: "IDs"). Default: no, as there
    /// are clients that draw random ids.
    pub strict_request_ids: bool,
    /// How much one session may hold.
    pub limits: Limits,
}

/// How much one session may hold; a request beyond is answered by `wamp.error.unavailable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Subscriptions. Default: 100 000.
    pub subscriptions: usize,
    /// Registrations. Default: 100 000.
    pub registrations: usize,
    /// Calls that it has made and that are not answered yet. Default: 65 536.
    pub calls: usize,
}

impl RouterConfig {
    /// The defaults, with this seed.
    pub fn new(seed: u64) -> Self {
        RouterConfig {
            realms: Vec::new(),
            agent: concat!("wampwerk/", env!("CARGO_PKG_VERSION")).to_owned(),
            seed,
            handshake_timeout: Duration::from_secs(10),
            goodbye_timeout: Duration::from_secs(2),
            uri_rule: UriRule::Loose,
            strict_request_ids: false,
            limits: Limits::default(),
        }
    }

    /// Adds a realm.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realms.push(realm.into());
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { subscriptions: 100_000, registrations: 100_000, calls: 65_536 }
    }
}
