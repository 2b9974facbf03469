//! `Endpoint` and `IpVersion`: the place that a client connects to.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::error::ConfigError;
use crate::url::{Host, read_host};

/// The destination of a connection, if it differs from the URL. Equivalent of Autobahn's
/// `endpoint`.
///
/// The URL still determines the request: the `Host` header, the path, and the name in the
/// certificate. Not available in the browser.
///
/// ```
/// use wampwerk::transport::{Endpoint, TransportConfig};
///
/// let config = TransportConfig::new("wss://example.com/ws").endpoint(Endpoint::tcp("10.0.0.7", 8443));
/// # let _ = config;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Creates a TCP endpoint.
    Tcp {
        /// A name or an address; an IPv6 address may be in brackets.
        host: String,
        /// Port, 1 to 65535.
        port: u16,
    },
    /// The first of these addresses that answers; no name is looked up. See [`IpVersion`] for the
    /// order.
    Addresses(Vec<SocketAddr>),
    /// A Unix domain socket. It takes neither TLS nor a proxy.
    Unix {
        /// Its path in the file system, at most as long as the system takes (107 bytes on Linux).
        path: PathBuf,
    },
}

impl Endpoint {
    /// A TCP port; see [`Endpoint::Tcp`].
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Endpoint::Tcp { host: host.into(), port }
    }

    /// TCP addresses; see [`Endpoint::Addresses`].
    pub fn addresses(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Endpoint::Addresses(addresses.into_iter().collect())
    }

    /// A Unix domain socket; see [`Endpoint::Unix`].
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Endpoint::Unix { path: path.into() }
    }

    /// Returns whether it is a Unix domain socket.
    pub fn is_unix(&self) -> bool {
        matches!(self, Endpoint::Unix { .. })
    }

    /// Checks all that can be known without the system; with the host in its normal form.
    pub(crate) fn checked(&self) -> Result<Self, ConfigError> {
        match self {
            Endpoint::Tcp { host, port } => Ok(Endpoint::tcp(read_address(host, *port)?, *port)),
            Endpoint::Addresses(addresses) if addresses.is_empty() => {
                Err(ConfigError::new("", "at least one address is needed"))
            }
            Endpoint::Addresses(_) => Ok(self.clone()),
            Endpoint::Unix { path } if path.as_os_str().is_empty() => {
                Err(ConfigError::new("path", "the path of the unix socket is empty"))
            }
            Endpoint::Unix { path } if path.to_string_lossy().contains('\0') => {
                Err(ConfigError::new("path", "the path of a unix socket cannot contain NUL"))
            }
            Endpoint::Unix { .. } => Ok(self.clone()),
        }
    }
}

/// `host:port`, the addresses, or `unix:/path`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp { host, port } => show_address(f, host, *port),
            Endpoint::Addresses(addresses) => {
                for (index, address) in addresses.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{address}")?;
                }
                Ok(())
            }
            Endpoint::Unix { path } => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The addresses of a name that are tried.
#[doc(alias = "version")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IpVersion {
    /// IPv4 and IPv6 in turn, beginning with what the system prefers. An address that fails, or does
    /// not answer for 250 ms, is followed by the next at once; the first that answers is taken.
    #[default]
    Any,
    /// IPv4 addresses only.
    V4,
    /// IPv6 addresses only.
    V6,
}

/// Checks a host and a port to connect to, and returns the host in its normal form.
pub(super) fn read_address(host: &str, port: u16) -> Result<String, ConfigError> {
    let host = read_host(host).map_err(|text| ConfigError::new("host", text))?;
    if port == 0 {
        return Err(ConfigError::new("port", "0 is out of range (1 to 65535)"));
    }
    Ok(host)
}

/// `host:port`, with an IPv6 address in brackets.
pub(super) fn show_address(f: &mut fmt::Formatter<'_>, host: &str, port: u16) -> fmt::Result {
    match read_host(host) {
        Ok(host) => write!(f, "{}:{port}", Host(&host)),
        Err(_) => write!(f, "{host}:{port}"),
    }
}
