//! Proxies between a client and a server's TCP port.
//!
//! Connects to the proxy and reports its errors. The two protocols are in `http` and `socks5`; both
//! leave every byte behind the proxy's answer unread, as it belongs to the server.

mod http;
mod socks5;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::tcp;
use crate::error::{Cause, ConfigError, ConnectError};
use crate::settings::proxy::ProxyKind;
use crate::settings::{IpVersion, Proxy};

impl Proxy {
    pub(super) fn is_socks5(&self) -> bool {
        self.kind == ProxyKind::Socks5
    }

    /// Checks that the protocol can carry the user name and the password.
    pub(super) fn check_credentials(&self) -> Result<(), ConfigError> {
        match (&self.credentials, self.kind) {
            (Some(login), ProxyKind::Http) => http::check_login(login),
            (Some(login), ProxyKind::Socks5) => socks5::check_login(login),
            (None, _) => Ok(()),
        }
    }

    /// Checks that the protocol can carry the name of the server.
    pub(super) fn check_target(&self, host: &str) -> Result<(), ConfigError> {
        if self.is_socks5() && host.len() > socks5::LONGEST {
            let text = "the name of the server is too long for a SOCKS5 proxy (255 bytes)";
            return Err(ConfigError::new("", text));
        }
        Ok(())
    }

    /// Returns a connection through the proxy to the server, until `deadline`.
    pub(super) async fn connect(
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
        match timeout_at(deadline, open_tunnel(self, &mut stream, host, port)).await {
            Ok(opened) => opened.map(|()| stream),
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

/// Asks the proxy at the other end of a stream for a connection to a server.
///
/// # Errors
/// If the proxy refuses, or its answer is not valid.
pub async fn open_tunnel(
    proxy: &Proxy,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
) -> Result<(), ConnectError> {
    let login = proxy.credentials.as_ref();
    let opened = match proxy.kind {
        ProxyKind::Http => http::connect(stream, host, port, login).await,
        ProxyKind::Socks5 => socks5::connect(stream, host, port, login).await,
    };
    opened.map_err(|refusal| proxy.error(refusal))
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
