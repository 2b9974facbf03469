//! Contains the counts of messages in a serializer, which one task or several change and all copies read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::websocket::TrafficStats;

/// Messages and bytes that came, messages and bytes that were sent. They do not count in comparisons: any two are
/// equal.
#[derive(Clone, Default)]
pub(crate) struct Traffic(Arc<[AtomicU64; 4]>);

/// What is added to the counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted([u64; 4]);

impl Counted {
    /// Counts a message that came.
    pub(crate) fn received(&mut self, bytes: usize) {
        self.0[0] += 1;
        self.0[1] += bytes as u64;
    }

    /// Counts a message that was sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.0[2] += 1;
        self.0[3] += bytes as u64;
    }
}

impl Traffic {
    pub(crate) fn add(&self, counted: Counted) {
        for (count, more) in self.0.iter().zip(counted.0) {
            if more > 0 {
                count.fetch_add(more, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn stats(&self) -> TrafficStats {
        let [messages_in, payload_in, messages_out, payload_out] =
            [0, 1, 2, 3].map(|place| self.0[place].load(Ordering::Relaxed));
        TrafficStats { messages_in, payload_in, messages_out, payload_out, ..Default::default() }
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl PartialEq for Traffic {
    fn eq(&self, _: &Traffic) -> bool {
        true
    }
}

impl Eq for Traffic {}
