//! The registration meta API: the registrations and their callees.

use super::call::{Answer, MetaCall};
use super::{entry, session};
use crate::core::router::names::is_meta;
use crate::core::router::realm::Realm;
use crate::core::router::turn::Turn;
use crate::error::ApplicationError;
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// The public description of a registration, if it exists.
pub(super) fn describe(realm: &Realm, turn: &Turn<'_>, id: u64) -> Option<Dict> {
    let entry = realm.dealer.registrations.index().get(id)?;
    let dict = entry::describe(entry, turn.config.epoch, entry.members.created);
    Some(dict.with("invoke", entry.members.invoke.as_str()))
}

pub(super) fn list(call: &mut MetaCall<'_, '_>) -> Answer {
    let index = call.realm.dealer.registrations.index();
    let Some(id) = call.arguments.optional("session")? else {
        entry::check_length("registrations", index.len())?;
        return Ok(entry::list(index.iter()));
    };
    let connection = session::find(call.realm, id)?;
    let session = call.realm.sessions.get(&connection);
    let ids = session.iter().flat_map(|session| session.registrations.ids());
    Ok(entry::list(ids.filter_map(|id| index.get(id))))
}

pub(super) fn lookup(call: &mut MetaCall<'_, '_>) -> Answer {
    let (procedure, policy) = entry::looked_up(call, "procedure")?;
    Ok(call
        .realm
        .dealer
        .registrations
        .index()
        .find(&procedure, policy)
        .map(|entry| entry.id)
        .into())
}

pub(super) fn best_match(call: &mut MetaCall<'_, '_>) -> Answer {
    let procedure = entry::matched(call, "procedure")?;
    // Patterns do not get the calls that the router answers.
    if is_meta(&procedure) {
        return Ok(Value::Null);
    }
    Ok(call.realm.dealer.registrations.best(&procedure).map(|entry| entry.id).into())
}

pub(super) fn get(call: &mut MetaCall<'_, '_>) -> Answer {
    let id = call.arguments.required("registration")?;
    describe(call.realm, call.turn, id).map(Value::from).ok_or_else(|| no_such_registration(id))
}

pub(super) fn list_callees(call: &mut MetaCall<'_, '_>) -> Answer {
    Ok(callees(call)?.into())
}

pub(super) fn count_callees(call: &mut MetaCall<'_, '_>) -> Answer {
    Ok(callees(call)?.len().into())
}

pub(super) fn remove_callee(call: &mut MetaCall<'_, '_>) -> Answer {
    let id = call.arguments.required("registration")?;
    let session = call.arguments.required("callee")?;
    let reason = entry::reason(call)?;
    call.realm.dealer.registrations.index().get(id).ok_or_else(|| no_such_registration(id))?;
    let callee = session::find(call.realm, session)?;
    let Realm { dealer, sessions, .. } = &mut *call.realm;
    if dealer.registrations.revoke(call.turn, sessions, id, callee, &reason) {
        return Ok(Value::Null);
    }
    Err(ApplicationError::new(Uri::NO_SUCH_SESSION)
        .arg(format!("session {session} is not a callee of registration {id}")))
}

/// The sessions of all callees, in the order of their registration.
fn callees(call: &mut MetaCall<'_, '_>) -> Result<List, ApplicationError> {
    let id = call.arguments.required("registration")?;
    let entry = call.realm.dealer.registrations.index().get(id);
    let entry = entry.ok_or_else(|| no_such_registration(id))?;
    let sessions = entry.members.sessions();
    // Not those that are leaving.
    let here = sessions.filter(|session| call.realm.connections.contains_key(session));
    Ok(here.map(Value::from).collect())
}

fn no_such_registration(id: u64) -> ApplicationError {
    ApplicationError::new(Uri::NO_SUCH_REGISTRATION).arg(format!("no such registration: {id}"))
}
