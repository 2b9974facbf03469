//! Test vectors that are not part of this repository: where they are, and saying so if they are
//! not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use std::path::{Path, PathBuf};

/// The folder: `WAMPWERK_VECTORS`, else `../shared/testvectors`. `None`, and a loud word, if it is
/// not there; if `WAMPWERK_REQUIRE_ALL` is set, the test fails.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WAMPWERK_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testvectors"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    let text = format!(
        "SKIPPED: the shared test vectors are not in {} (set WAMPWERK_VECTORS)",
        folder.display()
    );
    assert!(std::env::var("WAMPWERK_REQUIRE_ALL").is_err(), "{text}");
    // Not captured, unlike what `eprintln!` writes.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("\n{text}\n\n").as_bytes());
    None
}

pub(crate) fn read_json(path: &Path) -> serde_json::Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}
