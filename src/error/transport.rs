//! Errors of an open transport and of queues that were not emptied in time.

use std::error::Error;
use std::io;

use super::cause::{Cause, io_kind};
use super::text::debug_as_text;

/// A transport ended, or could not take a frame.
///
/// `source()` of a lost connection is its cause: the I/O error of the system, or of TLS.
#[doc(alias("TransportLost", "Disconnected"))]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The connection broke. A transport of one's own makes the cause of an I/O error or of a text:
    /// `TransportError::Lost(error.into())`.
    #[error("connection lost: {0}")]
    Lost(#[source] Cause),
    /// The peer broke the rules of the transport (frame type, size, encoding).
    #[error("transport violation: {0}")]
    Violation(String),
    /// A frame is longer than the limit.
    #[error("frame of {size} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Size of the frame in bytes.
        size: usize,
        /// Limit in bytes.
        limit: usize,
    },
    /// The peer did not answer a ping, or stopped reading.
    #[error("timed out: {0}")]
    Timeout(&'static str),
}

impl TransportError {
    /// Returns the kind of the I/O error that caused this error, if one did.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.source().and_then(io_kind)
    }
}

/// Events, progressive results or arguments were dropped because their queue was full.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{missed} were missed, because they were not taken in time")]
#[non_exhaustive]
pub struct Lagged {
    /// Number of dropped items.
    pub missed: u64,
}

debug_as_text! { TransportError Lagged }
