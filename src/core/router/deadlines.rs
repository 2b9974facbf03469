//! `Deadlines`: at most one for each connection, the next one first.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::router::connection::{ByConnection, ConnectionId};
use crate::core::router::tables::shrink;

#[derive(Debug, Default)]
pub(super) struct Deadlines {
    known: ByConnection<Duration>,
    order: BTreeSet<(Duration, ConnectionId)>,
}

impl Deadlines {
    /// Sets or removes the deadline of a connection. Returns whether it had one.
    pub(super) fn set(&mut self, id: ConnectionId, deadline: Option<Duration>) -> bool {
        let old = match deadline {
            Some(deadline) => self.known.insert(id, deadline),
            None => self.known.remove(&id),
        };
        shrink(&mut self.known);
        if let Some(old) = old {
            self.order.remove(&(old, id));
        }
        self.order.extend(deadline.map(|deadline| (deadline, id)));
        old.is_some()
    }

    /// The next deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.order.first().map(|(deadline, _)| *deadline)
    }

    /// Removes the next deadline, and returns its connection, if the deadline has passed.
    pub(super) fn take_passed(&mut self, now: Duration) -> Option<ConnectionId> {
        let &(deadline, id) = self.order.first()?;
        (deadline <= now).then(|| {
            self.set(id, None);
            id
        })
    }
}
