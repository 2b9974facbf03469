//! Proxies between a client and a server's TCP port.
//!
//! Connects to the proxy and reports its errors. The two protocols are in `http` and `socks5`; both
//! leave every byte behind the proxy's answer unread, as it belongs to the server.

mod http;
mod socks5;

use std::fmt;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::tcp::{self, IpVersion, checked_host};
use crate::error::{Cause, ConfigError, ConnectError};
use crate::url::Host;

/// A proxy that connects to the server on our behalf, and looks up its name. With a `wss://` URL, TLS
/// runs end to end with the server, through the proxy.
///
/// ```
/// use wampwerk::Serializer;
/// use wampwerk::transport::{Proxy, WampWebSocketClientFactory};
///
/// # fn main() -> Result<(), wampwerk::ConnectError> {
/// let proxy = Proxy::http("proxy.example.com", 3128)?.basic_auth("user", "password")?;
/// let factory = WampWebSocketClientFactory::new("wss://example.com/ws", &[Serializer::Cbor])?
///     .proxy(proxy)?;
/// # let _ = factory;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    login: Option<Login>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
struct Login {
    user: String,
    /// Wiped after use, and never shown.
    password: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Proxy {
    /// An HTTP proxy, used with `CONNECT` (RFC 9110, section 9.3.6); the proxy itself is reached without TLS.
    ///
    /// # Errors
    /// [`ConnectError::InvalidConfig`] if the host is empty or not a valid host, or the port is 0.
    pub fn http(host: impl AsRef<str>, port: u16) -> Result<Self, ConfigError> {
        Proxy::new(Kind::Http, host.as_ref(), port)
    }

    /// A SOCKS5 proxy (RFC 1928), for example Tor.
    ///
    /// # Errors
    /// [`ConnectError::InvalidConfig`] if the host is empty or not a valid host, or the port is 0.
    pub fn socks5(host: impl AsRef<str>, port: u16) -> Result<Self, ConfigError> {
        Proxy::new(Kind::Socks5, host.as_ref(), port)
    }

    fn new(kind: Kind, host: &str, port: u16) -> Result<Self, ConfigError> {
        let host = checked_host("proxy", host, port)?;
        Ok(Proxy { kind, host, port, login: None })
    }

    /// Sets user and password for the proxy. Both are sent unencrypted: over HTTP by "basic"
    /// authentication (RFC 7617), over SOCKS5 as user and password (RFC 1929).
    ///
    /// # Errors
    /// [`ConnectError::InvalidConfig`] for values that the proxy's protocol cannot carry. HTTP: a colon in
    /// the user, control characters. SOCKS5: an empty value, or more than 255 bytes.
    pub fn basic_auth(
        mut self,
        user: impl Into<String>,
        password: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        let password = Zeroizing::new(password.as_ref().to_vec());
        let login = Login { user: user.into(), password };
        match self.kind {
            Kind::Http => http::check_login(&login),
            Kind::Socks5 => socks5::check_login(&login),
        }
        .map_err(|error| error.within("proxy"))?;
        self.login = Some(login);
        Ok(self)
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn is_socks5(&self) -> bool {
        self.kind == Kind::Socks5
    }

    /// Checks that the protocol can carry the name of the server.
    pub(crate) fn check_target(&self, host: &str) -> Result<(), ConfigError> {
        if self.kind == Kind::Socks5 && host.len() > socks5::LONGEST {
            let text = "the name of the router is too long for a SOCKS5 proxy (255 bytes)";
            return Err(ConfigError::new("proxy", text));
        }
        Ok(())
    }

    /// Returns a connection through the proxy to the server, until `deadline`.
    pub(crate) async fn connect(
        &self,
        host: &str,
        port: u16,
        version: IpVersion,
        deadline: Instant,
    ) -> Result<TcpStream, ConnectError> {
        let mut stream =
            tcp::connect(&self.host, self.port, version, deadline).await.map_err(|error| {
                match error {
                    ConnectError::Io { message, cause, .. } => self.error(Refusal::Failed {
                        status: None,
                        message: format!("cannot reach it: {message}"),
                        cause,
                    }),
                    ConnectError::Timeout(step) => {
                        ConnectError::Timeout(format!("{step}, the proxy {self}"))
                    }
                    other => other,
                }
            })?;
        let login = self.login.as_ref();
        let ask = async {
            match self.kind {
                Kind::Http => http::connect(&mut stream, host, port, login).await,
                Kind::Socks5 => socks5::connect(&mut stream, host, port, login).await,
            }
        };
        match timeout_at(deadline, ask).await {
            Ok(Ok(())) => Ok(stream),
            Ok(Err(refusal)) => Err(self.error(refusal)),
            Err(_) => Err(ConnectError::Timeout(format!("the answer of the proxy {self}"))),
        }
    }

    fn error(&self, refusal: Refusal) -> ConnectError {
        let proxy = self.to_string();
        match refusal {
            Refusal::Failed { status, message, cause } => {
                ConnectError::Proxy { proxy, status, message, cause }
            }
            Refusal::Login { message, cause } => {
                ConnectError::ProxyAuthentication { proxy, message, cause }
            }
        }
    }
}

/// Shown as kind, host and port.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Socks5 => "socks5",
        };
        write!(f, "{scheme}://{}:{}", Host(&self.host), self.port)
    }
}

/// Reason why a proxy gives no connection.
enum Refusal {
    Failed {
        status: Option<u16>,
        message: String,
        cause: Option<Cause>,
    },
    /// The proxy requires a user name and password, or does not accept the given ones.
    Login {
        message: String,
        cause: Option<Cause>,
    },
}

impl Refusal {
    fn text(message: impl Into<String>) -> Self {
        Refusal::Failed { status: None, message: message.into(), cause: None }
    }

    fn login(message: impl Into<String>) -> Self {
        Refusal::Login { message: message.into(), cause: None }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        let message = match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
            _ => error.to_string(),
        };
        Refusal::Failed { status: None, message, cause: Some(Cause::new(error)) }
    }
}
