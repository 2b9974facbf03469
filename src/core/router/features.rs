//! `Features`: what a joined client announced, as far as the router asks for it.

use crate::core::router::authorization::Action;
use crate::core::router::realm::Realm;
use crate::core::router::{Disclosure, RouterConfig, meta};
use crate::message::Roles;

/// What our broker can do in any case; WELCOME says so.
const BROKER: &[&str] = &[
    "pattern_based_subscription",
    "payload_passthru_mode",
    "payload_transparency",
    "publisher_exclusion",
    "subscriber_blackwhite_listing",
];

/// What a session of one role finds on one realm.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    config: &'a RouterConfig,
    realm: &'a Realm,
    role: Option<usize>,
}

impl<'a> Offer<'a> {
    pub(super) fn new(config: &'a RouterConfig, realm: &'a Realm, role: &str) -> Self {
        Offer { config, realm, role: realm.role(role) }
    }

    /// Whether it can call some of the router's own procedures that begin so.
    fn has(self, what: &str) -> bool {
        let Some(policy) = &self.realm.policy else {
            return meta::offers(|_| Some(self.config.meta_api), what);
        };
        let rules = policy.get(self.role.unwrap_or(0));
        rules.is_some_and(|rules| meta::offers(|name| rules.meta_api(name), what))
    }

    /// Whether it can be that others are told who does this.
    fn discloses(self, action: Action) -> bool {
        let policy = self.realm.policy.as_ref();
        self.config.disclosure != Disclosure::Never
            || policy.is_some_and(|it| it.roles().any(|rules| rules.may_disclose(action)))
    }

    fn has_session_meta_api(self) -> bool {
        ["count", "list", "get", "kill"].iter().any(|of| self.has(&format!("wamp.session.{of}")))
    }
}

/// What our broker can do with these settings.
pub(super) fn broker(offer: Offer<'_>) -> Vec<&'static str> {
    let config = offer.config;
    let mut all = BROKER.to_vec();
    if offer.discloses(Action::Publish) {
        all.push("publisher_identification");
    }
    if config.retained_topics > 0 && config.retained_bytes > 0 {
        all.push("event_retention");
    }
    if offer.has_session_meta_api() {
        all.push("session_meta_api");
    }
    if offer.has("wamp.subscription.") {
        all.push("subscription_meta_api");
    }
    // This is how it is asked for.
    if !config.histories.is_empty() && offer.has("wamp.subscription.get_events") {
        all.push("event_history");
    }
    // Nothing else takes a session out of a subscription, and anybody's may be.
    let policy = offer.realm.policy.as_ref();
    if meta::anybody_may(config, policy, "wamp.subscription.remove_subscriber") {
        all.push("subscription_revocation");
    }
    all
}

/// What our dealer can do in any case; WELCOME says so.
const DEALER: &[&str] = &[
    "call_canceling",
    "call_timeout",
    "pattern_based_registration",
    "payload_passthru_mode",
    "payload_transparency",
    "progressive_call_invocations",
    "progressive_call_results",
    "registration_revocation",
    "shared_registration",
];

/// What our dealer can do with these settings.
pub(super) fn dealer(offer: Offer<'_>) -> Vec<&'static str> {
    let mut all = DEALER.to_vec();
    if offer.discloses(Action::Call) {
        all.push("caller_identification");
    }
    if offer.has("wamp.registration.") {
        all.push("registration_meta_api");
    }
    if offer.has_session_meta_api() {
        all.push("session_meta_api");
    }
    if offer.has("wamp.session.add_testament") {
        all.push("testament_meta_api");
    }
    all
}

/// What a client can do; read once from HELLO (spec: "Roles and features").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) caller_progressive_invocations: bool,
    pub(super) caller_passthru: bool,
    /// Autobahn's own kind of payload passthru.
    pub(super) caller_transparency: bool,
    pub(super) callee_canceling: bool,
    /// Counts alone, as with Crossbar: Autobahn|JS can send them and cannot be interrupted. When
    /// the call of such a callee has ended, what it still sends is dropped.
    pub(super) callee_progressive_results: bool,
    /// Counts only together with call canceling.
    pub(super) callee_progressive_invocations: bool,
    pub(super) callee_timeout: bool,
    pub(super) callee_passthru: bool,
    pub(super) callee_transparency: bool,
    pub(super) callee_revocation: bool,
    pub(super) publisher_passthru: bool,
    pub(super) subscriber_revocation: bool,
    /// Whether it takes events with binary data in place of arguments.
    pub(super) subscriber_transparency: bool,
}

impl Features {
    pub(super) fn of(roles: &Roles) -> Self {
        // One chapter of the spec writes it with two l.
        let callee_canceling = roles.supports("callee", "call_canceling")
            || roles.supports("callee", "call_cancelling");
        let passthru = |role| roles.supports(role, "payload_passthru_mode");
        let transparency = |role| roles.supports(role, "payload_transparency");
        Features {
            caller_progressive_invocations: roles
                .supports("caller", "progressive_call_invocations"),
            caller_passthru: passthru("caller"),
            caller_transparency: transparency("caller"),
            callee_canceling,
            callee_progressive_results: roles.supports("callee", "progressive_call_results"),
            callee_progressive_invocations: callee_canceling
                && roles.supports("callee", "progressive_call_invocations"),
            callee_timeout: roles.supports("callee", "call_timeout"),
            callee_passthru: passthru("callee"),
            callee_transparency: transparency("callee"),
            callee_revocation: roles.supports("callee", "registration_revocation"),
            publisher_passthru: passthru("publisher"),
            subscriber_revocation: roles.supports("subscriber", "subscription_revocation"),
            subscriber_transparency: transparency("subscriber"),
        }
    }
}
