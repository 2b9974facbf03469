//! What fuzzing has found, and what it begins with: every file of `fuzz/regressions/` is handed to
//! the body of its target.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// Much more than any file takes without optimization; what grows with the square takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The names in a folder, without what ends them.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_target_is_fuzzed_and_has_a_corpus() {
    let targets: BTreeSet<_> =
        targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder("regressions")), targets, "folders of fuzz/regressions");
    assert_eq!(names(&folder("fuzz_targets")), targets, "files of fuzz/fuzz_targets");
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    for target in &targets {
        assert!(
            manifest.contains(&format!("\nname = \"{target}\"\n")),
            "{target} in fuzz/Cargo.toml"
        );
    }
}

#[test]
fn the_corpus_breaks_no_promise() {
    let mut broken = Vec::new();
    for (target, _) in targets::TARGETS {
        let folder = folder("regressions").join(target);
        let mut files: Vec<_> =
            folder.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
        assert!(!files.is_empty(), "{} is empty", folder.display());
        files.sort();
        for file in files {
            if let Err(how) = replay(target, &file) {
                broken.push(format!("{} {how}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "said above why:\n{}", broken.join("\n"));
}

/// Runs a target on a thread that has the name of the file, so that it is told even if the stack
/// overflows.
fn replay(target: &'static str, file: &Path) -> Result<(), &'static str> {
    let input = std::fs::read(file).unwrap();
    let (done, outcome) = mpsc::channel();
    let named = std::thread::Builder::new().name(file.display().to_string());
    let thread = named.spawn(move || {
        targets::run(target, &input);
        done.send(()).unwrap();
    });
    match outcome.recv_timeout(PATIENCE) {
        Ok(()) => thread.unwrap().join().map_err(|_| "has panicked"),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("has panicked"),
        Err(mpsc::RecvTimeoutError::Timeout) => Err("takes too long"),
    }
}
