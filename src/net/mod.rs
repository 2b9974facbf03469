//! Native byte streams: dialing, listening, TLS, limits and liveness. This room knows no WAMP.

pub(crate) mod dial;
pub(crate) mod limits;
#[cfg(feature = "router")]
pub(crate) mod linger;
#[cfg(feature = "router")]
pub(crate) mod listen;
pub(crate) mod liveness;
pub(crate) mod lookup;
pub(crate) mod protection;
#[cfg(feature = "tls")]
pub(crate) mod tls;

#[cfg(not(feature = "tls"))]
pub(crate) mod no_tls;
#[cfg(not(feature = "tls"))]
pub(crate) use no_tls as tls;

/// Returns whether the error means that the peer has closed the connection.
pub(crate) fn is_end(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}
