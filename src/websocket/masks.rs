//! The masks of a client's frames: random, and new for each frame (RFC 6455, section 5.3).

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

use crate::framing::websocket::mask::Mask;
use crate::rt;

/// Octets that are asked of the system at once. A system call for each mask would take longer than the
/// rest of writing a small frame.
const SUPPLY: usize = 1024;

struct Supply {
    octets: [u8; SUPPLY],
    used: usize,
}

thread_local! {
    static MASKS: RefCell<Supply> =
        const { RefCell::new(Supply { octets: [0; SUPPLY], used: SUPPLY }) };
}

/// Returns the next mask of this thread.
pub(super) fn mask() -> Mask {
    MASKS.with_borrow_mut(|supply| {
        if supply.used == SUPPLY {
            supply.octets = rt::random_bytes().unwrap_or_else(|_| hashed());
            supply.used = 0;
        }
        let at = supply.used;
        supply.used += size_of::<Mask>();
        // Used once: the memory does not keep it.
        std::array::from_fn(|index| std::mem::take(&mut supply.octets[at + index]))
    })
}

/// Returns octets of the keys of a hash map, which are random, too. A connection that stands must not
/// fail because the system gives no randomness for once.
fn hashed() -> [u8; SUPPLY] {
    let state = RandomState::new();
    let word = |index: usize| state.hash_one(index / 8).to_ne_bytes()[index % 8];
    std::array::from_fn(word)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn f07_each_mask_is_new() {
        // More than one supply.
        let masks: HashSet<_> = (0..1000).map(|_| mask()).collect();
        assert!(masks.len() > 990, "{}", masks.len());
        let octets = hashed();
        assert!(octets.chunks(4).collect::<HashSet<_>>().len() > SUPPLY / 4 - 10);
    }
}
