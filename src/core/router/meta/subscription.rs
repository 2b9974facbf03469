//! The subscription meta API: the subscriptions and their subscribers.

use super::call::{Answer, MetaCall};
use super::{entry, session};
use crate::core::router::realm::Realm;
use crate::core::router::turn::Turn;
use crate::error::ApplicationError;
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// The public description of a subscription, if it exists.
pub(super) fn describe(realm: &Realm, turn: &Turn<'_>, id: u64) -> Option<Dict> {
    let entry = realm.broker.entry(id)?;
    Some(entry::describe(entry, turn.config.epoch, entry.members.created))
}

pub(super) fn list(call: &mut MetaCall<'_, '_>) -> Answer {
    let Some(id) = call.arguments.optional("session")? else {
        entry::check_length("subscriptions", call.realm.broker.entries().len())?;
        return Ok(entry::list(call.realm.broker.entries()));
    };
    let connection = session::find(call.realm, id)?;
    let session = call.realm.sessions.get(&connection);
    let ids = session.iter().flat_map(|session| session.subscriptions.ids());
    Ok(entry::list(ids.filter_map(|id| call.realm.broker.entry(id))))
}

pub(super) fn lookup(call: &mut MetaCall<'_, '_>) -> Answer {
    let (topic, policy) = entry::looked_up(call, "topic")?;
    Ok(call.realm.broker.lookup(&topic, policy).into())
}

/// All matching subscriptions, or null if there is none.
pub(super) fn matches(call: &mut MetaCall<'_, '_>) -> Answer {
    let topic = entry::matched(call, "topic")?;
    let ids = call.realm.broker.matching(&topic);
    if ids.is_empty() {
        return Ok(Value::Null);
    }
    Ok(ids.into_iter().map(Value::from).collect::<List>().into())
}

pub(super) fn get(call: &mut MetaCall<'_, '_>) -> Answer {
    let id = call.arguments.required("subscription")?;
    describe(call.realm, call.turn, id).map(Value::from).ok_or_else(|| no_such_subscription(id))
}

pub(super) fn list_subscribers(call: &mut MetaCall<'_, '_>) -> Answer {
    Ok(subscribers(call)?.into())
}

pub(super) fn count_subscribers(call: &mut MetaCall<'_, '_>) -> Answer {
    Ok(subscribers(call)?.len().into())
}

pub(super) fn remove_subscriber(call: &mut MetaCall<'_, '_>) -> Answer {
    let id = call.arguments.required("subscription")?;
    let session = call.arguments.required("subscriber")?;
    let reason = entry::reason(call)?;
    call.realm.broker.entry(id).ok_or_else(|| no_such_subscription(id))?;
    let subscriber = session::find(call.realm, session)?;
    let Realm { broker, sessions, .. } = &mut *call.realm;
    if broker.revoke(call.turn, sessions, id, subscriber, &reason) {
        return Ok(Value::Null);
    }
    Err(ApplicationError::new(Uri::NO_SUCH_SESSION)
        .arg(format!("session {session} is not a subscriber of subscription {id}")))
}

/// The sessions of all subscribers.
fn subscribers(call: &mut MetaCall<'_, '_>) -> Result<List, ApplicationError> {
    let id = call.arguments.required("subscription")?;
    let entry = call.realm.broker.entry(id).ok_or_else(|| no_such_subscription(id))?;
    Ok(session::ids(call.realm, entry.members.members.iter()))
}

fn no_such_subscription(id: u64) -> ApplicationError {
    ApplicationError::new(Uri::NO_SUCH_SUBSCRIPTION).arg(format!("no such subscription: {id}"))
}
