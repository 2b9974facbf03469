//! Listening on TCP ports and unix sockets, and the loop that accepts.

pub(crate) mod accept_loop;
pub(crate) mod listener;
pub(crate) mod socket;

use tokio::sync::Semaphore;

/// Room for this number of connections.
pub(crate) fn room_for(max_connections: usize) -> Semaphore {
    Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS))
}
