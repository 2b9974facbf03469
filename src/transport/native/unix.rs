//! Unix sockets, where the system has them; `no_unix` stands in elsewhere.

use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;

pub(crate) use tokio::net::UnixStream as Stream;

/// Whether this can be the path of a socket: not empty, without NUL, and not longer than the system
/// takes (107 bytes on Linux).
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
    Stream::connect(path).await
}
