//! `CloseReason`: why and by whom a session was ended.

use std::fmt;
use std::io;

use super::cause::{Cause, websocket_code};
use crate::uri::Uri;

/// Reason why a session ended, and who ended it. Every pending request, stream and handler ends with
/// the same reason.
///
/// `source()` of a lost transport is its [`TransportError`](super::TransportError), and that of the
/// latter the I/O error of the system, if there is one.
#[doc(alias = "CloseDetails")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloseReason {
    /// Peer that ended the session, and the way in which it did.
    pub kind: CloseKind,
    /// URI of the reason; the one on the wire, if the peer sent one.
    pub reason: Uri,
    /// Text for people, if there is one.
    pub message: Option<String>,
    cause: Option<Cause>,
}

/// Way in which a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseKind {
    /// The client said GOODBYE and the router answered; or the client left before it sent anything,
    /// because the transport could not carry its HELLO.
    Left,
    /// The router said GOODBYE.
    Goodbye,
    /// The router sent ABORT.
    Aborted,
    /// The router broke the protocol or asked for something impossible; the client sent ABORT.
    Violation,
    /// The transport was closed or broke without a GOODBYE or ABORT.
    TransportLost,
    /// The router did not answer in time.
    TimedOut,
}

impl CloseReason {
    /// Makes a reason of the given kind.
    pub fn new(kind: CloseKind, reason: impl Into<Uri>, message: Option<String>) -> Self {
        CloseReason { kind, reason: reason.into(), message, cause: None }
    }

    /// Adds the cause, which `source()` then returns.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Returns the kind of the I/O error that ended the session, if one did.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.cause.as_ref().and_then(Cause::io_kind)
    }

    /// Returns the code with which the WebSocket was closed, if that ended the session: the one that the peer sent,
    /// or 1006 in the browser if there was none. `None` after an orderly end (1000 or 1001 without a reason).
    #[doc(alias("code", "wasClean"))]
    pub fn websocket_code(&self) -> Option<u16> {
        self.cause.as_deref().and_then(|cause| websocket_code(cause))
    }
}

/// The cause does not count.
impl PartialEq for CloseReason {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.reason, &self.message) == (other.kind, &other.reason, &other.message)
    }
}

impl Eq for CloseReason {}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.kind {
            CloseKind::Left => "left",
            CloseKind::Goodbye => "the router said goodbye",
            CloseKind::Aborted => "the router aborted",
            CloseKind::Violation => "the client aborted",
            CloseKind::TransportLost => "the transport was lost",
            CloseKind::TimedOut => "the router did not answer in time",
        };
        write!(f, "{who} ({})", self.reason)?;
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CloseReason {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}
