//! Meta events: what the router tells those who watch (spec: "Meta API", events).
//!
//! If nobody watches, a look-up is all that it costs.

use super::{registration, session, subscription};
use crate::core::router::happening::{Happening, Kind};
use crate::core::router::realm::Realm;
use crate::core::router::session::Identity;
use crate::core::router::turn::Turn;
use crate::message::Payload;
use crate::value::{Dict, List};

/// A session has joined.
pub(in crate::core::router) fn joined(realm: &mut Realm, turn: &mut Turn<'_>, who: &Identity) {
    tell(realm, turn, "wamp.session.on_join", |_, _| Some(vec![session::describe(who).into()]));
}

/// A session has left.
pub(in crate::core::router) fn left(realm: &mut Realm, turn: &mut Turn<'_>, who: &Identity) {
    tell(realm, turn, "wamp.session.on_leave", |_, _| {
        Some(vec![who.session.into(), who.authid.as_str().into(), who.authrole.as_str().into()])
    });
}

/// Something has happened to a subscription or a registration.
pub(in crate::core::router) fn publish(
    realm: &mut Realm,
    turn: &mut Turn<'_>,
    happening: Happening,
) {
    use Kind::{Registration, Subscription};
    let topic = match happening {
        Happening::Created { of: Subscription, .. } => "wamp.subscription.on_create",
        Happening::Entered { of: Subscription, .. } => "wamp.subscription.on_subscribe",
        Happening::Left { of: Subscription, .. } => "wamp.subscription.on_unsubscribe",
        Happening::Deleted { of: Subscription, .. } => "wamp.subscription.on_delete",
        Happening::Created { of: Registration, .. } => "wamp.registration.on_create",
        Happening::Entered { of: Registration, .. } => "wamp.registration.on_register",
        Happening::Left { of: Registration, .. } => "wamp.registration.on_unregister",
        Happening::Deleted { of: Registration, .. } => "wamp.registration.on_delete",
    };
    tell(realm, turn, topic, |realm, turn| match happening {
        Happening::Created { of, session, id } => {
            let dict = match of {
                Subscription => subscription::describe(realm, turn, id),
                Registration => registration::describe(realm, turn, id),
            };
            Some(vec![session.into(), dict?.into()])
        }
        Happening::Entered { session, id, .. }
        | Happening::Left { session, id, .. }
        | Happening::Deleted { session, id, .. } => Some(vec![session.into(), id.into()]),
    });
}

fn tell(
    realm: &mut Realm,
    turn: &mut Turn<'_>,
    topic: &str,
    args: impl FnOnce(&Realm, &Turn<'_>) -> Option<List>,
) {
    if !realm.tells || realm.broker.matching(topic).is_empty() {
        return;
    }
    let Some(args) = args(realm, turn) else { return };
    realm.broker.publish_own(turn, topic, || Payload::from_values(args, Dict::new()));
}
