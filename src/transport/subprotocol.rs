//! Contains `Subprotocol`, which a WebSocket client and server negotiate.

use crate::message::Serializer;

/// A serializer, with or without batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subprotocol {
    pub(super) serializer: Serializer,
    pub(super) batched: bool,
}

impl Subprotocol {
    /// Returns one entry for each serializer, without duplicates and in the same order. If wanted,
    /// the form with batches precedes the one without.
    pub(super) fn list(serializers: &[Serializer], with_batches: bool) -> Vec<Self> {
        let mut list = Vec::with_capacity(serializers.len() * 2);
        for &serializer in serializers {
            for batched in [true, false] {
                let one = Subprotocol { serializer, batched };
                if (!batched || with_batches) && !list.contains(&one) {
                    list.push(one);
                }
            }
        }
        list
    }

    pub(super) fn name(self) -> &'static str {
        if self.batched {
            self.serializer.batched_subprotocol()
        } else {
            self.serializer.subprotocol()
        }
    }
}
