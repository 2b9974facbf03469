//! Floats as decimal text, as JSON has them. By target, because the tables for it are large, and every
//! browser has them already.

#![allow(dead_code, reason = "only JSON has decimal texts")]

use std::fmt;

/// A float in a `Debug` output.
pub(crate) struct Shown(pub(crate) f64);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a number in JSON's form. One that is too large is infinite.
pub(crate) fn read(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Appends the shortest text of a finite float that is read as this float, and not as an integer.
pub(crate) fn write(out: &mut Vec<u8>, value: f64) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, &value);
}
