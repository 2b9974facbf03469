//! What a client says that it can do.

use crate::message::Roles;

/// The roles of every client, with the features that are there (spec: "Roles and features").
pub(super) fn client_roles() -> Roles {
    Roles::new()
        .with(
            "publisher",
            &["publisher_exclusion", "publisher_identification", "subscriber_blackwhite_listing"],
        )
        .with(
            "subscriber",
            &["pattern_based_subscription", "publisher_identification", "subscription_revocation"],
        )
        .with(
            "caller",
            &[
                "call_canceling",
                "call_timeout",
                "caller_identification",
                "progressive_call_invocations",
                "progressive_call_results",
            ],
        )
        .with(
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
        )
}
