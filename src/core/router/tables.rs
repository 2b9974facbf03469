//! `shrink`: gives back the memory of tables that were much larger.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};

/// Capacity up to which a table keeps its memory, so that usual ups and downs take no time.
const KEPT: usize = 512;

/// A table shrinks when only this part of it is in use. As many entries as remain, and more, have been removed since it
/// grew or shrank before, so that a removal takes constant time in the mean.
const PART: usize = 8;

/// Shrinks a table of which a small part is in use. Call it after a removal.
pub(crate) fn shrink<K: Eq + Hash, V, S: BuildHasher>(table: &mut HashMap<K, V, S>) {
    if table.capacity() > KEPT && table.len() <= table.capacity() / PART {
        table.shrink_to(table.len() * 2);
    }
}

/// Gives back the memory of a queue that is empty. Call it after taking the last entry.
pub(crate) fn shrink_empty<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > KEPT && queue.is_empty() {
        *queue = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_no_larger_than_some_times_its_entries() {
        let mut table: HashMap<usize, usize> = (0..10_000).map(|number| (number, number)).collect();
        let (mut shrunk, mut last) = (0, table.capacity());
        for number in 0..10_000 {
            table.remove(&number);
            shrink(&mut table);
            shrunk += usize::from(table.capacity() * 2 < last);
            last = table.capacity();
            assert!(table.capacity() <= KEPT.max((table.len() + 1) * 2 * PART));
        }
        assert!(shrunk <= 5, "{shrunk}");
        // Small ones stay.
        let capacity = table.capacity();
        assert!(capacity > 0);
        shrink(&mut table);
        assert_eq!(table.capacity(), capacity);
    }

    #[test]
    fn an_empty_queue_keeps_little() {
        let mut queue: VecDeque<usize> = (0..10_000).collect();
        shrink_empty(&mut queue);
        assert_eq!(queue.len(), 10_000);
        queue.clear();
        shrink_empty(&mut queue);
        assert_eq!(queue.capacity(), 0);
    }
}
