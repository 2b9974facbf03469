//! `CloseReason`: why and by whom a session was ended.

use std::fmt;

use crate::uri::Uri;

/// Reason why a session ended, and who ended it. Every pending request, stream and handler ends with
/// the same reason.
#[doc(alias = "CloseDetails")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReason {
    /// Peer that ended the session, and the way in which it did.
    pub kind: CloseKind,
    /// URI of the reason; the one on the wire, if the peer sent one.
    pub reason: Uri,
    /// Text for people, if there is one.
    pub message: Option<String>,
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
        CloseReason { kind, reason: reason.into(), message }
    }
}

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

impl std::error::Error for CloseReason {}
