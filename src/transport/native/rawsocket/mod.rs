//! WAMP over RawSocket natively (spec: "RawSocket Transport"): client, accepting side, and the
//! framing that both use.

mod client;
mod framing;
mod handshake;
#[cfg(feature = "router")]
mod server;

pub(super) use self::client::RawSocketClient;
#[cfg(feature = "router")]
pub(super) use self::{
    framing::transport,
    handshake::Agreement,
    server::{AnswerError, answer, refuse},
};
