//! What a peer may send weighs no more than its bounds: the heap that a step allocates is counted.
//!
//! One program, because the allocator counts for the whole process; the tests run one after another, each within
//! [`alone`], also those that count nothing.

#![cfg(all(unix, feature = "router", feature = "json", feature = "msgpack", feature = "cbor"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

mod received;
mod routed;
mod rows;
mod transcoded;

use std::alloc::System;
use std::sync::{Mutex, PoisonError};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

static ALONE: Mutex<()> = Mutex::new(());

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Runs `step` while no other test runs.
fn alone<T>(step: impl FnOnce() -> T) -> T {
    let _guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    step()
}

/// Returns the sum of all that `step` allocates in bytes, freed or not.
fn allocated<T>(step: impl FnOnce() -> T) -> (usize, T) {
    let region = Region::new(GLOBAL);
    let result = step();
    let stats = region.change();
    let grown = usize::try_from(stats.bytes_reallocated).unwrap_or_default();
    (stats.bytes_allocated + grown, result)
}

/// As [`allocated`], the least of three times, where some KiB matter: the harness allocates, too, when it starts
/// another test.
fn least_allocated<T>(mut step: impl FnMut() -> T) -> (usize, T) {
    let times = [(); 3].map(|()| allocated(&mut step));
    times.into_iter().min_by_key(|(bytes, _)| *bytes).unwrap()
}

/// Returns what is left of what `step` allocates, in bytes.
fn kept<T>(step: impl FnOnce() -> T) -> (usize, T) {
    let region = Region::new(GLOBAL);
    let result = step();
    let stats = region.change();
    (stats.bytes_allocated.saturating_sub(stats.bytes_deallocated), result)
}
