//! `AcceptError`: the reason why a client was not accepted.

use std::io;

use super::text::debug_as_text;
use super::{Cause, RawSocketRefusal};

/// A client was not accepted. It was told the reason where that was possible.
///
/// `source()` is the cause: the I/O error of the system, the error of TLS, or that of a setting.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The WebSocket request was refused: not a WebSocket request, another path, no common serializer, an
    /// origin that is not allowed, too many connections.
    #[error("refused with HTTP status {status}: {message}")]
    Refused {
        /// HTTP status that was sent.
        status: u16,
        /// Text that was sent.
        message: String,
    },
    /// The RawSocket client was refused: no common serializer, too many connections, or reserved bits are
    /// set.
    #[error("refused with RawSocket error {}: {refusal}", refusal.code())]
    RawSocketRefused {
        /// Error that was sent.
        refusal: RawSocketRefusal,
    },
    /// Not a valid RawSocket handshake. RawSocket has no error code for this, so the connection was
    /// dropped.
    #[error("not a RawSocket client: {0}")]
    NotRawSocket(String),
    /// The connection ended during the handshake.
    #[error("connection lost during the handshake: {0}")]
    Lost(#[source] Cause),
    /// The TLS handshake failed; often the client does not trust the certificate.
    #[error("TLS failed: {0}")]
    Tls(#[source] Cause),
    /// The server's own settings cannot be used.
    #[error("{0}")]
    Settings(#[source] Cause),
    /// The handshake took too long.
    #[error("the handshake took too long")]
    Timeout,
}

impl AcceptError {
    /// Returns the kind of the I/O error that caused this error, if one did.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            AcceptError::Lost(cause) | AcceptError::Tls(cause) | AcceptError::Settings(cause) => {
                cause.io_kind()
            }
            _ => None,
        }
    }
}

debug_as_text! { AcceptError }
