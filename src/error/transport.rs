//! Errors of an open transport and of queues that were not emptied in time.

use super::text::debug_as_text;

/// A transport ended, or could not take a frame.
#[doc(alias("TransportLost", "Disconnected"))]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The connection broke.
    #[error("connection lost: {0}")]
    Lost(String),
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

/// Events, progressive results or arguments were dropped because their queue was full.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{missed} were missed, because they were not taken in time")]
#[non_exhaustive]
pub struct Lagged {
    /// Number of dropped items.
    pub missed: u64,
}

debug_as_text! { TransportError Lagged }
