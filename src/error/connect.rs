//! `ConnectError`: why there is no session.

use std::error::Error;
use std::io;
use std::sync::Arc;

use super::cause::{Cause, io_kind};
use super::close::CloseReason;
use super::config::ConfigError;
use super::raw_socket::RawSocketRefusal;
use super::text::debug_as_text;
use super::url::UrlError;

/// Connecting or joining failed.
///
/// `source()` is the cause: the I/O error of the system, the error of TLS, the refusal of an HTTP server
/// or of a proxy. The variants `InvalidUrl` and `InvalidConfig` contain the error of the URL or the setting
/// and have its text; `source()` is what caused that error.
///
/// ```
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::error::Error;
/// use std::io;
///
/// let error = wampwerk::connect("ws://127.0.0.1:9/ws", "realm1").await.unwrap_err();
/// assert_eq!(error.io_kind(), Some(io::ErrorKind::ConnectionRefused));
/// assert!(error.source().unwrap().is::<io::Error>());
/// # }
/// ```
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not valid, or not one that this client can connect to.
    #[error(transparent)]
    InvalidUrl(UrlError),
    /// A setting is not valid.
    #[error(transparent)]
    InvalidConfig(ConfigError),
    /// The name could not be looked up, no address answered, or the connection broke during a
    /// handshake.
    #[error("cannot reach {address}: {message}")]
    Io {
        /// Host and port, or the path of a unix socket.
        address: String,
        /// Message of the system; one for each address, if the name has several.
        message: String,
        /// I/O error of the system; the last one, if several addresses failed. The browser gives
        /// none.
        #[source]
        cause: Option<Cause>,
    },
    /// The proxy cannot be reached, refuses to connect to the router, or does not follow its
    /// protocol.
    #[error("the proxy {proxy} failed: {message}")]
    Proxy {
        /// Kind, host and port of the proxy.
        proxy: String,
        /// Status of the refusal: the HTTP status, or the code of the SOCKS5 reply.
        status: Option<u16>,
        /// Description of the error.
        message: String,
        /// I/O error of the system, or the refusal of the proxy: [`HttpRefusal`](super::HttpRefusal)
        /// of an HTTP proxy.
        #[source]
        cause: Option<Cause>,
    },
    /// The proxy requires a user name and password, or does not accept the given ones.
    #[error("the proxy {proxy} denied access: {message}")]
    ProxyAuthentication {
        /// Kind, host and port of the proxy.
        proxy: String,
        /// Answer of the proxy.
        message: String,
        /// [`HttpRefusal`](super::HttpRefusal) of an HTTP proxy.
        #[source]
        cause: Option<Cause>,
    },
    /// The TLS handshake failed, or the certificate was refused.
    #[error("TLS with {host} failed: {message}")]
    Tls {
        /// Name that the certificate must be valid for.
        host: String,
        /// Message of TLS.
        message: String,
        /// Error of the TLS library, or of the connection below.
        #[source]
        cause: Option<Cause>,
    },
    /// The server refused the WebSocket handshake, broke the protocol of the WebSocket or RawSocket
    /// handshake, or closed the connection during it.
    #[error("opening handshake failed: {address}: {message}")]
    Handshake {
        /// Host and port, or the path of a unix socket.
        address: String,
        /// Description of the server's answer.
        message: String,
        /// [`HttpRefusal`](super::HttpRefusal) of the server, or the I/O error of the system.
        #[source]
        cause: Option<Cause>,
    },
    /// The server refused the RawSocket handshake with an error code.
    #[error("{address} refuses the RawSocket handshake with {serializer}: {refusal}")]
    RawSocketRefused {
        /// Host and port, or the path of a unix socket.
        address: String,
        /// Serializer that was asked for.
        serializer: &'static str,
        /// Reason of the server.
        #[source]
        refusal: RawSocketRefusal,
    },
    /// The server chose no subprotocol, or one that was not offered.
    #[error("no common subprotocol: the server chose {chosen:?} of {offered:?}")]
    Subprotocol {
        /// Subprotocols that were offered.
        offered: Vec<String>,
        /// Answer of the server.
        chosen: Option<String>,
    },
    /// A step took longer than its limit: which step, and with which peer.
    #[error("timed out: {0}")]
    Timeout(String),
    /// The session could not be joined: ABORT by the router, or the end of the transport.
    #[error("cannot join: {0}")]
    Join(#[source] Arc<CloseReason>),
}

impl ConnectError {
    /// Returns the kind of the I/O error that caused this error, if one did.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.source().and_then(io_kind)
    }
}

debug_as_text! { ConnectError }

impl From<UrlError> for ConnectError {
    fn from(error: UrlError) -> Self {
        ConnectError::InvalidUrl(error)
    }
}

impl From<ConfigError> for ConnectError {
    fn from(error: ConfigError) -> Self {
        ConnectError::InvalidConfig(error)
    }
}
