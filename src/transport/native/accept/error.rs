//! `AcceptError`: why a client could not be accepted.

use crate::error::RawSocketRefusal;

/// A client could not be accepted. It has been told why where that was possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The WebSocket request cannot be served: no WebSocket, another path, no common serializer, an
    /// origin that is not let in, no room for one more connection.
    #[error("refused with HTTP status {status}: {message}")]
    Refused {
        /// The HTTP status that was sent.
        status: u16,
        /// The text that was sent.
        message: String,
    },
    /// The RawSocket client cannot be served: no common serializer, no room for one more connection, or
    /// it sets bits that are reserved.
    #[error("refused with RawSocket error {}: {refusal}", refusal.code())]
    RawSocketRefused {
        /// The error that was sent.
        refusal: RawSocketRefusal,
    },
    /// The client does not speak RawSocket, or wrongly: for that there is no word in it, so the client
    /// was dropped.
    #[error("not a RawSocket client: {0}")]
    NotRawSocket(String),
    /// The connection ended during the handshake.
    #[error("connection lost during the handshake: {0}")]
    Lost(String),
    /// The TLS handshake failed; often the client does not trust the certificate.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server's own settings cannot be used; only the factories of `server` look at them so
    /// late.
    #[error("{0}")]
    Settings(String),
    /// The handshake took too long.
    #[error("the handshake took too long")]
    Timeout,
}
