//! `Features`: the announced features of a joined client that matter to the router.

use crate::message::Roles;

/// Features of a client; read once from HELLO (spec: "Roles and features").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) caller_progressive_invocations: bool,
    pub(super) caller_passthru: bool,
    /// Autobahn's own kind of payload passthru mode.
    pub(super) caller_transparency: bool,
    pub(super) callee_canceling: bool,
    /// Counts without call canceling, as with Crossbar: Autobahn|JS sends progressive results and
    /// cannot be interrupted. When the call of such a callee has ended, further results are
    /// dropped.
    pub(super) callee_progressive_results: bool,
    /// Counts only together with call canceling.
    pub(super) callee_progressive_invocations: bool,
    pub(super) callee_timeout: bool,
    pub(super) callee_passthru: bool,
    pub(super) callee_transparency: bool,
    pub(super) callee_revocation: bool,
    pub(super) publisher_passthru: bool,
    pub(super) subscriber_revocation: bool,
    /// True if it accepts events with binary data in place of arguments.
    pub(super) subscriber_transparency: bool,
}

impl Features {
    pub(super) fn of(roles: &Roles) -> Self {
        // One chapter of the spec spells it with two l.
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
            // A callee that announces nothing at all may send them, as with Crossbar.
            callee_progressive_results: roles.supports("callee", "progressive_call_results")
                || (roles.has("callee") && !roles.announces_any("callee")),
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
