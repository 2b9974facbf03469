//! Dialing: the steps that all native clients share, up to where a protocol's own handshake begins.
//!
//! Connects by the route to the server, does the TLS handshake, and limits the time of both
//! handshakes.

mod proxy;
mod route;
mod tcp;

use std::fmt::Display;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use self::proxy::Proxy;
pub use self::route::Endpoint;
use self::route::{Route, Stream};
pub use self::tcp::IpVersion;
use crate::error::{Cause, ConfigError, ConnectError};
use crate::net::limits::DEFAULT_HANDSHAKE_TIMEOUT;
use crate::net::protection::Protection;
#[cfg(feature = "tls")]
use crate::net::tls::{TlsConfig, cause, tls_error};
use crate::rt::keepalive;
use crate::url::{NO_TLS, RawSocketUrl, WebSocketUrl, shown};

/// A protocol's own handshake on an established connection.
pub(crate) trait Handshake: Sync {
    /// Result of the handshake.
    type Output: Send;

    /// Name of the handshake in the error that it took too long.
    const STEP: &'static str;

    /// Added to that error: another protocol that may be spoken there.
    fn silence(&self) -> &'static str {
        ""
    }

    fn shake_hands<S>(
        &self,
        stream: S,
        protection: Protection,
    ) -> impl Future<Output = Result<Self::Output, ConnectError>> + Send
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static;
}

/// Target of a URL, independent of its scheme.
pub(crate) struct Site<'a> {
    pub(crate) secure: bool,
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) unix: Option<&'a str>,
    url: &'a (dyn Display + Sync),
}

impl Site<'_> {
    /// The URL as errors show it.
    pub(crate) fn shown(&self) -> String {
        shown(&self.url.to_string())
    }
}

impl<'a> From<&'a WebSocketUrl> for Site<'a> {
    fn from(url: &'a WebSocketUrl) -> Self {
        let WebSocketUrl { secure, host, port, unix, .. } = url;
        Site { secure: *secure, host, port: *port, unix: unix.as_deref(), url }
    }
}

impl<'a> From<&'a RawSocketUrl> for Site<'a> {
    fn from(url: &'a RawSocketUrl) -> Self {
        let RawSocketUrl { secure, host, port, unix } = url;
        Site { secure: *secure, host, port: *port, unix: unix.as_deref(), url }
    }
}

/// Settings for reaching one server.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    secure: bool,
    /// Host of the URL, for which the server's certificate must be valid.
    #[cfg(feature = "tls")]
    host: String,
    /// Turns on TCP keepalive, so that the system detects a dead connection.
    keepalive: bool,
    route: Route,
    handshake_timeout: Duration,
    #[cfg(feature = "tls")]
    tls: TlsConfig,
}

impl Dial {
    /// Reaches the target of the URL directly.
    pub(crate) fn to<'a>(url: impl Into<Site<'a>>) -> Result<Self, ConnectError> {
        let site = url.into();
        if site.secure && !cfg!(feature = "tls") {
            return Err(needs_tls().into());
        }
        Ok(Dial {
            secure: site.secure,
            #[cfg(feature = "tls")]
            host: site.host.to_owned(),
            keepalive: false,
            route: Route::to(Endpoint::of(&site)?),
            handshake_timeout: DEFAULT_HANDSHAKE_TIMEOUT,
            #[cfg(feature = "tls")]
            tls: TlsConfig::new(),
        })
    }

    pub(crate) fn keepalive(mut self) -> Self {
        self.keepalive = true;
        self
    }

    pub(crate) fn endpoint(mut self, endpoint: Endpoint) -> Result<Self, ConfigError> {
        if self.secure && endpoint.is_unix() {
            return Err(ConfigError::new("endpoint", NO_TLS));
        }
        self.route.endpoint = endpoint;
        self.checked()
    }

    pub(crate) fn proxy(mut self, proxy: Option<Proxy>) -> Result<Self, ConfigError> {
        self.route.proxy = proxy;
        self.checked()
    }

    pub(crate) fn ip_version(mut self, version: IpVersion) -> Result<Self, ConfigError> {
        self.route.ip_version = version;
        self.checked()
    }

    fn checked(self) -> Result<Self, ConfigError> {
        self.route.check()?;
        Ok(self)
    }

    /// Checks a name under `.onion` against the other settings; connecting does so as well.
    pub(crate) fn check_onion(&self) -> Result<(), ConfigError> {
        self.route.check_onion()
    }

    pub(crate) fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.route.timeout = timeout;
        self
    }

    pub(crate) fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = tls;
        self
    }

    /// Returns whether TLS comes before the protocol's handshake.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The endpoint of the connection, for messages.
    pub(crate) fn peer(&self) -> &Endpoint {
        &self.route.endpoint
    }

    /// Connects, and does all handshakes.
    pub(crate) async fn open<H: Handshake>(&self, protocol: &H) -> Result<H::Output, ConnectError> {
        let stream = self.route.connect().await?;
        let shake_hands = async {
            match stream {
                Stream::Tcp(stream) => {
                    if self.keepalive {
                        keepalive::enable(&stream);
                    }
                    match self.secure {
                        true => self.secure(protocol, stream).await,
                        false => protocol.shake_hands(stream, Protection::default()).await,
                    }
                }
                Stream::Unix(stream) => protocol.shake_hands(stream, Protection::default()).await,
            }
        };
        timeout(self.handshake_timeout, shake_hands).await.unwrap_or_else(|_| {
            // TLS counts as a part of it.
            let (step, peer, hint) = (H::STEP, self.peer(), protocol.silence());
            Err(ConnectError::Timeout(format!("{step} with {peer}{hint}")))
        })
    }

    #[cfg(feature = "tls")]
    async fn secure<H: Handshake>(
        &self,
        protocol: &H,
        stream: TcpStream,
    ) -> Result<H::Output, ConnectError> {
        let (stream, channel_id) = self.tls.connect(&self.host, stream).await?;
        protocol.shake_hands(stream, Protection { secure: true, channel_id }).await
    }

    #[cfg(not(feature = "tls"))]
    async fn secure<H: Handshake>(
        &self,
        _protocol: &H,
        _stream: TcpStream,
    ) -> Result<H::Output, ConnectError> {
        Err(needs_tls().into())
    }

    /// Makes an error of a connection that broke during a handshake.
    pub(crate) fn lost(&self, error: std::io::Error) -> ConnectError {
        #[cfg(feature = "tls")]
        if let Some(message) = tls_error(&error) {
            let host = self.tls.name(&self.host).to_owned();
            return ConnectError::Tls { host, message, cause: Some(cause(error)) };
        }
        let (address, message) = (self.peer().to_string(), error.to_string());
        ConnectError::Io { address, message, cause: Some(Cause::new(error)) }
    }
}

fn needs_tls() -> ConfigError {
    let text = "TLS (wss://, rss://) needs the feature `tls` of the crate wampwerk";
    ConfigError::new("url", text)
}
