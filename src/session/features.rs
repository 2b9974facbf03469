//! Rejects requests for features that the router did not announce, before they are sent. Some
//! routers would ignore the option, which may deliver an event to the wrong receivers; others would
//! end the session: [`SessionConfig::risk_unannounced`](super::SessionConfig::risk_unannounced) takes that risk. Also
//! rejects known options that were set with a wrong type.

use crate::error::ApplicationError;
use crate::message::{
    CallOptions, InvocationPolicy, PublishOptions, RegisterOptions, Roles, SubscribeOptions,
};
use crate::uri::{Match, Uri};

/// What a session may ask its router for.
#[derive(Clone, Copy)]
pub(super) struct Offered<'a> {
    pub(super) roles: &'a Roles,
    /// True if the user takes the risk of asking for more.
    pub(super) risk: bool,
}

impl Offered<'_> {
    fn supports(self, role: &str, feature: &str) -> bool {
        self.risk || self.roles.supports(role, feature)
    }
}

/// Progressive results are not requested if the router does not support them.
pub(super) fn check_call(
    offered: Offered<'_>,
    options: &mut CallOptions,
) -> Result<(), ApplicationError> {
    check_mistyped("CALL.Options", options.misplaced())?;
    if options.receive_progress.is_some() && !offered.supports("dealer", "progressive_call_results")
    {
        options.receive_progress = None;
    }
    let progressive = options.progress == Some(true);
    need(offered, "dealer", "progressive_call_invocations", "progressive arguments", progressive)?;
    need(offered, "dealer", "payload_passthru_mode", "ppt_scheme", options.ppt_scheme.is_some())
}

pub(super) fn check_register(
    offered: Offered<'_>,
    options: &RegisterOptions,
) -> Result<(), ApplicationError> {
    check_mistyped("REGISTER.Options", options.misplaced())?;
    let pattern = options.r#match.unwrap_or_default() != Match::Exact;
    need(offered, "dealer", "pattern_based_registration", "match", pattern)?;
    let shared = options.invoke.unwrap_or_default() != InvocationPolicy::Single;
    need(offered, "dealer", "shared_registration", "invoke", shared)
}

pub(super) fn check_subscribe(
    offered: Offered<'_>,
    options: &SubscribeOptions,
) -> Result<(), ApplicationError> {
    check_mistyped("SUBSCRIBE.Options", options.misplaced())?;
    let pattern = options.r#match.unwrap_or_default() != Match::Exact;
    need(offered, "broker", "pattern_based_subscription", "match", pattern)?;
    let retained = options.get_retained == Some(true);
    need(offered, "broker", "event_retention", "get_retained", retained)
}

pub(super) fn check_publish(
    offered: Offered<'_>,
    options: &PublishOptions,
) -> Result<(), ApplicationError> {
    check_mistyped("PUBLISH.Options", options.misplaced())?;
    let lists = [
        ("exclude", options.exclude.is_some()),
        ("exclude_authid", options.exclude_authid.is_some()),
        ("exclude_authrole", options.exclude_authrole.is_some()),
        ("eligible", options.eligible.is_some()),
        ("eligible_authid", options.eligible_authid.is_some()),
        ("eligible_authrole", options.eligible_authrole.is_some()),
    ];
    for (option, given) in lists {
        need(offered, "broker", "subscriber_blackwhite_listing", option, given)?;
    }
    let me_too = options.exclude_me == Some(false);
    need(offered, "broker", "publisher_exclusion", "exclude_me", me_too)?;
    need(offered, "broker", "event_retention", "retain", options.retain == Some(true))?;
    need(offered, "broker", "payload_passthru_mode", "ppt_scheme", options.ppt_scheme.is_some())
}

/// A peer that receives a known option with a wrong type ends the session.
fn check_mistyped(place: &str, misplaced: Option<&str>) -> Result<(), ApplicationError> {
    let Some(key) = misplaced else { return Ok(()) };
    let text = format!("{place}.{key} has a setter, or a field of the options, of its own");
    Err(ApplicationError::new(Uri::INVALID_ARGUMENT).arg(text))
}

fn need(
    offered: Offered<'_>,
    role: &str,
    feature: &str,
    option: &str,
    needed: bool,
) -> Result<(), ApplicationError> {
    if !needed || offered.supports(role, feature) {
        return Ok(());
    }
    let text = format!(
        "{option}: the router has not announced {feature} as a {role}; risk_unannounced sends it all the same"
    );
    Err(ApplicationError::new(Uri::FEATURE_NOT_SUPPORTED).arg(text))
}
