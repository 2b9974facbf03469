//! Endpoints of a client, and the route to them: everything before TLS and the opening handshake.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::Site;
use super::proxy::Proxy;
use super::tcp::{self, IpVersion, checked_host};
use crate::error::{Cause, ConfigError, ConnectError, UrlError};
use crate::rt::unix;
use crate::url::Host;

/// Default time limit up to a connection on which TLS or the opening handshake can begin.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that is added to the clock: thirty years.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Network endpoint of a server, if it is not the one in the URL. Autobahn's `endpoint`.
///
/// The URL still decides the `Host` header, the path, and the name for which the server's certificate
/// must be valid.
///
/// ```
/// use wampwerk::Serializer;
/// use wampwerk::transport::{Endpoint, WampWebSocketClientFactory};
///
/// # fn main() -> Result<(), wampwerk::ConnectError> {
/// let factory = WampWebSocketClientFactory::new("wss://example.com/ws", &[Serializer::Cbor])?
///     .endpoint(Endpoint::tcp("10.0.0.7", 8443)?)?;
/// # let _ = factory;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Tcp { host: String, port: u16 },
    Addresses(Vec<SocketAddr>),
    Unix(PathBuf),
}

impl Endpoint {
    /// TCP to a name or an address; an IPv6 address may be in brackets.
    ///
    /// # Errors
    /// [`ConnectError::InvalidConfig`] if the host is empty or not a valid host, or the port is 0.
    pub fn tcp(host: impl AsRef<str>, port: u16) -> Result<Self, ConfigError> {
        let host = checked_host("endpoint", host.as_ref(), port)?;
        Ok(Endpoint(Kind::Tcp { host, port }))
    }

    /// TCP to the first of these addresses that answers, without looking up a name. For the order of
    /// attempts see [`IpVersion`].
    ///
    /// # Errors
    /// [`ConnectError::InvalidConfig`] if the list is empty.
    pub fn addresses(addresses: impl IntoIterator<Item = SocketAddr>) -> Result<Self, ConfigError> {
        let addresses: Vec<_> = addresses.into_iter().collect();
        if addresses.is_empty() {
            return Err(no_address());
        }
        Ok(Endpoint(Kind::Addresses(addresses)))
    }

    /// The unix socket at this path. It takes neither TLS nor a proxy.
    ///
    /// # Errors
    /// If the path is empty, or longer than the system takes (107
    /// bytes on Linux), or if the system has no unix sockets.
    pub fn unix(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let path = path.into();
        unix::check(&path).map_err(|text| ConfigError::new("endpoint.path", text))?;
        Ok(Endpoint(Kind::Unix(path)))
    }

    /// The endpoint that a URL names.
    pub(crate) fn of(site: &Site<'_>) -> Result<Self, UrlError> {
        let Some(path) = site.unix else {
            return Ok(Endpoint(Kind::Tcp { host: site.host.to_owned(), port: site.port }));
        };
        unix::check(Path::new(path)).map_err(|text| UrlError::new(site.shown(), text))?;
        Ok(Endpoint(Kind::Unix(path.into())))
    }

    /// Returns whether it is a unix socket.
    pub fn is_unix(&self) -> bool {
        matches!(self.0, Kind::Unix(_))
    }
}

/// Shown as `host:port` or `unix:/path`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tcp { host, port } => write!(f, "{}:{port}", Host(host)),
            Kind::Addresses(addresses) => {
                for (index, address) in addresses.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{address}")?;
                }
                Ok(())
            }
            Kind::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Route to a server, with all of its settings.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) ip_version: IpVersion,
    /// Time limit of all steps together.
    pub(crate) timeout: Duration,
}

/// A connection to the server, or to a proxy that has connected to it.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(unix::Stream),
}

impl Route {
    /// The direct route to `endpoint`.
    pub(crate) fn to(endpoint: Endpoint) -> Self {
        let ip_version = IpVersion::default();
        Route { endpoint, proxy: None, ip_version, timeout: DEFAULT_CONNECT_TIMEOUT }
    }

    /// Checks that the settings do not contradict each other.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match (&self.proxy, &self.endpoint.0) {
            (Some(_), Kind::Unix(_)) => Err(no_proxy()),
            (Some(proxy), endpoint) => {
                if let Kind::Tcp { host, .. } = endpoint {
                    proxy.check_target(host)?;
                }
                self.check_version(proxy.host().parse().ok())
            }
            (None, Kind::Tcp { host, .. }) => self.check_version(host.parse().ok()),
            (None, Kind::Addresses(addresses)) => {
                let takes = |address: &SocketAddr| self.ip_version.takes(address.ip());
                let none = !addresses.iter().any(takes);
                self.check_version(addresses.first().filter(|_| none).map(SocketAddr::ip))
            }
            (None, Kind::Unix(_)) if self.ip_version != IpVersion::Any => {
                Err(ConfigError::new("endpoint.version", "a unix socket has no version of IP"))
            }
            (None, Kind::Unix(_)) => Ok(()),
        }
    }

    /// Refuses names that must not reach the DNS (RFC 7686), unless a SOCKS5 proxy such as Tor resolves
    /// them. Called when everything is set.
    pub(crate) fn check_onion(&self) -> Result<(), ConfigError> {
        let refused = |name: &str| {
            let text = "an .onion host needs Tor: set a proxy of type \"socks5\"";
            ConfigError::new("endpoint.host", format_args!("{name}: {text}"))
        };
        match (&self.proxy, &self.endpoint.0) {
            (Some(proxy), _) if is_onion(proxy.host()) => Err(refused(proxy.host())),
            (Some(proxy), _) if proxy.is_socks5() => Ok(()),
            (_, Kind::Tcp { host, .. }) if is_onion(host) => Err(refused(host)),
            _ => Ok(()),
        }
    }

    /// Checks the IP version of an address; that of a name is known only once it is looked up.
    fn check_version(&self, address: Option<IpAddr>) -> Result<(), ConfigError> {
        match address {
            Some(address) if !self.ip_version.takes(address) => {
                let text = format!("{address} is not an {} address", self.ip_version.name());
                Err(ConfigError::new("endpoint.version", text))
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn connect(&self) -> Result<Stream, ConnectError> {
        self.check_onion()?;
        let deadline = after(self.timeout);
        let version = self.ip_version;
        let name = self.endpoint.to_string();
        if let Some(proxy) = &self.proxy {
            return self.tunnel(proxy, deadline).await.map(Stream::Tcp);
        }
        match &self.endpoint.0 {
            Kind::Tcp { host, port } => {
                tcp::connect(host, *port, version, deadline).await.map(Stream::Tcp)
            }
            Kind::Addresses(addresses) => {
                let addresses = addresses.clone();
                tcp::connect_first(&name, addresses, version, deadline).await.map(Stream::Tcp)
            }
            Kind::Unix(path) => match timeout_at(deadline, unix::connect(path)).await {
                Ok(Ok(stream)) => Ok(Stream::Unix(stream)),
                Ok(Err(error)) => {
                    let message = error.to_string();
                    Err(ConnectError::Io { address: name, message, cause: Some(Cause::new(error)) })
                }
                Err(_) => Err(ConnectError::Timeout(format!("connecting to {name}"))),
            },
        }
    }

    /// Connects through the proxy, which looks up the name of the server. Several addresses are given to
    /// it one after the other.
    async fn tunnel(&self, proxy: &Proxy, deadline: Instant) -> Result<TcpStream, ConnectError> {
        let version = self.ip_version;
        match &self.endpoint.0 {
            Kind::Tcp { host, port } => proxy.connect(host, *port, version, deadline).await,
            Kind::Addresses(addresses) => {
                let mut result = Err(no_address().into());
                for address in addresses {
                    let host = address.ip().to_string();
                    result = proxy.connect(&host, address.port(), version, deadline).await;
                    if !matches!(result, Err(ConnectError::Proxy { status: Some(_), .. })) {
                        break;
                    }
                }
                result
            }
            Kind::Unix(_) => Err(no_proxy().into()),
        }
    }
}

fn is_onion(host: &str) -> bool {
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next();
    last.is_some_and(|last| last.eq_ignore_ascii_case("onion"))
}

/// Adds a duration to now; one that the clock cannot express means never.
fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + NEVER)
}

fn no_address() -> ConfigError {
    ConfigError::new("endpoint", "no address given")
}

fn no_proxy() -> ConfigError {
    ConfigError::new("proxy", "a unix socket cannot be reached through a proxy")
}
