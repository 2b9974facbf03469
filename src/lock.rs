//! A lock without poisoning.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A mutex that a panic of another thread does not poison. Use it for short sections that leave the
/// value whole at every point where they could panic.
#[derive(Debug, Default)]
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    /// An unlocked lock around the value.
    pub(crate) const fn new(value: T) -> Self {
        Lock(Mutex::new(value))
    }

    /// Waits until the lock is free and takes it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_does_not_poison() {
        static LOCK: Lock<i32> = Lock::new(1);
        let panic = std::panic::catch_unwind(|| {
            *LOCK.lock() = 2;
            let _held = LOCK.lock();
            panic!("while the lock is held");
        });
        assert!(panic.is_err());
        assert_eq!(*LOCK.lock(), 2);
    }
}
