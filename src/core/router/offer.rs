//! `Offer`: the features that WELCOME announces to a session of one role on one realm.

use crate::core::router::authorization::{Action, Policy};
use crate::core::router::{Disclosure, RouterConfig, meta};

/// Features of the broker that are always announced.
const BROKER: &[&str] = &[
    "pattern_based_subscription",
    "payload_passthru_mode",
    "payload_transparency",
    "publisher_exclusion",
    "subscriber_blackwhite_listing",
];

/// Sources of the offer: settings, realm and role.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    config: &'a RouterConfig,
    policy: Option<&'a Policy>,
    role: Option<usize>,
}

impl<'a> Offer<'a> {
    pub(super) fn new(config: &'a RouterConfig, policy: Option<&'a Policy>, role: &str) -> Self {
        Offer { config, policy, role: policy.and_then(|policy| policy.find(role)) }
    }

    /// Returns whether the role may call any of the router's procedures with this prefix.
    fn has(self, what: &str) -> bool {
        let Some(policy) = self.policy else {
            return meta::offers(|_| Some(self.config.meta_api), what);
        };
        let rules = policy.get(self.role.unwrap_or(0));
        rules.is_some_and(|rules| meta::offers(|name| rules.meta_api(name), what))
    }

    /// Returns whether identities may be disclosed for this action.
    fn discloses(self, action: Action) -> bool {
        self.config.disclosure != Disclosure::Never
            || self.policy.is_some_and(|it| it.roles().any(|rules| rules.may_disclose(action)))
    }

    fn has_session_meta_api(self) -> bool {
        ["count", "list", "get", "kill"].iter().any(|of| self.has(&format!("wamp.session.{of}")))
    }
}

/// Features of the broker with these settings.
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
    // The history is read by this procedure.
    if !config.histories.is_empty() && offer.has("wamp.subscription.get_events") {
        all.push("event_history");
    }
    // Only this procedure revokes subscriptions, and it can revoke those of any session.
    if meta::is_open_to_all(config, offer.policy, "wamp.subscription.remove_subscriber") {
        all.push("subscription_revocation");
    }
    all
}

/// Features of the dealer that are always announced.
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

/// Features of the dealer with these settings.
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
