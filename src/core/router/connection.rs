//! `ConnectionId` and `Peer`: the name of a connection and the other end of it.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::core::ids::IdHasher;

/// Id of a connection; never used twice in one router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The connection of this number.
    pub(crate) fn new(id: u64) -> Self {
        ConnectionId(id)
    }

    /// Number of the connection in the order of their beginning, from 1 on.
    pub(super) fn number(self) -> u64 {
        self.0
    }
}

/// Map by connections, whose ids the router assigns.
pub(crate) type ByConnection<V> = HashMap<ConnectionId, V, BuildHasherDefault<IdHasher>>;

/// The other end of a connection, as far as its transport knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "whoever drives a router fills it in")]
pub struct Peer {
    /// Kind of transport: `"websocket"`, `"memory"`, …
    pub transport: String,
    /// The peer's address, for display.
    pub address: String,
    /// True if the connection is protected by TLS.
    pub secure: bool,
    /// Channel binding of the TLS connection (RFC 9266, `tls-exporter`).
    pub channel_id: Option<[u8; 32]>,
}
