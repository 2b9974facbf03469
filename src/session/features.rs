//! Rejects requests for features that the router did not announce, before they are sent. Some
//! routers would ignore the option, which may deliver an event to the wrong receivers; others would
//! end the session. Also rejects known options that were set with a wrong type.

use crate::error::ApplicationError;
use crate::message::{
    CallOptions, InvocationPolicy, PublishOptions, RegisterOptions, Roles, SubscribeOptions,
};
use crate::uri::{Match, Uri};

/// Progressive results are not requested if the router does not support them.
pub(super) fn check_call(roles: &Roles, options: &mut CallOptions) -> Result<(), ApplicationError> {
    check_mistyped("CALL.Options", options.misplaced())?;
    if options.receive_progress.is_some() && !roles.supports("dealer", "progressive_call_results") {
        options.receive_progress = None;
    }
    let progressive = options.progress == Some(true);
    need(roles, "dealer", "progressive_call_invocations", "progressive arguments", progressive)?;
    need(roles, "dealer", "payload_passthru_mode", "ppt_scheme", options.ppt_scheme.is_some())
}

pub(super) fn check_register(
    roles: &Roles,
    options: &RegisterOptions,
) -> Result<(), ApplicationError> {
    check_mistyped("REGISTER.Options", options.misplaced())?;
    let pattern = options.r#match.unwrap_or_default() != Match::Exact;
    need(roles, "dealer", "pattern_based_registration", "match", pattern)?;
    let shared = options.invoke.unwrap_or_default() != InvocationPolicy::Single;
    need(roles, "dealer", "shared_registration", "invoke", shared)
}

pub(super) fn check_subscribe(
    roles: &Roles,
    options: &SubscribeOptions,
) -> Result<(), ApplicationError> {
    check_mistyped("SUBSCRIBE.Options", options.misplaced())?;
    let pattern = options.r#match.unwrap_or_default() != Match::Exact;
    need(roles, "broker", "pattern_based_subscription", "match", pattern)?;
    let retained = options.get_retained == Some(true);
    need(roles, "broker", "event_retention", "get_retained", retained)
}

pub(super) fn check_publish(
    roles: &Roles,
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
        need(roles, "broker", "subscriber_blackwhite_listing", option, given)?;
    }
    let me_too = options.exclude_me == Some(false);
    need(roles, "broker", "publisher_exclusion", "exclude_me", me_too)?;
    need(roles, "broker", "event_retention", "retain", options.retain == Some(true))?;
    need(roles, "broker", "payload_passthru_mode", "ppt_scheme", options.ppt_scheme.is_some())
}

/// A peer that receives a known option with a wrong type ends the session.
fn check_mistyped(place: &str, misplaced: Option<&str>) -> Result<(), ApplicationError> {
    let Some(key) = misplaced else { return Ok(()) };
    let text = format!("{place}.{key} has a setter, or a field of the options, of its own");
    Err(ApplicationError::new(Uri::INVALID_ARGUMENT).arg(text))
}

fn need(
    roles: &Roles,
    role: &str,
    feature: &str,
    option: &str,
    needed: bool,
) -> Result<(), ApplicationError> {
    if !needed || roles.supports(role, feature) {
        return Ok(());
    }
    let text = format!("{option}: the router has not announced {feature} as a {role}");
    Err(ApplicationError::new(Uri::FEATURE_NOT_SUPPORTED).arg(text))
}
