//! WAMP over RawSocket natively (spec: "RawSocket Transport"): client, accepting side, and the
//! framing that both use.

mod client;
mod framing;
mod handshake;
mod server;

pub(super) use self::client::RawSocketClient;
pub(super) use self::{
    framing::transport,
    handshake::Agreement,
    server::{AnswerError, answer, refuse},
};
