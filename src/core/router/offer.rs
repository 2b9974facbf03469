//! `Offer`: what WELCOME announces to a session of one role on one realm.

use crate::core::router::authorization::Action;
use crate::core::router::realm::Realm;
use crate::core::router::{Disclosure, RouterConfig, meta};

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
