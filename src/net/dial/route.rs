//! Endpoints of a client, and the route to them: everything before TLS and the opening handshake.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::tcp::{takes, version_name};
use super::{Target, tcp};
use crate::error::{Cause, ConfigError, ConnectError};
use crate::rt::unix;
use crate::settings::{Endpoint, IpVersion, Proxy, Tls};
use crate::url::NO_TLS;

/// Default time limit up to a connection on which TLS or the opening handshake can begin.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const NO_PROXY: &str = "a unix socket cannot be reached through a proxy";

/// Longest time that is added to the clock: thirty years.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Settings of the route to a server.
#[derive(Clone, Copy, Default)]
pub(crate) struct RouteSettings<'a> {
    pub(crate) endpoint: Option<&'a Endpoint>,
    pub(crate) proxy: Option<&'a Proxy>,
    pub(crate) ip_version: IpVersion,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) handshake_timeout: Option<Duration>,
    pub(crate) tls: Option<&'a Tls>,
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
    /// Checks all that is known before connecting. Errors have the path of the setting.
    pub(crate) fn new(
        target: &Target<'_>,
        settings: &RouteSettings<'_>,
    ) -> Result<Self, ConfigError> {
        let (endpoint, key) = match settings.endpoint {
            Some(endpoint) => {
                let checked = endpoint.checked().map_err(|error| error.within("endpoint"))?;
                if target.secure && checked.is_unix() {
                    return Err(ConfigError::new("endpoint", NO_TLS));
                }
                (checked, "endpoint.host")
            }
            None => (target.endpoint(), "url"),
        };
        if let Endpoint::Unix { path } = &endpoint {
            // That of a URL has been checked.
            unix::check(path).map_err(|text| ConfigError::new("endpoint.path", text))?;
        }
        let proxy = settings.proxy.map(|proxy| {
            let proxy = proxy.checked()?;
            proxy.check_credentials()?;
            match &endpoint {
                Endpoint::Unix { .. } => Err(ConfigError::new("", NO_PROXY)),
                Endpoint::Tcp { host, .. } => proxy.check_target(host).map(|()| proxy),
                Endpoint::Addresses(_) => Ok(proxy),
            }
        });
        let proxy = proxy.transpose().map_err(|error| error.within("proxy"))?;
        let timeout = settings.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT);
        let route = Route { endpoint, proxy, ip_version: settings.ip_version, timeout };
        route.check_version()?;
        route.check_onion(key)?;
        Ok(route)
    }

    /// Refuses addresses of the other version of IP. Of a name it is only known once it is looked up.
    fn check_version(&self) -> Result<(), ConfigError> {
        let address: Option<IpAddr> = match (&self.proxy, &self.endpoint) {
            (Some(proxy), _) => proxy.host.parse().ok(),
            (None, Endpoint::Tcp { host, .. }) => host.parse().ok(),
            (None, Endpoint::Addresses(addresses)) => {
                let takes = |address: &SocketAddr| takes(self.ip_version, address.ip());
                let none = !addresses.iter().any(takes);
                addresses.first().filter(|_| none).map(SocketAddr::ip)
            }
            (None, Endpoint::Unix { .. }) if self.ip_version != IpVersion::Any => {
                let text = "a unix socket has no version of IP";
                return Err(ConfigError::new("endpoint.version", text));
            }
            (None, Endpoint::Unix { .. }) => None,
        };
        match address {
            Some(address) if !takes(self.ip_version, address) => {
                let text = format!("{address} is not an {} address", version_name(self.ip_version));
                Err(ConfigError::new("endpoint.version", text))
            }
            _ => Ok(()),
        }
    }

    /// Refuses names that must not reach the DNS (RFC 7686). A SOCKS5 proxy takes them, as Tor does.
    /// `key` is where the server's host was given.
    fn check_onion(&self, key: &str) -> Result<(), ConfigError> {
        let refused = |key: &str, name: &str| {
            let text = "an .onion host needs Tor: set a proxy of type \"socks5\"";
            Err(ConfigError::new(key, format_args!("{name}: {text}")))
        };
        match (&self.proxy, &self.endpoint) {
            (Some(proxy), _) if is_onion(&proxy.host) => refused("proxy.host", &proxy.host),
            (Some(proxy), _) if proxy.is_socks5() => Ok(()),
            (_, Endpoint::Tcp { host, .. }) if is_onion(host) => refused(key, host),
            _ => Ok(()),
        }
    }

    pub(crate) async fn connect(&self) -> Result<Stream, ConnectError> {
        let deadline = after(self.timeout);
        let version = self.ip_version;
        let name = self.endpoint.to_string();
        if let Some(proxy) = &self.proxy {
            return self.tunnel(proxy, deadline).await.map(Stream::Tcp);
        }
        match &self.endpoint {
            Endpoint::Tcp { host, port } => {
                tcp::connect(host, *port, version, deadline).await.map(Stream::Tcp)
            }
            Endpoint::Addresses(addresses) => {
                let addresses = addresses.clone();
                tcp::connect_first(&name, addresses, version, deadline).await.map(Stream::Tcp)
            }
            Endpoint::Unix { path } => match timeout_at(deadline, unix::connect(path)).await {
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
        match &self.endpoint {
            Endpoint::Tcp { host, port } => proxy.connect(host, *port, version, deadline).await,
            Endpoint::Addresses(addresses) => {
                let mut result = Err(no_address());
                for address in addresses {
                    let host = address.ip().to_string();
                    result = proxy.connect(&host, address.port(), version, deadline).await;
                    if !matches!(result, Err(ConnectError::Proxy { status: Some(_), .. })) {
                        break;
                    }
                }
                result
            }
            Endpoint::Unix { .. } => Err(ConfigError::new("proxy", NO_PROXY).into()),
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

fn no_address() -> ConnectError {
    ConfigError::new("endpoint", "at least one address is needed").into()
}
