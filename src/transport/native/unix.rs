//! Unix sockets, where the system has them; `no_unix` stands in elsewhere.
//!
//! Owns the file of a socket that is listened on: a stale one is replaced, and ours goes away with
//! us.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::{UnixListener, UnixSocket};
use tokio::time::timeout;

pub(crate) use tokio::net::UnixStream as Stream;

/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 1024;

/// How long somebody who listens may take to let us connect.
const ANSWER_TIME: Duration = Duration::from_secs(1);

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

#[cfg_attr(not(feature = "client"), allow(dead_code, reason = "who connects is a client"))]
pub(crate) async fn connect(path: &Path) -> io::Result<Stream> {
    Stream::connect(path).await
}

/// A socket that is listened on. Its file goes away with it.
#[cfg_attr(not(feature = "router"), allow(dead_code, reason = "who listens is a server"))]
#[derive(Debug)]
pub(crate) struct Listener {
    socket: UnixListener,
    path: PathBuf,
    file: Identity,
}

/// Which file it is, whatever its name.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

#[cfg_attr(not(feature = "router"), allow(dead_code, reason = "who listens is a server"))]
impl Listener {
    /// Listens at `path`, with these permissions of the file. A socket at which nobody listens any
    /// more is replaced.
    pub(crate) async fn bind(path: &Path, mode: Option<u32>) -> Result<Self, String> {
        check(path)?;
        let text = |error: io::Error| error.to_string();
        let socket = UnixSocket::new_stream().map_err(text)?;
        match socket.bind(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                remove_stale(path).await?;
                socket.bind(path).map_err(text)?;
            }
            outcome => outcome.map_err(text)?,
        }
        let metadata = fs::symlink_metadata(path).map_err(text)?;
        let file = Identity::of(&metadata);
        // Nobody can connect before `listen`, so there is no moment with other permissions.
        let listening = match mode {
            Some(mode) => fs::set_permissions(path, Permissions::from_mode(mode)),
            None => Ok(()),
        }
        .and_then(|()| socket.listen(BACKLOG));
        match listening {
            Ok(socket) => Ok(Listener { socket, path: path.to_owned(), file }),
            Err(error) => {
                file.remove(path);
                Err(error.to_string())
            }
        }
    }

    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        // Clients have no address.
        let (stream, _) = ready!(self.socket.poll_accept(cx))?;
        Poll::Ready(Ok(stream))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.file.remove(&self.path);
    }
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Identity { device: metadata.dev(), inode: metadata.ino() }
    }

    /// Removes the file if it is still this one: somebody may have put another in its place.
    fn remove(&self, path: &Path) {
        let same = fs::symlink_metadata(path).is_ok_and(|there| Identity::of(&there) == *self);
        if same && let Err(error) = fs::remove_file(path) {
            tracing::warn!(?path, %error, "cannot remove the unix socket");
        }
    }
}

/// Makes room at `path`, if what is there is a socket at which nobody listens.
async fn remove_stale(path: &Path) -> Result<(), String> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    if !metadata.file_type().is_socket() {
        return Err("there is a file already, and it is no socket".to_owned());
    }
    match timeout(ANSWER_TIME, Stream::connect(path)).await {
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            tracing::info!(?path, "replacing a unix socket at which nobody listens");
            Identity::of(&metadata).remove(path);
            Ok(())
        }
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(()),
        // The queue of one who listens is full.
        Ok(Err(error)) if error.kind() == ErrorKind::WouldBlock => Err(IN_USE.to_owned()),
        Ok(Err(error)) => Err(format!("there is a socket already, and it says: {error}")),
        Ok(Ok(_)) | Err(_) => Err(IN_USE.to_owned()),
    }
}

const IN_USE: &str = "somebody listens there already";
