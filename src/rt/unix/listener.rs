//! Listening on unix sockets.
//!
//! Manages the file of the socket: a stale one is replaced, and ours is removed at the end.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tokio::net::{UnixListener, UnixSocket};
use tokio::time::{sleep, timeout};

use super::{Stream, check};

/// Maximum number of connections that wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 1024;

/// Time in which another listener at the path has to accept a connection.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// Time limit for getting the lock; each holder needs [`ANSWER_TIME`] at most.
const LOCK_TIME: Duration = Duration::from_secs(5);

/// Pause until the lock is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// A listening socket. Its file is removed with it.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: UnixListener,
    path: PathBuf,
    file: Identity,
}

/// Identity of a file, independent of its name.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Listener {
    /// Listens at `path`, with these permissions of the file. A socket without a listener is
    /// replaced.
    pub(crate) async fn bind(path: &Path, mode: Option<u32>) -> io::Result<Self> {
        check(path).map_err(|text| io::Error::new(ErrorKind::InvalidInput, text))?;
        // Other processes would treat a bound socket that is not listening yet as stale, and two
        // that replace the same stale socket would remove each other's.
        let _lock = lock_folder(path).await;
        let socket = UnixSocket::new_stream()?;
        match socket.bind(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                remove_stale(path).await?;
                socket.bind(path)?;
            }
            outcome => outcome?,
        }
        let metadata = fs::symlink_metadata(path)?;
        let file = Identity::of(&metadata);
        // No client can connect before `listen`, so there is no moment with other permissions.
        let listening = match mode {
            Some(mode) => file.set_mode(path, mode),
            None => Ok(()),
        }
        .and_then(|()| socket.listen(BACKLOG));
        match listening {
            Ok(socket) => Ok(Listener { socket, path: path.to_owned(), file }),
            Err(error) => {
                file.remove(path);
                Err(error)
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

    fn is_at(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|there| Identity::of(&there) == *self)
    }

    /// Sets the permissions if it is still this file: through a link it would be another one. A program
    /// that replaces it at this moment may write to the folder, and could have the socket itself.
    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        if !self.is_at(path) {
            return Err(io::Error::other("the file was replaced by another program"));
        }
        fs::set_permissions(path, Permissions::from_mode(mode))
    }

    /// Removes the file if it is still this one: it may have been replaced.
    fn remove(&self, path: &Path) {
        if self.is_at(path)
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(?path, %error, "cannot remove the unix socket");
        }
    }
}

/// Keeps other listeners of this library out of the same folder, until it is dropped or the process
/// ends. Where the lock is not available, there is a moment in which two can replace each other.
///
/// It is a lock of the folder (flock(2)), so that no file is left behind.
async fn lock_folder(path: &Path) -> Option<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).ok()?;
    let locked = timeout(LOCK_TIME, async {
        loop {
            match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK | Errno::INTR) => sleep(LOCK_PAUSE).await,
                outcome => return outcome,
            }
        }
    });
    match locked.await {
        Ok(Ok(())) => return Some(folder),
        Ok(Err(error)) => tracing::debug!(?path, %error, "the folder cannot be locked"),
        Err(_) => tracing::warn!(?path, "another program keeps the folder locked; going on"),
    }
    None
}

/// Removes the file at `path` if it is a socket without a listener.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        let text = "the path exists and is not a socket";
        return Err(io::Error::new(ErrorKind::AlreadyExists, text));
    }
    match timeout(ANSWER_TIME, Stream::connect(path)).await {
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            tracing::info!(?path, "replacing a stale unix socket");
            Identity::of(&metadata).remove(path);
            Ok(())
        }
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(()),
        // The listener's queue is full.
        Ok(Err(error)) if error.kind() == ErrorKind::WouldBlock => Err(in_use()),
        Ok(Err(error)) => {
            let text = format!("there is a socket already, and it says: {error}");
            Err(io::Error::new(error.kind(), text))
        }
        Ok(Ok(_)) | Err(_) => Err(in_use()),
    }
}

fn in_use() -> io::Error {
    io::Error::new(ErrorKind::AddrInUse, "another program already listens there")
}
