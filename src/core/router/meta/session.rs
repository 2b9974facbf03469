//! The session meta API: the sessions, and ending them.

use std::collections::HashSet;

use super::call::{Answer, Kill, MetaCall};
use crate::core::router::ConnectionId;
use crate::core::router::checks::check_uri;
use crate::core::router::realm::Realm;
use crate::core::router::session::Identity;
use crate::error::ApplicationError;
use crate::message::{ClosingDetails, Goodbye};
use crate::uri::{Match, Uri};
use crate::value::{Dict, List, Value};

/// The public description of a session.
pub(super) fn describe(identity: &Identity) -> Dict {
    Dict::new()
        .with("session", identity.session)
        .with("authid", identity.authid.as_str())
        .with("authrole", identity.authrole.as_str())
        .with("authmethod", identity.authmethod.as_str())
        .with("authprovider", identity.authprovider.as_str())
}

/// The connection of a session, by session id.
pub(super) fn find(realm: &Realm, session: u64) -> Result<ConnectionId, ApplicationError> {
    realm.connections.get(&session).copied().ok_or_else(|| no_such_session(session))
}

pub(super) fn no_such_session(session: u64) -> ApplicationError {
    ApplicationError::new(Uri::NO_SUCH_SESSION).arg(format!("no such session: {session}"))
}

/// Session ids of these connections.
pub(super) fn ids<'a>(
    realm: &Realm,
    connections: impl IntoIterator<Item = &'a ConnectionId>,
) -> List {
    let sessions = connections.into_iter().filter_map(|id| realm.sessions.get(id));
    sessions.map(|session| session.identity.session.into()).collect()
}

pub(super) fn count(call: &mut MetaCall<'_, '_>) -> Answer {
    Ok(filtered(call)?.len().into())
}

pub(super) fn list(call: &mut MetaCall<'_, '_>) -> Answer {
    let sessions = filtered(call)?;
    Ok(ids(call.realm, &sessions).into())
}

pub(super) fn get(call: &mut MetaCall<'_, '_>) -> Answer {
    let session = call.arguments.required("session")?;
    let connection = find(call.realm, session)?;
    let session = call.realm.sessions.get(&connection).ok_or_else(|| no_such_session(session))?;
    Ok(describe(&session.identity).into())
}

pub(super) fn kill(call: &mut MetaCall<'_, '_>) -> Answer {
    let session = call.arguments.required("session")?;
    let goodbye = goodbye(call)?;
    let victim = find(call.realm, session)?;
    if victim == call.caller {
        return Err(ApplicationError::new(Uri::NO_SUCH_SESSION)
            .arg(format!("session {session} is the caller's own; leave it by GOODBYE")));
    }
    call.kill = Some(Kill { victims: vec![victim], goodbye, quietly: false });
    Ok(Value::Null)
}

pub(super) fn kill_by_authid(call: &mut MetaCall<'_, '_>) -> Answer {
    let authid: String = call.arguments.required("authid")?;
    kill_all_who(call, |identity| identity.authid == authid)
}

pub(super) fn kill_by_authrole(call: &mut MetaCall<'_, '_>) -> Answer {
    let authrole: String = call.arguments.required("authrole")?;
    kill_all_who(call, |identity| identity.authrole == authrole)
}

pub(super) fn kill_all(call: &mut MetaCall<'_, '_>) -> Answer {
    let goodbye = goodbye(call)?;
    let victims = others(call, |_| true);
    let count = victims.len();
    call.kill = Some(Kill { victims, goodbye, quietly: true });
    Ok(count.into())
}

/// In the spec's text `kill_by_authrole` returns a number, in its catalog and in Crossbar the ids,
/// like `kill_by_authid`: ids say more.
fn kill_all_who(call: &mut MetaCall<'_, '_>, is_meant: impl Fn(&Identity) -> bool) -> Answer {
    let goodbye = goodbye(call)?;
    let victims = others(call, is_meant);
    let ids = ids(call.realm, &victims);
    call.kill = Some(Kill { victims, goodbye, quietly: false });
    Ok(ids.into())
}

/// The GOODBYE for the ended sessions.
fn goodbye(call: &mut MetaCall<'_, '_>) -> Result<Goodbye, ApplicationError> {
    let reason: Option<Uri> = call.arguments.optional("reason")?;
    let reason = reason.unwrap_or_else(|| Uri::KILLED.into());
    let mut details = ClosingDetails::default();
    if let Some(message) = call.arguments.optional("message")? {
        details.message = Some(message);
    }
    check_uri(call.turn, &reason, Match::Exact)?;
    Ok(Goodbye { details, reason })
}

fn others(call: &MetaCall<'_, '_>, is_meant: impl Fn(&Identity) -> bool) -> Vec<ConnectionId> {
    let mut others = select(call.realm, is_meant);
    others.retain(|connection| *connection != call.caller);
    others
}

/// The sessions in one of the requested roles; all sessions if no role is given.
fn filtered(call: &mut MetaCall<'_, '_>) -> Result<Vec<ConnectionId>, ApplicationError> {
    let roles: Option<Vec<String>> = call.arguments.optional("filter_authroles")?;
    let roles = roles.map(HashSet::<String>::from_iter);
    Ok(select(call.realm, |identity| {
        roles.as_ref().is_none_or(|roles| roles.contains(&identity.authrole))
    }))
}

/// The selected sessions, in the order of their connections.
fn select(realm: &Realm, is_meant: impl Fn(&Identity) -> bool) -> Vec<ConnectionId> {
    let meant = realm.sessions.iter().filter(|(_, session)| is_meant(&session.identity));
    let mut meant: Vec<_> = meant.map(|(connection, _)| *connection).collect();
    meant.sort_unstable();
    meant
}
