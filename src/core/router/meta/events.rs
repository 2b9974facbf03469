//! Meta events (spec: "Meta API", events).
//!
//! Without subscribers they cost one look-up.

use super::{registration, session, subscription};
use crate::core::router::meta_event::{Announcement, Kind, MetaEvent};
use crate::core::router::realm::Realm;
use crate::core::router::session::Identity;
use crate::core::router::turn::Turn;
use crate::message::Payload;
use crate::value::{Dict, List};

/// Publishes a meta event.
pub(in crate::core::router) fn announce(
    realm: &mut Realm,
    turn: &mut Turn<'_>,
    announcement: &Announcement,
) {
    match announcement {
        Announcement::Change(event) => publish(realm, turn, *event),
        Announcement::Joined(who) => joined(realm, turn, who),
        Announcement::Left(who) => left(realm, turn, who),
    }
}

/// Tells that a session has joined.
fn joined(realm: &mut Realm, turn: &mut Turn<'_>, who: &Identity) {
    tell(realm, turn, "wamp.session.on_join", |_, _| Some(vec![session::describe(who).into()]));
}

/// Tells that a session has left.
fn left(realm: &mut Realm, turn: &mut Turn<'_>, who: &Identity) {
    tell(realm, turn, "wamp.session.on_leave", |_, _| {
        Some(vec![who.session.into(), who.authid.as_str().into(), who.authrole.as_str().into()])
    });
}

/// Tells of a change of a subscription or registration.
fn publish(realm: &mut Realm, turn: &mut Turn<'_>, event: MetaEvent) {
    use Kind::{Registration, Subscription};
    let topic = match event {
        MetaEvent::Created { of: Subscription, .. } => "wamp.subscription.on_create",
        MetaEvent::Entered { of: Subscription, .. } => "wamp.subscription.on_subscribe",
        MetaEvent::Left { of: Subscription, .. } => "wamp.subscription.on_unsubscribe",
        MetaEvent::Deleted { of: Subscription, .. } => "wamp.subscription.on_delete",
        MetaEvent::Created { of: Registration, .. } => "wamp.registration.on_create",
        MetaEvent::Entered { of: Registration, .. } => "wamp.registration.on_register",
        MetaEvent::Left { of: Registration, .. } => "wamp.registration.on_unregister",
        MetaEvent::Deleted { of: Registration, .. } => "wamp.registration.on_delete",
    };
    tell(realm, turn, topic, |realm, turn| match event {
        MetaEvent::Created { of, session, id } => {
            let dict = match of {
                Subscription => subscription::describe(realm, turn, id),
                Registration => registration::describe(realm, turn, id),
            };
            Some(vec![session.into(), dict?.into()])
        }
        MetaEvent::Entered { session, id, .. }
        | MetaEvent::Left { session, id, .. }
        | MetaEvent::Deleted { session, id, .. } => Some(vec![session.into(), id.into()]),
    });
}

fn tell(
    realm: &mut Realm,
    turn: &mut Turn<'_>,
    topic: &str,
    args: impl FnOnce(&Realm, &Turn<'_>) -> Option<List>,
) {
    if !realm.publishes_meta_events || realm.broker.matching(topic).is_empty() {
        return;
    }
    let Some(args) = args(realm, turn) else { return };
    let Realm { broker, sessions, .. } = realm;
    broker.publish_own(turn, sessions, topic, || Payload::from_values(args, Dict::new()));
}
