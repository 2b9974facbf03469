//! `RouterConfig`: the settings of the router core.

use std::time::Duration;

use crate::core::ids::key_of;
use crate::core::router::authentication::AuthenticationConfig;
use crate::core::router::authorization::Role;
use crate::core::router::meta_api::MetaApi;
use crate::uri::{Match, Uri, UriRule};

/// The settings of a [`RouterCore`](super::RouterCore).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouterConfig {
    /// The realms that can be joined. Default: none.
    pub realms: Vec<Uri>,
    /// The router's name in WELCOME. Default: `wampwerk/` and the version.
    pub agent: String,
    /// Key of session and publication ids: the same key gives the same ids.
    pub seed: [u8; 32],
    /// Time that a connection may spend without a session, challenges and questions to the
    /// application included. Default: 10 s.
    pub handshake_timeout: Duration,
    /// Time that a peer has to answer the router's GOODBYE. Default: 2 s.
    pub goodbye_timeout: Duration,
    /// Characters that topics, procedures and realms may contain. Default: loose.
    pub uri_rule: UriRule,
    /// If true, a request id out of sequence is a protocol violation (spec: "IDs"). Default: false,
    /// because some clients draw random ids.
    pub strict_request_ids: bool,
    /// Disclosure of callers and publishers to others. Default: on request.
    pub disclosure: Disclosure,
    /// UNIX time at the router's time zero; needed to tell others the time of an event. Default: 0.
    pub epoch: Duration,
    /// Maximum number of topics with retained events, in each realm. One topic more replaces the
    /// topic whose last event is the oldest. With 0, events are published but not kept. Default:
    /// 10 000.
    ///
    /// One SUBSCRIBE brings the events of the 1000 newest topics at most.
    pub retained_topics: usize,
    /// Maximum number of bytes that all retained events of a realm take. New events replace old
    /// topics in the same order; an event that exceeds the limit alone is not kept, and clears its
    /// topic. Default: 16 MiB.
    pub retained_bytes: usize,
    /// Event histories kept in each realm. Default: none.
    pub histories: Vec<HistoryConfig>,
    /// Maximum number of bytes that the events of one history take; the oldest are dropped first.
    /// Default: 16 MiB.
    ///
    /// One answer of `wamp.subscription.get_events` holds at most 1000 events or 1 MiB of them; a
    /// client reads on with `after_publication`. An event of more than 1 MiB is not remembered.
    pub history_bytes: usize,
    /// True to check that strict clients can read what passes through the router. A request that some
    /// cannot read fails with `wamp.error.invalid_payload` or `wamp.error.invalid_argument`. Default:
    /// true.
    pub strict_payloads: bool,
    /// Number of things that one step takes away from sessions that have left: subscriptions,
    /// registrations, calls, testaments. More follow in the next steps. Default: 512.
    pub portion: usize,
    /// Part of the meta API that sessions may use. Default: read-only.
    pub meta_api: MetaApi,
    /// Limits of one session.
    pub limits: Limits,
    /// Roles and their rules, each with its realm, or for all realms. A realm's own role replaces
    /// the role of the same name for all realms. Default: none, and every session may do
    /// everything. If there is any role, a session with an unknown role cannot join.
    pub roles: Vec<(Option<Uri>, Role)>,
    /// Time that the authorizer has for one answer; after that the request fails with
    /// `wamp.error.authorization_failed`. Default: 10 s.
    pub authorization_timeout: Duration,
    /// Authentication of clients. Default: every client joins as `anonymous`, without authentication.
    pub authentication: Option<AuthenticationConfig>,
}

/// A subscription that exists from the start and remembers its last events (spec: "Event History").
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryConfig {
    /// Topic or pattern.
    pub topic: Uri,
    /// Match policy of the topic.
    pub policy: Match,
    /// Maximum number of remembered events.
    pub limit: usize,
}

/// Disclosure of a caller's, callee's or publisher's session id, authid and authrole to others
/// (spec: "Caller identification", "Publisher identification").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disclosure {
    /// Discloses if `disclose_me` of the request or `disclose_caller` of the registration asks for
    /// it.
    #[default]
    OnRequest,
    /// Always discloses; callers also learn which callee answered.
    Always,
    /// Never discloses. A request that asks for it fails with
    /// `wamp.error.option_disallowed.disclose_me`.
    Never,
}

/// Limits of one session, and of all sessions of a realm together. A request beyond them fails with
/// `wamp.error.unavailable`, if nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum number of subscriptions. When a session ends, each subscription without other
    /// subscribers causes two meta events. Default: 10 000.
    pub subscriptions: usize,
    /// Maximum number of registrations; the same holds for them. Default: 10 000.
    pub registrations: usize,
    /// Maximum number of subscriptions by wildcard pattern, and of registrations by wildcard
    /// pattern. They also count towards the limits above. Default: 1000.
    pub wildcards: usize,
    /// Maximum number of ways in which the components of these patterns are empty: `a..c` and `b..d`
    /// are one way, `a.b.` is another. The work for one publication grows with them. Default: 64.
    pub wildcard_shapes: usize,
    /// Maximum number of unanswered calls that the session has made. Default: 65 536.
    pub calls: usize,
    /// Maximum length of a topic, procedure or pattern, in bytes; a longer one fails with
    /// `wamp.error.invalid_uri`. Default: 4096.
    pub uri_length: usize,
    /// Maximum weight in bytes of what a message carries beside its arguments: options, details and
    /// URIs. Many small values weigh more than their bytes. A heavier request fails with
    /// `wamp.error.payload_size_exceeded`; any other message ends the session. Default: 64 KiB.
    pub details_bytes: usize,
    /// Maximum length in bytes of a message before WELCOME. Default: 128 KiB.
    pub joining_bytes: usize,
    /// Maximum number of testaments. Default: 100.
    pub testaments: usize,
    /// Maximum number of bytes that the testaments take, approximately. Default: 1 MiB.
    pub testament_bytes: usize,
    /// Maximum number of bytes that all sessions of a realm hold together, approximately:
    /// subscriptions, registrations, running calls, testaments, and requests that wait for the
    /// authorizer. Default: 256 MiB.
    pub realm_bytes: usize,
    /// Maximum number of bytes that wait for all clients of a realm together, approximately: for those
    /// for which more than 1 MiB waits. Beyond it, the client for which most waits is disconnected.
    /// Default: 1 GiB.
    pub realm_outbox_bytes: usize,
}

impl RouterConfig {
    /// The default settings with this seed.
    pub fn new(seed: u64) -> Self {
        RouterConfig {
            realms: Vec::new(),
            agent: concat!("wampwerk/", env!("CARGO_PKG_VERSION")).to_owned(),
            seed: key_of(seed),
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
            strict_payloads: true,
            portion: 512,
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

    /// Keeps the last `limit` events of a topic or pattern, in each realm.
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
            wildcard_shapes: 64,
            calls: 65_536,
            uri_length: 4096,
            details_bytes: 64 << 10,
            joining_bytes: 128 << 10,
            testaments: 100,
            testament_bytes: 1 << 20,
            realm_bytes: 256 << 20,
            realm_outbox_bytes: 1 << 30,
        }
    }
}
