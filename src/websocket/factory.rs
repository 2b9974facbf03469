//! `WebSocketClientFactory` and `connect`: a client's settings, and opening a connection with them.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use super::closed::Closed;
use super::protocol::{ClientSide, WebSocketClientProtocol, end, run};
use super::sender::Sender;
use super::socket::WebSocket;
use super::{TlsReady, check_client, open_client, open_client_protocol};
use crate::error::{Cause, ConfigError, ConnectError};
use crate::rt::guard::{Panic, caught};
use crate::rt::{self, BoxFuture};
use crate::settings::{Deflate, Endpoint, IpVersion, Proxy, Tls, WebSocketOptions};

/// Opens a WebSocket at a `ws://` or `wss://` URL. Settings may follow; `.await` connects.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::websocket;
///
/// let socket = websocket::connect("wss://example.com/chat")
///     .protocols(["chat"])
///     .header("Authorization", "Bearer token")
///     .await?;
/// assert_eq!(socket.response().protocol(), Some("chat"));
/// # Ok(()) }
/// ```
#[doc(alias = "connectWS")]
pub fn connect(url: impl Into<String>) -> WebSocketClientFactory {
    WebSocketClientFactory::new(url)
}

/// Settings of a WebSocket client, from which any number of connections can be opened.
///
/// In the browser there are the URL, the subprotocols, `connect_timeout`, and in the options
/// `max_message_payload_size` and `open_handshake_timeout`; all others are refused by name.
#[doc(alias = "setSessionParameters")]
#[derive(Clone)]
#[must_use = "nothing is connected before `open` or `.await`"]
pub struct WebSocketClientFactory {
    pub(super) url: String,
    pub(super) protocols: Vec<String>,
    pub(super) origin: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) proxy: Option<Proxy>,
    pub(super) tls: Option<Tls>,
    /// Shared by clones that have the same settings of TLS.
    pub(super) tls_ready: Arc<TlsReady>,
    pub(super) ip_version: IpVersion,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) options: WebSocketOptions,
}

impl WebSocketClientFactory {
    /// Creates the factory for a URL: `ws://host[:port][/path][?query]`, the same with `wss://`, or
    /// `ws://unix:/file[:/path]`.
    pub fn new(url: impl Into<String>) -> Self {
        WebSocketClientFactory {
            url: url.into(),
            protocols: Vec::new(),
            origin: None,
            user_agent: None,
            headers: Vec::new(),
            endpoint: None,
            proxy: None,
            tls: None,
            tls_ready: Arc::default(),
            ip_version: IpVersion::default(),
            connect_timeout: None,
            options: WebSocketOptions::new(),
        }
    }

    /// Subprotocols to offer, in order of preference. Default: none.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Value of the header `Origin`. Default: none.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Value of the header `User-Agent`. Default: none.
    #[doc(alias = "useragent")]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Adds a header to the request. Headers of the handshake itself are refused.
    #[doc(alias = "headers")]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Endpoint to connect to, where it differs from that of the URL.
    pub fn endpoint(mut self, endpoint: impl Into<Option<Endpoint>>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// Proxy to connect through. Default: none.
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Self {
        self.proxy = proxy.into();
        self
    }

    /// Settings of TLS, for `wss://`. Files are read once, when they are first needed. Default: the certificate
    /// is verified by the platform.
    pub fn tls(mut self, tls: impl Into<Option<Tls>>) -> Self {
        self.tls = tls.into();
        self.tls_ready = Arc::default();
        self
    }

    /// Version of IP to connect by. Default: either, whichever answers first.
    pub fn ip_version(mut self, version: IpVersion) -> Self {
        self.ip_version = version;
        self
    }

    /// Time limit for the connection, up to TLS. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Options of the protocol: sizes, times, pings, compression.
    #[doc(alias("setProtocolOptions", "resetProtocolOptions"))]
    pub fn options(mut self, options: WebSocketOptions) -> Self {
        self.options = options;
        self
    }

    /// Offers compression; a shorthand for the
    /// [option](WebSocketOptions::per_message_deflate). Default: none.
    #[doc(alias = "perMessageCompressionOffers")]
    pub fn per_message_deflate(mut self, deflate: impl Into<Option<Deflate>>) -> Self {
        self.options = self.options.per_message_deflate(deflate);
        self
    }

    /// Checks all settings without connecting.
    ///
    /// # Errors
    /// The first setting that is not valid, by its name.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_client(self).map_err(|error| match error {
            ConnectError::InvalidConfig(error) => error,
            ConnectError::InvalidUrl(error) => {
                ConfigError::new("url", &error.message).caused_by(error)
            }
            error => ConfigError::new("", &error).caused_by(error),
        })
    }

    /// Connects. Each call makes a connection of its own.
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`] or [`ConnectError::InvalidConfig`] if the URL or a setting is not valid;
    /// else the step that failed.
    pub async fn open(&self) -> Result<WebSocket, ConnectError> {
        open_client(self).await
    }

    /// Connects, and calls the methods of a protocol until the end of the connection, in a task of its own.
    /// Returns when the connection is open.
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`] or [`ConnectError::InvalidConfig`] if the URL or a setting is not valid;
    /// the step that failed; or the error of the protocol. Its
    /// [`on_close`](WebSocketClientProtocol::on_close) is called then, too. A method that panics counts as an
    /// error; after `on_connect` the close code is 1011 then.
    #[doc(alias("create_client_agent", "buildProtocol"))]
    pub async fn open_protocol<P>(&self, protocol: P) -> Result<Sender, ConnectError>
    where
        P: WebSocketClientProtocol,
    {
        let mut unopened = Unopened(None);
        let ClientSide(asked) = unopened.0.insert(ClientSide(protocol));
        match self.opened(asked).await {
            Ok(socket) => {
                let sender = socket.sender();
                if let Some(protocol) = unopened.0.take() {
                    rt::spawn(run(socket, protocol));
                }
                Ok(sender)
            }
            Err((error, closed)) => {
                if let Some(mut protocol) = unopened.0.take() {
                    end(&mut protocol, closed).await;
                }
                Err(error)
            }
        }
    }

    /// Opens a connection that the protocol accepts.
    async fn opened<P>(&self, protocol: &mut P) -> Result<WebSocket, (ConnectError, Closed)>
    where
        P: WebSocketClientProtocol,
    {
        let failed = |error: &ConnectError| {
            Closed::lost(error.to_string(), None, Some(Cause::new(error.clone())))
        };
        let socket = match open_client_protocol(self, protocol).await {
            Ok(socket) => socket,
            Err(error) => {
                let closed = failed(&error);
                return Err((error, closed));
            }
        };
        let response = socket.response();
        let decided = caught(async { protocol.on_connect(response).await }).await;
        let (cause, has_panicked) = match decided {
            Ok(Ok(())) => return Ok(socket),
            Ok(Err(cause)) => (cause, false),
            Err(panic) => {
                tracing::error!(%panic, "on_connect of a WebSocket protocol failed");
                (panic.into(), true)
            }
        };
        let sender = socket.sender();
        if has_panicked {
            sender.close_failed();
        } else {
            // The code is valid.
            let _ = sender.start_close(1000, "");
        }
        let message = refusal("on_connect", "refused the server's answer", &cause);
        let address = socket.response().peer().to_owned();
        let error = ConnectError::Handshake { address, message, cause: Some(cause) };
        drop(socket);
        // The closing handshake tells what was sent, and that the peer has it.
        let Closed { reason, cause, .. } = failed(&error);
        let closed = Closed { reason, cause, ..sender.closed().await };
        Err((error, closed))
    }
}

/// A protocol whose connection is not open yet. If the future of [`WebSocketClientFactory::open_protocol`] is dropped,
/// the protocol is told.
struct Unopened<P: WebSocketClientProtocol>(Option<ClientSide<P>>);

impl<P: WebSocketClientProtocol> Drop for Unopened<P> {
    fn drop(&mut self) {
        if let Some(mut protocol) = self.0.take() {
            let closed = Closed::lost("opening the connection was given up", None, None);
            rt::spawn_last(async move { end(&mut protocol, closed).await });
        }
    }
}

/// Text of an error of a protocol's method, which may have panicked.
pub(super) fn refusal(method: &str, refused: &str, cause: &Cause) -> String {
    match cause.downcast_ref::<Panic>() {
        Some(panic) => format!("{method} {panic}"),
        None => format!("{method} {refused}: {cause}"),
    }
}

impl IntoFuture for WebSocketClientFactory {
    type Output = Result<WebSocket, ConnectError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.open().await })
    }
}

/// Values of headers are not shown, as they may be tokens.
impl fmt::Debug for WebSocketClientFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WebSocketClientFactory");
        debug.field("url", &crate::url::shown(&self.url)).field("protocols", &self.protocols);
        debug.field("options", &self.options).finish_non_exhaustive()
    }
}
