//! Unix sockets, where the system has them; `no_unix` stands in elsewhere.
//!
//! Contains the parts that connecting and listening share.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

pub(crate) use tokio::net::UnixStream as Stream;

mod listener;

pub(crate) use listener::Listener;

/// Checks that this is a valid path of a socket: not empty, without NUL, and not longer than the system
/// allows (107 bytes on Linux).
pub(crate) fn check(path: &Path) -> Result<(), String> {
    if path.as_os_str().is_empty() {
        return Err("the path of the unix socket is empty".to_owned());
    }
    let length = path.as_os_str().len();
    SocketAddr::from_pathname(path).map(|_| ()).map_err(|error| {
        format!("{path:?} ({length} bytes) cannot be the path of a unix socket: {error}")
    })
}

pub(crate) async fn connect(path: &Path) -> io::Result<Stream> {
    Stream::connect(path).await.map_err(|error| {
        // The system reports all files except sockets as refusing connections.
        match path.metadata().map(|found| found.file_type()) {
            Ok(kind) if kind.is_dir() => {
                io::Error::new(error.kind(), "it is a folder, not a socket")
            }
            Ok(kind) if kind.is_file() => {
                io::Error::new(error.kind(), "it is a file, not a socket")
            }
            Ok(kind) if !kind.is_socket() => io::Error::new(error.kind(), "it is not a socket"),
            _ => error,
        }
    })
}
