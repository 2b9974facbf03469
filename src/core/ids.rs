//! Ids: request ids in sequence, global ids at random (spec: "IDs").

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::core::chacha::ChaCha;
use crate::message::MAX_ID;

/// Map by ids that one of the two peers assigns.
pub type IdMap<V> = HashMap<u64, V, BuildHasherDefault<IdHasher>>;

/// Set of ids that one of the two peers assigns.
pub(crate) type IdSet = HashSet<u64, BuildHasherDefault<IdHasher>>;

/// Hashes an id by one multiplication. Only for sequential or random ids, never for ids that a
/// stranger may choose.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        // 2^64 divided by the golden ratio (Knuth's multiplicative hashing); folded, since the
        // table reads both ends of the word.
        let product = (self.0 ^ id).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ (product >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Request ids of one direction of one session: 1, 2, … 2^53, then 1 again.
#[derive(Debug, Default)]
pub(crate) struct SequentialIds(u64);

impl SequentialIds {
    /// Creates a source whose first id follows this one.
    #[cfg_attr(
        not(feature = "router"),
        allow(dead_code, reason = "only the router goes on with the ids of another")
    )]
    pub(crate) fn after(last: u64) -> Self {
        SequentialIds(last)
    }

    /// The next id.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = if self.0 == MAX_ID { 1 } else { self.0 + 1 };
        self.0
    }

    /// Takes back `id` if it was the last one: its message was never sent.
    pub(crate) fn take_back(&mut self, id: u64) {
        if self.0 == id && id > 0 {
            self.0 = id - 1;
        }
    }

    /// The last id; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.0
    }
}

/// Ids drawn uniformly from 1 to 2^53. An id cannot be predicted from other ids.
#[derive(Debug)]
pub struct RandomIds(ChaCha);

impl RandomIds {
    /// Creates a source of ids; the same seed gives the same ids. For tests and other purposes where
    /// the ids may be foretold.
    pub fn new(seed: u64) -> Self {
        Self::from_key(key_of(seed))
    }

    /// Creates a source of ids from a key of the system's random octets.
    pub fn from_key(key: [u8; 32]) -> Self {
        Self::of_stream(key, 0)
    }

    /// Creates one of many sources from the same key: each number has ids of its own.
    pub(crate) fn of_stream(key: [u8; 32], stream: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = stream.to_le_bytes();
        let stream = [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])];
        RandomIds(ChaCha::new(key, stream))
    }

    /// The next id.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        (self.0.next() >> 11) + 1
    }
}

/// Returns a key that is as good as its seed.
pub(crate) fn key_of(seed: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_wrap_after_the_last() {
        let mut ids = SequentialIds(MAX_ID - 1);
        assert_eq!([ids.next(), ids.next(), ids.next()], [MAX_ID, 1, 2]);
    }

    #[test]
    fn row13_the_state_does_not_follow_from_ids() {
        // SplitMix64 gave its state by its output: neighbours differed by a constant in the inverse.
        let mut ids = RandomIds::new(7);
        let first: Vec<_> = (0..1000).map(|_| ids.next()).collect();
        let mut others = RandomIds::new(8);
        assert!((0..1000).all(|_| !first.contains(&others.next())));
        let mut same = RandomIds::new(7);
        assert!(first.iter().all(|id| *id == same.next()));
    }

    #[test]
    fn random_ids_stay_in_range() {
        let mut ids = RandomIds::new(7);
        assert!((0..10_000).all(|_| (1..=MAX_ID).contains(&ids.next())));
    }
}
