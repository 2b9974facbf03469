//! Contains the framing of WebSocket (RFC 6455) and its compression (RFC 7692): bytes in, events out, without
//! I/O.

pub mod deflate;
pub mod handshake;

/// Side of a connection. It decides about masks (RFC 6455, section 5.1) and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Side that sent the request. It masks its frames.
    Client,
    /// Side that answered the request.
    Server,
}
