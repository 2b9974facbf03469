//! `Closed`: how a connection ended, and the errors that it leads to.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::error::{Cause, debug_as_text};

/// Default of the longest time that closing takes, including sending what is left and the peer's
/// answer.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// End of a WebSocket connection. Autobahn's arguments of `onClose`.
#[doc(alias("onClose", "wasClean", "wasNotCleanReason"))]
#[doc(alias("remoteCloseCode", "remoteCloseReason", "localCloseCode", "localCloseReason"))]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// True if both sides have sent a Close frame (RFC 6455, section 7.1.4).
    pub was_clean: bool,
    /// Code of the peer's Close frame, `None` if it had none; 1006 if the end was not clean.
    pub code: Option<u16>,
    /// Reason of the peer's Close frame, or a text about what happened.
    pub reason: String,
    /// Code that this side has sent, if it has sent one.
    pub sent: Option<u16>,
    /// Error that ended the connection, if it was one.
    pub cause: Option<Cause>,
}

/// A WebSocket could not send or receive.
///
/// `source()` is the error that ended the connection, if it was one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The connection has ended, or is being closed by this side.
    Closed(Closed),
    /// The peer broke a rule, exceeded a limit or went away, and the connection has ended.
    Failed(Closed),
    /// The message is longer than the limit. The connection stays.
    #[doc(alias = "PayloadExceededError")]
    TooLarge {
        /// Size of the message in bytes.
        size: usize,
        /// Limit in bytes.
        limit: usize,
    },
    /// The queue is full: the peer does not take what was sent before, or a message is being written in
    /// parts.
    Full,
    /// The argument is not valid.
    Invalid(String),
}

impl Closed {
    /// The connection ended without the closing handshake.
    pub(super) fn lost(reason: impl Into<String>, sent: Option<u16>, cause: Option<Cause>) -> Self {
        Closed { was_clean: false, code: Some(1006), reason: reason.into(), sent, cause }
    }
}

impl WebSocketError {
    /// Returns the code of the Close frame that this side has sent, if the connection has ended.
    pub fn close_code(&self) -> Option<u16> {
        match self {
            WebSocketError::Closed(closed) | WebSocketError::Failed(closed) => closed.sent,
            _ => None,
        }
    }

    /// Returns how the connection ended, if it has.
    pub fn closed(&self) -> Option<&Closed> {
        match self {
            WebSocketError::Closed(closed) | WebSocketError::Failed(closed) => Some(closed),
            _ => None,
        }
    }

    /// Returns the kind of the I/O error that ended the connection, if one did.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.cause()?.io_kind()
    }

    fn cause(&self) -> Option<&Cause> {
        self.closed()?.cause.as_ref()
    }
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WebSocketError::Closed(closed) => write!(f, "the connection is closed: {closed}"),
            WebSocketError::Failed(closed) => write!(f, "the connection failed: {}", closed.reason),
            WebSocketError::TooLarge { size, limit } => {
                write!(f, "a message of {size} bytes is longer than the limit of {limit}")
            }
            WebSocketError::Full => f.write_str("too much waits to be sent"),
            WebSocketError::Invalid(text) => f.write_str(text),
        }
    }
}

impl Error for WebSocketError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause().map(|cause| &**cause as _)
    }
}

debug_as_text! { WebSocketError }

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "code {code}")?,
            None => f.write_str("no code")?,
        }
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}
