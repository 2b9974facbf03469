//! Validation of the UTF-8 of messages. Most of it is ASCII, of which the standard library checks many octets
//! in one step.

use std::str::{self, Utf8Error};

/// Checks that octets are UTF-8.
pub(crate) fn check(octets: &[u8]) -> Result<(), Utf8Error> {
    if octets.is_ascii() { Ok(()) } else { str::from_utf8(octets).map(drop) }
}

/// Returns whether octets are UTF-8.
pub(crate) fn is_valid(octets: &[u8]) -> bool {
    check(octets).is_ok()
}
