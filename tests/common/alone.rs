//! Tests that measure or change their whole process, and so run in one of their own.

use std::process::Command;

/// Names the test that the process was started for.
const ALONE: &str = "WAMPWERK_ALONE";

/// Returns whether the test has this process to itself and shall go on. If not, it has just passed
/// in another process.
///
/// `module` is `module_path!()`.
pub(crate) fn alone(module: &str, test: &str) -> bool {
    let path = path(module, test);
    if std::env::var(ALONE).is_ok_and(|started_for| started_for == path) {
        return true;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    let done = again.args([&path, "--exact", "--nocapture"]).env(ALONE, &path).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{path} in a process of its own:\n{out}\n{err}");
    assert!(out.contains("1 passed"), "{path} did not run in a process of its own:\n{out}");
    false
}

/// The name by which the test's program knows it.
pub(crate) fn path(module: &str, test: &str) -> String {
    let (_program, module) = module.split_once("::").unwrap();
    format!("{module}::{test}")
}
