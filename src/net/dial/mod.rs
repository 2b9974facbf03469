//! Dialing: the steps that all native clients share, up to where a protocol's own handshake begins.
//!
//! Connects by the route to the server, does the TLS handshake, and limits the time of both
//! handshakes.

mod proxy;
mod route;
mod tcp;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

pub use self::proxy::open_tunnel;
pub(crate) use self::route::RouteSettings;
use self::route::{Route, Stream};
use crate::error::{Cause, ConfigError, ConnectError};
use crate::net::limits::DEFAULT_HANDSHAKE_TIMEOUT;
use crate::net::protection::Protection;
use crate::net::tls::{self, ClientTls, cause, tls_error};
use crate::rt::{keepalive, unix};
use crate::settings::{Endpoint, Tls};
use crate::url::{RawSocketUrl, WebSocketUrl};

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
pub(crate) struct Target<'a> {
    pub(crate) secure: bool,
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) unix: Option<&'a str>,
}

impl Target<'_> {
    /// Checks that there is TLS if it asks for it, and that its unix socket can be one.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let (true, Some(text)) = (self.secure, tls::MISSING) {
            return Err(text.to_owned());
        }
        self.unix.map_or(Ok(()), |path| unix::check(Path::new(path)))
    }

    /// Returns the endpoint of the URL.
    fn endpoint(&self) -> Endpoint {
        match self.unix {
            Some(path) => Endpoint::unix(path),
            None => Endpoint::tcp(self.host, self.port),
        }
    }
}

impl<'a> From<&'a WebSocketUrl> for Target<'a> {
    fn from(url: &'a WebSocketUrl) -> Self {
        let WebSocketUrl { secure, host, port, unix, .. } = url;
        Target { secure: *secure, host, port: *port, unix: unix.as_deref() }
    }
}

impl<'a> From<&'a RawSocketUrl> for Target<'a> {
    fn from(url: &'a RawSocketUrl) -> Self {
        let RawSocketUrl { secure, host, port, unix } = url;
        Target { secure: *secure, host, port: *port, unix: unix.as_deref() }
    }
}

/// Settings for reaching one server.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    /// TLS before the protocol's handshake, and the host of the URL, for which the server's
    /// certificate must be valid.
    tls: Option<(String, ClientTls)>,
    /// Turns on TCP keepalive, so that the system detects a dead connection.
    keepalive: bool,
    route: Route,
    handshake_timeout: Duration,
}

impl Dialer {
    /// The way to where the URL leads, as it is set. Errors have the path of the setting.
    pub(crate) fn new<'a>(
        url: impl Into<Target<'a>>,
        settings: &RouteSettings<'_>,
    ) -> Result<Self, ConfigError> {
        Self::with_tls(url, settings, &OnceLock::new())
    }

    /// As [`new`](Self::new), but TLS is made once for all that are given the same `ready`: its files are read
    /// once, and its sessions are resumed.
    pub(crate) fn with_tls<'a>(
        url: impl Into<Target<'a>>,
        settings: &RouteSettings<'_>,
        ready: &OnceLock<ClientTls>,
    ) -> Result<Self, ConfigError> {
        let target = url.into();
        target.check().map_err(|text| ConfigError::new("url", text))?;
        let default = Tls::new();
        // Settings are checked even if the URL does not ask for TLS.
        let wanted = settings.tls.or(target.secure.then_some(&default));
        if let (None, Some(settings)) = (ready.get(), wanted) {
            let tls = ClientTls::new(settings);
            // Another task may have made it meanwhile.
            let _ = ready.set(tls.map_err(|error| error.within("endpoint.tls"))?);
        }
        let tls = ready.get().cloned();
        Ok(Dialer {
            tls: tls.filter(|_| target.secure).map(|tls| (target.host.to_owned(), tls)),
            keepalive: false,
            route: Route::new(&target, settings)?,
            handshake_timeout: settings.handshake_timeout.unwrap_or(DEFAULT_HANDSHAKE_TIMEOUT),
        })
    }

    pub(crate) fn keepalive(mut self) -> Self {
        self.keepalive = true;
        self
    }

    /// Returns whether TLS comes before the protocol's handshake.
    pub(crate) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// The endpoint of the connection, for messages.
    pub(crate) fn peer(&self) -> &Endpoint {
        &self.route.endpoint
    }

    /// Connects and performs all handshakes.
    pub(crate) async fn open<H: Handshake>(&self, protocol: &H) -> Result<H::Output, ConnectError> {
        let stream = self.route.connect().await?;
        let shake_hands = async {
            match stream {
                Stream::Tcp(stream) => {
                    if self.keepalive {
                        keepalive::enable(&stream);
                    }
                    match &self.tls {
                        Some((host, tls)) => {
                            let (stream, channel_id) = tls.connect(host, stream).await?;
                            let protection = Protection { secure: true, channel_id };
                            protocol.shake_hands(stream, protection).await
                        }
                        None => protocol.shake_hands(stream, Protection::default()).await,
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

    /// Makes an error of a connection that broke during a handshake.
    pub(crate) fn lost(&self, error: std::io::Error) -> ConnectError {
        if let (Some((host, tls)), Some(message)) = (&self.tls, tls_error(&error)) {
            let host = tls.name(host).to_owned();
            return ConnectError::Tls { host, message, cause: Some(cause(error)) };
        }
        let (address, message) = (self.peer().to_string(), error.to_string());
        ConnectError::Io { address, message, cause: Some(Cause::new(error)) }
    }
}
