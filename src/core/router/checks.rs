//! Checks of the URIs in requests and of the limits on what a session holds.

use crate::core::router::meta_event::Kind;
use crate::core::router::names::{is_reserved, quote};
use crate::core::router::session::Memberships;
use crate::core::router::turn::Turn;
use crate::core::router::wildcards::{MAX_COMPONENTS, MAX_SHAPES, Shape, has_too_many_components};
use crate::error::ApplicationError;
use crate::uri::{Match, Uri};

/// Checks that the URI in a request is valid and not too long.
pub(super) fn check_uri(turn: &Turn<'_>, uri: &Uri, policy: Match) -> Result<(), ApplicationError> {
    let limit = turn.config.limits.uri_length;
    let kind = if policy == Match::Exact { "URI" } else { "URI pattern" };
    let wrong = if uri.len() > limit {
        format!("is longer than the limit of {limit} bytes")
    } else if !uri.check(turn.config.uri_rule, policy) {
        format!("is not a valid {kind}")
    } else if policy == Match::Wildcard && has_too_many_components(uri) {
        format!("has more than {MAX_COMPONENTS} components")
    } else {
        return Ok(());
    };
    Err(ApplicationError::new(Uri::INVALID_URI).arg(format!("{} {wrong}", quote(uri))))
}

/// Checks that a URI is valid, and that applications may register it or publish to it (spec:
/// "URIs").
pub(super) fn check_own_uri(
    turn: &Turn<'_>,
    uri: &Uri,
    policy: Match,
) -> Result<(), ApplicationError> {
    check_uri(turn, uri, policy)?;
    if !is_reserved(uri) {
        return Ok(());
    }
    let text = format!("{}: names under \"wamp\" are reserved for the protocol", quote(uri));
    Err(ApplicationError::new(Uri::INVALID_URI).arg(text))
}

/// Checks that a session may join one more subscription or registration.
pub(super) fn check_room(
    turn: &Turn<'_>,
    held: &Memberships,
    uri: &Uri,
    policy: Match,
    of: Kind,
) -> Result<(), ApplicationError> {
    let limits = &turn.config.limits;
    let (limit, what) = match of {
        Kind::Subscription => (limits.subscriptions, "subscriptions"),
        Kind::Registration => (limits.registrations, "registrations"),
    };
    if held.len() >= limit {
        return Err(too_many(what, limit));
    }
    if policy == Match::Wildcard && held.wildcards() >= limits.wildcards {
        return Err(too_many(&format!("{what} by wildcard"), limits.wildcards));
    }
    if policy == Match::Wildcard && held.shapes_with(Shape::of(uri)) > limits.wildcard_shapes {
        let what = format!("{what} by wildcards that are empty in different components");
        return Err(too_many(&what, limits.wildcard_shapes));
    }
    Ok(())
}

/// The error for a wildcard of a shape that is new in a realm with too many.
pub(super) fn no_room(what: &str) -> ApplicationError {
    ApplicationError::new(Uri::UNAVAILABLE).arg(format!(
        "too many {what} by wildcards that are empty in different components in this realm: the limit is \
         {MAX_SHAPES} for patterns of the same length"
    ))
}

/// The error for a session that has reached one of its limits.
pub(super) fn too_many(what: &str, limit: usize) -> ApplicationError {
    ApplicationError::new(Uri::UNAVAILABLE)
        .arg(format!("too many {what} in one session: the limit is {limit}"))
}
