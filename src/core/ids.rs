//! Ids: request ids in sequence, global ids at random (spec: "IDs").

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::message::MAX_ID;

/// Map by ids that one of the two peers assigns.
pub(crate) type IdMap<V> = HashMap<u64, V, BuildHasherDefault<IdHasher>>;

/// Set of ids that one of the two peers assigns.
pub(crate) type IdSet = HashSet<u64, BuildHasherDefault<IdHasher>>;

/// Like [`IdMap`], for ids with a type of their own.
#[cfg(feature = "router")]
pub(crate) type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Hashes an id by one multiplication. Only for sequential or random ids, never for ids that a
/// stranger may choose.
#[derive(Debug, Default)]
pub(crate) struct IdHasher(u64);

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

/// Ids drawn uniformly from 1 to 2^53. Not for secrets.
#[derive(Debug)]
pub struct RandomIds(u64);

impl RandomIds {
    /// Creates a source of ids; the same seed gives the same ids.
    pub fn new(seed: u64) -> Self {
        RandomIds(seed)
    }

    /// The next id.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014): passes BigCrush, one word of state.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) + 1
    }
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
    fn random_ids_stay_in_range() {
        let mut ids = RandomIds::new(7);
        assert!((0..10_000).all(|_| (1..=MAX_ID).contains(&ids.next())));
    }
}
