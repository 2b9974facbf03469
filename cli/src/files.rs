//! Reads and writes files; those with secrets belong to their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
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

/// Reads a secret from the only line of a file.
pub(crate) fn read_secret(path: &Path) -> Outcome<String> {
    let text = String::from_utf8(read_private(path)?).map_err(|_| unusable(path, "not UTF-8"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() { Err(unusable(path, "it is empty")) } else { Ok(secret.to_owned()) }
}

/// Replaces a file with secrets; on Unix its mode is 600. A reader sees the old content or the new one.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Outcome {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = Path::new(&beside);
    let written = create_private(beside)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(beside, path));
    written.map_err(|error| {
        // What is left of it is of no use.
        let _ = fs::remove_file(beside);
        Failure::other(format_args!("cannot write {}: {error}", path.display()))
    })
}

/// Creates a folder that only its owner may enter.
pub(crate) fn create_folder(path: &Path) -> Outcome {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let created = builder.create(path);
    created
        .map_err(|error| Failure::other(format_args!("cannot create {}: {error}", path.display())))
}

/// Creates a file that only its owner may read. It must not exist.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
