//! The announced roles and features of a client.

use crate::message::Roles;

/// Features of each role for encoded payloads.
const ENCODED_PAYLOADS: [&str; 2] = ["payload_passthru_mode", "payload_transparency"];

/// The roles of every client, with the features that it has (spec: "Roles and features").
pub(super) fn client_roles(payload_passthru: bool) -> Roles {
    let encoded = if payload_passthru { &ENCODED_PAYLOADS[..] } else { &[] };
    [PUBLISHER, SUBSCRIBER, CALLER, CALLEE]
        .into_iter()
        .fold(Roles::new(), |roles, (role, features)| {
            roles.with(role, &[features, encoded].concat())
        })
}

type Role = (&'static str, &'static [&'static str]);

const PUBLISHER: Role = (
    "publisher",
    &["publisher_exclusion", "publisher_identification", "subscriber_blackwhite_listing"],
);

const SUBSCRIBER: Role = (
    "subscriber",
    &["pattern_based_subscription", "publisher_identification", "subscription_revocation"],
);

const CALLER: Role = (
    "caller",
    &[
        "call_canceling",
        "call_timeout",
        "caller_identification",
        "progressive_call_invocations",
        "progressive_call_results",
    ],
);

const CALLEE: Role = (
    "callee",
    &[
        "call_canceling",
        "call_timeout",
        "caller_identification",
        "pattern_based_registration",
        "progressive_call_invocations",
        "progressive_call_results",
        "registration_revocation",
        "shared_registration",
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Routers that keep to the spec count neither without the other.
    #[test]
    fn a_callee_announces_call_canceling_with_what_needs_it() {
        let roles = client_roles(false);
        for feature in
            ["call_canceling", "progressive_call_results", "progressive_call_invocations"]
        {
            assert!(roles.supports("callee", feature), "{feature}");
        }
    }
}
