//! Contains `ListenError`, the error of listening.

use std::error::Error;
use std::io;

use super::cause::{Cause, io_kind};
use super::config::ConfigError;
use super::text::debug_as_text;
use super::url::UrlError;

/// Listening failed. `source()` is the cause, as for [`ConnectError`](super::ConnectError).
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The URL is not valid, or not one that can be listened on with these settings.
    #[error(transparent)]
    InvalidUrl(UrlError),
    /// A setting is not valid.
    #[error(transparent)]
    InvalidConfig(ConfigError),
    /// The address is not available.
    #[error("cannot listen on {address}: {message}")]
    Io {
        /// Host and port, or the path of a unix socket.
        address: String,
        /// Message of the system, or what is wrong with the path.
        message: String,
        /// I/O error of the system.
        #[source]
        cause: Option<Cause>,
    },
    /// The server was shut down before.
    #[error("the server was shut down")]
    Closed,
}

impl ListenError {
    /// Returns the kind of the I/O error that caused this error, if one did.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.source().and_then(io_kind)
    }
}

debug_as_text! { ListenError }

impl From<UrlError> for ListenError {
    fn from(error: UrlError) -> Self {
        ListenError::InvalidUrl(error)
    }
}

impl From<ConfigError> for ListenError {
    fn from(error: ConfigError) -> Self {
        ListenError::InvalidConfig(error)
    }
}
