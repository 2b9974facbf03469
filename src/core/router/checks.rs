//! Checks of what requests name and of how much a session holds.

use crate::core::router::happening::Kind;
use crate::core::router::names::{is_reserved, quote};
use crate::core::router::session::Held;
use crate::core::router::turn::Turn;
use crate::core::router::wildcards::{MAX_COMPONENTS, has_too_many_components};
use crate::error::ApplicationError;
use crate::uri::{Match, Uri, uris};

/// That a URI in a request is one.
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
    Err(ApplicationError::new(uris::INVALID_URI).arg(format!("{} {wrong}", quote(uri))))
}

/// That a URI is one, and one that applications may register or publish to (spec: "URIs").
pub(super) fn check_own_uri(
    turn: &Turn<'_>,
    uri: &Uri,
    policy: Match,
) -> Result<(), ApplicationError> {
    check_uri(turn, uri, policy)?;
    if !is_reserved(uri) {
        return Ok(());
    }
    let text = format!("{}: names under \"wamp\" are the protocol's own", quote(uri));
    Err(ApplicationError::new(uris::INVALID_URI).arg(text))
}

/// That a session may be in one more subscription or registration.
pub(super) fn check_room(
    turn: &Turn<'_>,
    held: &Held,
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
    Ok(())
}

/// A session holds as much as it may.
pub(super) fn too_many(what: &str, limit: usize) -> ApplicationError {
    ApplicationError::new(uris::UNAVAILABLE)
        .arg(format!("too many {what} in one session: the limit is {limit}"))
}
