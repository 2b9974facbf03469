//! Ids of recently ended subscriptions, registrations and invocations.

use std::collections::VecDeque;

/// Number of remembered ids; older ones are forgotten.
const KEPT: usize = 256;

/// The last ids that were added. A message for one of them has crossed its end.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<u64>);

impl Recent {
    pub(super) fn add(&mut self, id: u64) {
        self.0.truncate(KEPT - 1);
        self.0.push_front(id);
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.0.contains(&id)
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.0.retain(|&other| other != id);
    }
}
