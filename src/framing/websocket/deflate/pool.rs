//! The process's pool of compressors and decompressors that are not in use.
//!
//! A compressor takes 140 to 380 KiB and a decompressor 47 KiB, so connections hold one only while they
//! need it. The pool keeps a few, so that not every message allocates.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::zlib::{Deflater, Inflater};

/// Maximum number that the pool keeps of each kind: about 7 MiB together.
const KEPT: usize = 16;

static DEFLATERS: Mutex<Vec<(Shape, Deflater)>> = Mutex::new(Vec::new());
static INFLATERS: Mutex<Vec<Inflater>> = Mutex::new(Vec::new());

/// Settings of a compressor that cannot change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// 1 to 9.
    pub(super) level: u8,
    /// Size of the window in bits, 8 to 15.
    pub(super) window: u8,
    /// 1 to 9.
    pub(super) memory: u8,
}

/// Returns a compressor without history.
pub(super) fn take_deflater(shape: Shape) -> Option<Deflater> {
    let kept = {
        let mut pool = lock(&DEFLATERS);
        let at = pool.iter().rposition(|(kept, _)| *kept == shape);
        at.map(|at| pool.remove(at).1)
    };
    match kept {
        Some(mut deflater) => {
            deflater.reset();
            Some(deflater)
        }
        None => Deflater::new(shape),
    }
}

/// Keeps a compressor that is between two messages, in the place of the oldest one if the pool is full.
pub(super) fn give_deflater(shape: Shape, deflater: Deflater) {
    // Dropped behind the lock.
    let _oldest = {
        let mut pool = lock(&DEFLATERS);
        pool.push((shape, deflater));
        (pool.len() > KEPT).then(|| pool.remove(0))
    };
}

/// Returns a decompressor without history.
pub(super) fn take_inflater() -> Option<Inflater> {
    let kept = lock(&INFLATERS).pop();
    match kept {
        Some(mut inflater) => {
            inflater.reset();
            Some(inflater)
        }
        None => Inflater::new(),
    }
}

/// Keeps a decompressor, if there is room.
pub(super) fn give_inflater(inflater: Inflater) {
    let mut pool = lock(&INFLATERS);
    if pool.len() < KEPT {
        pool.push(inflater);
    }
}

/// The pool is sound at any time, so a panic elsewhere does not matter.
fn lock<T>(pool: &Mutex<T>) -> MutexGuard<'_, T> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}
