//! `RouterConfig`: what the router core is told once, at its beginning.

use std::time::Duration;

use crate::core::router::authentication::AuthenticationConfig;
use crate::core::router::authorization::Role;
use crate::core::router::meta_api::MetaApi;
use crate::uri::{Match, Uri, UriRule};

/// The settings of a [`Router`](super::Router).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouterConfig {
    /// The realms that can be joined. Default: none.
    pub realms: Vec<Uri>,
    /// What WELCOME says about us. Default: `wampwerk/` and the version.
    pub agent: String,
    /// Where session and publication ids come from: the same seed gives the same ids.
    pub seed: u64,
    /// How long a connection may be without a session, challenges and questions to the application
    /// and all. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// How long a peer may take to answer our GOODBYE. Default: 2 seconds.
    pub goodbye_timeout: Duration,
    /// Which characters topics, procedures and realms may have. Default: loose.
    pub uri_rule: UriRule,
    /// Whether a request id out of sequence is a violation (spec: "IDs"). Default: no, as there
    /// are clients that draw random ids.
    pub strict_request_ids: bool,
    /// Whether callees learn who calls. Default: if one of the two asks for it.
    pub disclosure: Disclosure,
    /// UNIX time at the router's time zero: what it takes to tell others when something was.
    /// Default: 0.
    pub epoch: Duration,
    /// Topics that may have retained events, in each realm. For one more, the topic goes that has
    /// been without a new event for longest. With 0, events are published but not kept.
    /// Default: 10 000.
    ///
    /// However many there are, one SUBSCRIBE brings the events of the newest 1000 topics at most.
    pub retained_topics: usize,
    /// Bytes that all retained events of a realm may take. The same topics go for what is new; an
    /// event that takes more alone is not kept, and clears its topic. Default: 16 MiB.
    pub retained_bytes: usize,
    /// What is remembered in each realm. Default: nothing.
    pub histories: Vec<HistoryConfig>,
    /// Bytes that the events of one history may take; the oldest go first. Default: 16 MiB.
    ///
    /// One answer of `wamp.subscription.get_events` has 1000 events or 1 MiB of them at most, and
    /// whoever wants more asks again with `after_publication`. An event of more than 1 MiB is not
    /// remembered.
    pub history_bytes: usize,
    /// What sessions can ask the router itself. Default: what changes nothing for others.
    pub meta_api: MetaApi,
    /// How much one session may hold.
    pub limits: Limits,
    /// Who may do what, each with the realm that it is for, or for all realms. Where a realm has a
    /// role of its own, it stands in the place of the one of the same name for all realms. Default:
    /// none, and every session may do everything. As soon as there is any role, a session whose
    /// role is not there cannot join.
    pub roles: Vec<(Option<Uri>, Role)>,
    /// How long the authorizer may take for one answer; then the request fails with
    /// `wamp.error.authorization_failed`. Default: 10 seconds.
    pub authorization_timeout: Duration,
    /// Who may join. Default: everybody, as `anonymous`, without saying who they are.
    pub authentication: Option<AuthenticationConfig>,
}

/// A subscription that is there from the beginning on and remembers its last events (spec: "Event
/// History").
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryConfig {
    /// The topic or pattern.
    pub topic: Uri,
    /// How it matches.
    pub policy: Match,
    /// How many events it remembers at most.
    pub limit: usize,
}

/// Whether a router tells others who a caller, callee or publisher is: its session id, authid and
/// authrole (spec: "Caller identification", "Publisher identification").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disclosure {
    /// If `disclose_me` of the request or `disclose_caller` of the registration asks for it.
    #[default]
    OnRequest,
    /// Always; callers learn who answered, too.
    Always,
    /// Never. Whoever asks for it gets `wamp.error.option_disallowed.disclose_me`.
    Never,
}

/// How much one session may hold; a request beyond is answered by `wamp.error.unavailable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Subscriptions. When a session ends, each of them that nobody else is in is told of by two
    /// meta events. Default: 10 000.
    pub subscriptions: usize,
    /// Registrations; the same holds for them. Default: 10 000.
    pub registrations: usize,
    /// Subscriptions by wildcard pattern, and as many registrations; they count among the others,
    /// too. What one publication has to look at grows with those that begin like its topic.
    /// Default: 1000.
    pub wildcards: usize,
    /// Calls that it has made and that are not answered yet. Default: 65 536.
    pub calls: usize,
    /// The longest topic, procedure or pattern in bytes; a longer one is answered by
    /// `wamp.error.invalid_uri`. Default: 4096.
    pub uri_length: usize,
    /// Testaments. Default: 100.
    pub testaments: usize,
    /// Bytes that its testaments take, about. Default: 1 MiB.
    pub testament_bytes: usize,
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
            disclosure: Disclosure::default(),
            epoch: Duration::ZERO,
            retained_topics: 10_000,
            retained_bytes: 16 << 20,
            histories: Vec::new(),
            history_bytes: 16 << 20,
            meta_api: MetaApi::default(),
            limits: Limits::default(),
            roles: Vec::new(),
            authorization_timeout: Duration::from_secs(10),
            authentication: None,
        }
    }

    /// Adds a realm.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realms.push(realm.into());
        self
    }

    /// Adds a role to all realms.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push((None, role));
        self
    }

    /// Adds a role to one realm.
    #[must_use]
    pub fn role_on(mut self, realm: impl Into<Uri>, role: Role) -> Self {
        self.roles.push((Some(realm.into()), role));
        self
    }

    /// Remembers the last `limit` events of a topic or pattern, in each realm.
    #[must_use]
    pub fn history(mut self, topic: impl Into<Uri>, policy: Match, limit: usize) -> Self {
        self.histories.push(HistoryConfig { topic: topic.into(), policy, limit });
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            subscriptions: 10_000,
            registrations: 10_000,
            wildcards: 1000,
            calls: 65_536,
            uri_length: 4096,
            testaments: 100,
            testament_bytes: 1 << 20,
        }
    }
}
