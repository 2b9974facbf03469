//! `MetaApi`: the setting for the part of the meta API that is offered.

/// Part of the meta API (spec: "Meta API") that a router offers.
///
/// A router that admits every client as "anonymous" cannot tell administrators from other clients. So
/// by default every session may read, and no session may end anything that belongs to another one.
/// Each role can have a setting of its own: [`Role::meta_api`](super::Role::meta_api).
///
/// With `ReadOnly`, the default, each session can read the ids, authids and roles of all sessions
/// of its realm, and their registrations and subscriptions.
///
/// Meta events are ordinary events: they also reach subscriptions with patterns as wide as the
/// prefix `""`, which matches every topic, or the wildcard `..`, which matches every topic of three
/// components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetaApi {
    /// No meta API: each call under `wamp.` fails with `wamp.error.no_such_procedure`, no meta
    /// events are published, and the features are not announced.
    Off,
    /// Sessions, registrations and subscriptions can be read and watched, and a session can leave
    /// testaments. The procedures that end something of another session, `wamp.session.kill…`,
    /// `wamp.registration.remove_callee` and `wamp.subscription.remove_subscriber`, fail with
    /// `wamp.error.not_authorized`.
    #[default]
    ReadOnly,
    /// The whole meta API, for every session: for realms whose sessions trust each other.
    Full,
}
