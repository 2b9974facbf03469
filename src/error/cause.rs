//! Causes of errors, as `source()` gives them.

use std::error::Error;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use super::text::chain;

/// Cause of an error, shared by the clones of the error.
///
/// It holds what a lower layer reported: a [`std::io::Error`], an [`HttpRefusal`], the error of a TLS
/// library, or the error of a function of the program.
/// `source()` of the outer error gives that error itself, to be downcast. Two causes are equal if
/// their texts are.
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

/// An HTTP server or proxy answered with a status that means refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRefusal {
    /// Status code of the answer.
    pub status: u16,
    /// Reason phrase of the status, and the beginning of the body, if there is one. It may be empty.
    pub message: String,
}

/// A SOCKS5 proxy refused to connect (RFC 1928, section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocksRefusal {
    /// Code of the reply, 1 to 255.
    pub reply: u8,
}

/// A WebSocket was closed with a code that is not one of an orderly end.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct ClosedWith {
    code: u16,
    text: String,
}

impl Cause {
    /// Makes a cause of any error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Cause(error.into().into())
    }

    /// Makes the cause of a WebSocket's end. `by` says who closed it.
    pub(crate) fn of_close(by: &str, code: u16, reason: &str) -> Self {
        let colon = if reason.is_empty() { "" } else { ": " };
        Cause::new(ClosedWith { code, text: format!("closed{by} with code {code}{colon}{reason}") })
    }

    /// Returns the kind of the first I/O error: of this cause, or of what caused it.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        io_kind(&*self.0)
    }
}

impl HttpRefusal {
    /// Makes the refusal of a status.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        HttpRefusal { status, message: message.into() }
    }
}

impl SocksRefusal {
    /// Makes the refusal of a reply code.
    pub fn new(reply: u8) -> Self {
        SocksRefusal { reply }
    }
}

/// Returns the code with which a WebSocket was closed, if that is among the causes of `error`.
pub(super) fn websocket_code(error: &(dyn Error + 'static)) -> Option<u16> {
    chain(error).find_map(|error| error.downcast_ref::<ClosedWith>()).map(|closed| closed.code)
}

/// Returns the kind of the first I/O error among the causes of `error`.
pub(super) fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    chain(error).find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind)
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Cause::new(error)
    }
}

/// Makes a cause of a text alone.
impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        Cause::new(text)
    }
}

/// Makes a cause of a text alone.
impl From<String> for Cause {
    fn from(text: String) -> Self {
        Cause::new(text)
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Cause {}

impl Deref for Cause {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for HttpRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        match self.message.as_str() {
            "" => Ok(()),
            message => write!(f, " {message}"),
        }
    }
}

impl Error for HttpRefusal {}

impl fmt::Display for SocksRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.reply {
            1 => "it failed",
            2 => "its rules do not allow the connection",
            3 => "the network is unreachable from the proxy",
            4 => "the host of the server is unreachable from the proxy",
            5 => "the server refused the connection",
            6 => "the server's host is too far away for it (TTL expired)",
            7 => "it does not know the command CONNECT",
            8 => "it does not know this type of address",
            _ => "it refused",
        };
        write!(f, "{meaning} (SOCKS5 reply {})", self.reply)
    }
}

impl Error for SocksRefusal {}
