//! `MetaApi`: how much of the meta API is offered, a setting.

/// How much of the meta API (spec: "Meta API") a router offers.
///
/// A router that lets everybody in as "anonymous" cannot tell those who may end the sessions of
/// others from those who may not. So everybody may ask, and nobody may end anything of another one
/// unless that is switched on. Where there are roles, each can have its own:
/// [`Role::meta_api`](super::Role::meta_api).
///
/// What everybody may ask shows who is there: with `ReadOnly`, the default, each session can learn
/// the ids, authids and roles of all sessions of its realm, and what they have registered and
/// subscribed to.
///
/// Meta events are events like others: they also go to subscriptions whose pattern is as wide as
/// the prefix `""` or the wildcard `..`, which match every topic, or every one of three components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetaApi {
    /// Nothing: each call under `wamp.` fails with `wamp.error.no_such_procedure`, no meta events
    /// are published, and the features are not announced.
    Off,
    /// Sessions, registrations and subscriptions can be looked at and watched, and a session can
    /// leave testaments. What would end something of another session, `wamp.session.kill…`,
    /// `wamp.registration.remove_callee` and `wamp.subscription.remove_subscriber`, fails with
    /// `wamp.error.not_authorized`.
    #[default]
    ReadOnly,
    /// All of it, for every session: for realms whose sessions trust each other.
    Full,
}
