//! `Leaving`: a session that has left its realm, and what it still holds.

use std::cmp::Reverse;
use std::collections::hash_map;

use crate::core::router::connection::ConnectionId;
use crate::core::router::session::{Invoked, Origin, Session};
use crate::core::router::testaments::{Testament, Testaments};
use crate::core::router::wildcards::Shape;

/// A session that has left, and what it still holds.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) connection: ConnectionId,
    pub(super) session: Session,
    /// True if nothing is published: neither meta events nor testaments.
    pub(super) quietly: bool,
    pub(super) testaments: std::vec::IntoIter<Testament>,
    pub(super) subscriptions: Entries<Option<Box<Shape>>>,
    pub(super) registrations: Entries<Option<Box<Shape>>>,
    pub(super) calls: Entries<Invoked>,
    pub(super) invocations: Entries<Origin>,
}

impl Leaving {
    pub(super) fn new(
        connection: ConnectionId,
        mut session: Session,
        testaments: Option<Testaments>,
        quietly: bool,
    ) -> Self {
        Leaving {
            connection,
            quietly,
            testaments: testaments.unwrap_or_default().into_vec().into_iter(),
            subscriptions: Entries::new(std::mem::take(&mut session.subscriptions).into_ids()),
            registrations: Entries::new(std::mem::take(&mut session.registrations).into_ids()),
            calls: Entries::new(std::mem::take(&mut session.calls).into_iter()),
            invocations: Entries::new(std::mem::take(&mut session.invocations).into_iter()),
            session,
        }
    }
}

/// Takes entries of a map one by one. Of many, the next ones are sorted, so that the same input mostly
/// gives the same output.
#[derive(Debug)]
pub(super) struct Entries<V> {
    rest: hash_map::IntoIter<u64, V>,
    /// The next ones, the first one last.
    next: Vec<(u64, V)>,
}

impl<V> Entries<V> {
    /// Number of entries that are sorted at once.
    const SORTED: usize = 1024;

    fn new(rest: hash_map::IntoIter<u64, V>) -> Self {
        Entries { rest, next: Vec::new() }
    }
}

impl<V> Iterator for Entries<V> {
    type Item = (u64, V);

    fn next(&mut self) -> Option<(u64, V)> {
        if self.next.is_empty() {
            self.next.extend(self.rest.by_ref().take(Self::SORTED));
            self.next.sort_unstable_by_key(|(id, _)| Reverse(*id));
        }
        self.next.pop()
    }
}
