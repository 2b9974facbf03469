//! Contains [`Heavy`]: the outboxes of a realm that hold much, and their weight together.

use std::sync::Arc;

use crate::core::router::{ByConnection, ConnectionId};
use crate::router::outbox::{Outbox, SOFT_LIMIT};

/// The outboxes of slow peers. Those below the soft limit do not count: they change with each message.
#[derive(Debug, Default)]
pub(super) struct Heavy {
    /// With the load that each was last seen with.
    outboxes: ByConnection<(Arc<Outbox>, usize)>,
    /// Sum of these loads.
    bytes: usize,
}

impl Heavy {
    /// Notes the load of an outbox after a message for it. If all of them together hold more than `limit`
    /// bytes, returns the one that holds most.
    pub(super) fn note(
        &mut self,
        id: ConnectionId,
        outbox: &Arc<Outbox>,
        limit: usize,
    ) -> Option<(ConnectionId, Arc<Outbox>)> {
        let load = outbox.load();
        if load <= SOFT_LIMIT {
            // Peers that keep up are not known here.
            if !self.outboxes.is_empty() {
                self.forget(id);
            }
            return None;
        }
        let entry = self.outboxes.entry(id).or_insert_with(|| (Arc::clone(outbox), 0));
        self.bytes = self.bytes - entry.1 + load;
        entry.1 = load;
        if self.bytes > limit {
            self.look_again();
        }
        if self.bytes <= limit {
            return None;
        }
        let most = self.outboxes.iter().max_by_key(|(id, (_, load))| (*load, **id))?;
        Some((*most.0, Arc::clone(&most.1.0)))
    }

    /// Forgets an outbox.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        if let Some((_, load)) = self.outboxes.remove(&id) {
            self.bytes -= load;
        }
    }

    /// Reads all loads: their tasks have sent something since.
    fn look_again(&mut self) {
        self.bytes = 0;
        self.outboxes.retain(|_, (outbox, load)| {
            *load = outbox.load();
            self.bytes += if *load > SOFT_LIMIT { *load } else { 0 };
            *load > SOFT_LIMIT
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::{Event, EventDetails, Payload};
    use crate::router::outbox::Item;
    use crate::value::{Dict, Value};

    const MIB: usize = 1 << 20;

    fn push(outbox: &Outbox, bytes: usize) {
        let args = vec![Value::Bytes(vec![7; bytes].into())];
        let payload = Payload::from_values(args, Dict::new());
        let details = EventDetails::default();
        let event = Event { subscription: 1, publication: bytes as u64, details, payload };
        outbox.push(Duration::ZERO, Item::Own(event.into()), &mut Vec::new());
    }

    #[test]
    fn row03_slow_peers_of_a_realm_are_weighed_together() {
        let mut heavy = Heavy::default();
        let outboxes = [1, 2, 3].map(|id| (ConnectionId::new(id), Arc::new(Outbox::new(64 * MIB))));
        let limit = 9 * MIB;
        for (id, outbox) in &outboxes {
            // Below the soft limit it is no slow peer.
            push(outbox, MIB / 2);
            assert!(heavy.note(*id, outbox, limit).is_none());
            assert_eq!(heavy.bytes, 0);
        }
        for (number, (id, outbox)) in outboxes[..2].iter().enumerate() {
            push(outbox, (3 + number) * MIB);
            assert!(heavy.note(*id, outbox, limit).is_none());
        }
        let (id, third) = &outboxes[2];
        push(third, 2 * MIB);
        let most = heavy.note(*id, third, limit).map(|(most, _)| most);
        assert_eq!(most, Some(outboxes[1].0));
        // One of the others reads.
        outboxes[0].1.mark_sent(3 * MIB, || Duration::ZERO);
        assert!(heavy.note(*id, third, limit).is_none());
        assert_eq!(heavy.outboxes.len(), 2);
        // One is disconnected.
        heavy.forget(outboxes[1].0);
        heavy.forget(*id);
        assert_eq!((heavy.bytes, heavy.outboxes.len()), (0, 0));
    }
}
