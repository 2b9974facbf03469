//! Common parts of the registration and the subscription meta API.

use std::time::Duration;

use super::arguments::invalid;
use super::call::MetaCall;
use crate::core::router::checks::check_uri;
use crate::core::router::index::Entry;
use crate::core::router::names::is_reserved;
use crate::error::ApplicationError;
use crate::message::{Field, time};
use crate::uri::{Match, Uri};
use crate::value::{Dict, List, Value};

/// `{id, created, uri, match}`.
pub(super) fn describe<T>(entry: &Entry<T>, epoch: Duration, created: Duration) -> Dict {
    Dict::new()
        .with("id", entry.id)
        .with("created", time::format(epoch.saturating_add(created)))
        .with("uri", entry.uri.as_str())
        .with("match", entry.policy.as_str())
}

/// Maximum number of ids in a list.
const MOST_LISTED: usize = 64 << 10;

/// Checks that a list of all `what` in the realm is not too long to be made while other sessions wait.
pub(super) fn check_length(what: &str, len: usize) -> Result<(), ApplicationError> {
    if len <= MOST_LISTED {
        return Ok(());
    }
    Err(ApplicationError::new(Uri::PAYLOAD_SIZE_EXCEEDED).arg(format!(
        "there are {len} {what}: the limit of a list is {MOST_LISTED}; ask for those of one session"
    )))
}

/// Ids by match policy, in ascending order. `wamp.` URIs are left out, as in meta events.
pub(super) fn list<'a, T: 'a>(entries: impl Iterator<Item = &'a Entry<T>>) -> Value {
    let mut lists = [Match::Exact, Match::Prefix, Match::Wildcard].map(|policy| (policy, vec![]));
    for entry in entries.filter(|entry| !is_reserved(&entry.uri)) {
        for (policy, list) in &mut lists {
            if *policy == entry.policy {
                list.push(entry.id);
            }
        }
    }
    let mut all = Dict::new();
    for (policy, mut list) in lists {
        list.sort_unstable();
        all.insert(policy.as_str(), list.into_iter().map(Value::from).collect::<List>());
    }
    all.into()
}

/// The URI and the policy to look up.
pub(super) fn looked_up(
    call: &mut MetaCall<'_, '_>,
    name: &str,
) -> Result<(Uri, Match), ApplicationError> {
    let uri: Uri = call.arguments.required(name)?;
    let mut options = call.arguments.optional::<Dict>("options")?.unwrap_or_default();
    let policy = match options.remove("match") {
        None | Some(Value::Null) => Match::Exact,
        Some(value) => Match::from_value(value).ok_or_else(|| {
            invalid(format!("argument \"options\": match must be {}", Match::EXPECTED))
        })?,
    };
    check_uri(call.turn, &uri, policy)?;
    Ok((uri, policy))
}

/// The URI to match.
pub(super) fn matched(call: &mut MetaCall<'_, '_>, name: &str) -> Result<Uri, ApplicationError> {
    let uri: Uri = call.arguments.required(name)?;
    check_uri(call.turn, &uri, Match::Exact)?;
    Ok(uri)
}

/// The reason for a revocation.
pub(super) fn reason(call: &mut MetaCall<'_, '_>) -> Result<Uri, ApplicationError> {
    let reason = call.arguments.optional("reason")?.unwrap_or_else(|| Uri::KILLED.into());
    check_uri(call.turn, &reason, Match::Exact)?;
    Ok(reason)
}
