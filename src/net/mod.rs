//! Native byte streams: dialing, listening, TLS, limits and liveness. This room knows no WAMP.

pub(crate) mod dial;
pub(crate) mod framed;
pub(crate) mod limits;
pub(crate) mod linger;
pub(crate) mod listen;
pub(crate) mod liveness;
pub(crate) mod lookup;
pub(crate) mod protection;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
pub(crate) mod tls;
pub(crate) mod write;

/// Returns whether the error means that the peer has closed the connection.
pub(crate) fn is_end(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// Returns the error of a stream that the client has ended.
pub(crate) fn client_left() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the client left")
}
