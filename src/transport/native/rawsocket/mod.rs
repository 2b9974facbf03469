//! WAMP over RawSocket natively (spec: "RawSocket Transport"): client, accepting side, and the
//! framing that both use.

mod client;
pub(super) mod framing;
pub(super) mod handshake;
#[cfg(feature = "router")]
pub(super) mod server;

pub(super) use self::client::RawSocketClient;
