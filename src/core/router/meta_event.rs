//! `MetaEvent`: a change in a realm that is published as a meta event.

use std::sync::Arc;

use crate::core::router::session::Identity;

/// A change of a subscription or registration (spec: "Meta API", events). Broker and dealer add it
/// to the turn in the order of the changes; the realm publishes all of them after the reply to the
/// request. Nothing is added for `wamp.` URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MetaEvent {
    /// A subscription or registration was created.
    Created { of: Kind, session: u64, id: u64 },
    /// A session joined it.
    Entered { of: Kind, session: u64, id: u64 },
    /// A session left it.
    Left { of: Kind, session: u64, id: u64 },
    /// The last session left it.
    Deleted { of: Kind, session: u64, id: u64 },
}

/// A meta event that is to be published, in the order of all.
#[derive(Debug)]
pub(super) enum Announcement {
    Change(MetaEvent),
    Joined(Arc<Identity>),
    Left(Arc<Identity>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Subscription,
    Registration,
}
