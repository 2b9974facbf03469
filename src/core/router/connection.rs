//! `ConnectionId` and `Peer`: what names a connection, and what is known of its other end.

/// A connection; never used twice in one router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(u64);

impl ConnectionId {
    pub(super) fn new(id: u64) -> Self {
        ConnectionId(id)
    }
}

/// The other end of a connection, as far as its transport knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "whoever drives a router fills it in")]
pub struct Peer {
    /// What kind of transport it is: `"websocket"`, `"memory"`, …
    pub transport: String,
    /// The peer's address, for people.
    pub address: String,
    /// Whether TLS protects it.
    pub secure: bool,
    /// What names the TLS connection for its two ends alone: RFC 9266, `tls-exporter`.
    pub channel_id: Option<[u8; 32]>,
}
