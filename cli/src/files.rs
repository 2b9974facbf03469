//! Reads files; those with secrets belong to their owner alone.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::{Failure, Outcome};

/// Maximum length of a key, a certificate, a configuration or the file of contexts.
const MAX_LENGTH: u64 = 4 << 20;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Outcome<Vec<u8>> {
    let file = File::open(path).map_err(|error| unusable(path, error))?;
    read_all(path, file)
}

/// Reads a file with secrets. On Unix it must not be open to other users.
pub(crate) fn read_private(path: &Path) -> Outcome<Vec<u8>> {
    let file = File::open(path).map_err(|error| unusable(path, error))?;
    check_private(path, &file)?;
    read_all(path, file)
}

#[cfg(unix)]
fn check_private(path: &Path, file: &File) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|error| unusable(path, error))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let text = format!("other users may read or change it (mode {mode:o}); it must be 600");
    Err(unusable(path, text))
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &File) -> Outcome {
    Ok(())
}

fn read_all(path: &Path, file: File) -> Outcome<Vec<u8>> {
    let mut content = Vec::new();
    file.take(MAX_LENGTH + 1).read_to_end(&mut content).map_err(|error| unusable(path, error))?;
    if content.len() as u64 > MAX_LENGTH {
        return Err(unusable(path, format_args!("more than {} MiB", MAX_LENGTH >> 20)));
    }
    Ok(content)
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::usage(format_args!("{}: {why}", path.display()))
}
