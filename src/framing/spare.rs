//! Contains [`Spare`], a bounded store of things that no connection uses at the moment.

use crate::lock::Lock;

/// Things that the process keeps for whoever needs one next, `MOST` of them.
pub(super) struct Spare<T, const MOST: usize>(Lock<Vec<T>>);

impl<T, const MOST: usize> Spare<T, MOST> {
    pub(super) const fn new() -> Self {
        Spare(Lock::new(Vec::new()))
    }

    /// Takes the newest one that fits.
    pub(super) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut kept = self.0.lock();
        let at = kept.iter().rposition(fits)?;
        Some(kept.remove(at))
    }

    /// Keeps one, in the place of the oldest if there is no room.
    pub(super) fn give(&self, thing: T) {
        // Dropped behind the lock.
        let _oldest = {
            let mut kept = self.0.lock();
            kept.push(thing);
            (kept.len() > MOST).then(|| kept.remove(0))
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_fits_is_taken_and_the_oldest_leaves() {
        static SPARE: Spare<u8, 2> = Spare::new();
        [1, 2, 3].into_iter().for_each(|thing| SPARE.give(thing));
        assert_eq!(SPARE.take(|thing| *thing < 3), Some(2));
        assert_eq!([SPARE.take(|_| true), SPARE.take(|_| true)], [Some(3), None]);
    }
}
