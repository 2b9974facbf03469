//! `Happening`: what has changed in a realm, for those who watch it by meta events.

/// A change that the meta API tells of (spec: "Meta API", events). Broker and dealer push them to
/// the turn in the order in which they happened; the realm publishes them when the request that
/// caused them has been answered. Nothing is pushed for `wamp.` URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A subscription or registration is there now.
    Created { of: Kind, session: u64, id: u64 },
    /// A session has joined it.
    Entered { of: Kind, session: u64, id: u64 },
    /// A session has left it.
    Left { of: Kind, session: u64, id: u64 },
    /// Nobody is in it any more.
    Deleted { of: Kind, session: u64, id: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Subscription,
    Registration,
}
