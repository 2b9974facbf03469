//! `Proxy`: the proxy between a client and the router.

use std::fmt;

/// The password among the settings.
pub(crate) use crate::auth::Secret;
use crate::error::ConfigError;
use crate::settings::endpoint::{read_address, show_address};

/// A proxy that connects to the router in the client's place. It looks up the router's name. TLS
/// (`wss://`, `rss://`) is with the router, through the proxy. Not available in the browser.
///
/// ```
/// use wampwerk::transport::{Proxy, TransportConfig};
///
/// let proxy = Proxy::http("proxy.example.com", 3128).credentials("user", "password");
/// let config = TransportConfig::new("wss://example.com/ws").proxy(proxy);
/// # let _ = config;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub(crate) kind: ProxyKind,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<(String, Secret)>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    Http,
    Socks5,
}

impl Proxy {
    /// An HTTP proxy, which is asked by `CONNECT` (RFC 9110, section 9.3.6), itself without TLS.
    #[doc(alias = "HTTP CONNECT")]
    pub fn http(host: impl Into<String>, port: u16) -> Self {
        Proxy { kind: ProxyKind::Http, host: host.into(), port, credentials: None }
    }

    /// A SOCKS5 proxy (RFC 1928), such as Tor.
    pub fn socks5(host: impl Into<String>, port: u16) -> Self {
        Proxy { kind: ProxyKind::Socks5, host: host.into(), port, credentials: None }
    }

    /// The user name and password for the proxy. Both are sent in the clear: for HTTP by "basic"
    /// authentication (RFC 7617), for SOCKS5 by RFC 1929.
    ///
    /// Refused are control characters and, in the user name, a colon (HTTP), or less than 1 and more
    /// than 255 bytes (SOCKS5).
    #[must_use]
    pub fn credentials(mut self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.credentials = Some((username.into(), password.into()));
        self
    }

    /// Checks host and port; with the host in its normal form.
    pub(crate) fn checked(&self) -> Result<Self, ConfigError> {
        Ok(Proxy { host: read_address(&self.host, self.port)?, ..self.clone() })
    }
}

/// Prints kind, host and port.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ProxyKind::Http => "http://",
            ProxyKind::Socks5 => "socks5://",
        })?;
        show_address(f, &self.host, self.port)
    }
}
