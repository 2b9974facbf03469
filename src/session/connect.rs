//! Connecting and joining.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::core::client::Client;
use crate::error::{ConfigError, ConnectError};
use crate::message::{Serializer, Welcome};
use crate::rt::{self, BoxFuture, MaybeSend, MaybeSync};
use crate::session::authentication::{Attempt, Authentication, cannot_authenticate};
use crate::session::config::SessionConfig;
use crate::session::driver::{Driver, Inbox, Payloads, ReceiveLimits};
use crate::session::payload_codec::PayloadCodec;
use crate::session::queue::QueueLimits;
use crate::session::user_error::UserError;
use crate::session::{Session, Shared};
use crate::transport::setters::transport_setters;
use crate::transport::{
    Connector, Endpoint, IpVersion, Proxy, Tls, Transport, TransportConfig, ready,
};
use crate::uri::Uri;
use crate::value::Dict;
use crate::websocket::WebSocketOptions;

/// Commands that may wait for the driver; whoever sends more waits.
const COMMANDS: usize = 256;

/// Connects to a router by the transport of the URL, and joins a realm: WebSocket (`ws://`, `wss://`)
/// or, natively, RawSocket (`rs://`, `rss://`).
///
/// ```
/// # #[cfg(feature = "router")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let router = wampwerk::Router::builder().realm("realm1").build()?;
/// # let listener = router.listen("ws://127.0.0.1:0/ws").await?;
/// # let url = listener.url();
/// let session = wampwerk::connect(url, "realm1").await?;
/// assert_eq!(session.realm(), "realm1");
/// session.leave().await;
/// # Ok(()) }
/// # #[cfg(not(feature = "router"))]
/// # fn main() {}
/// ```
///
/// TLS with an own certificate authority, and a login:
///
/// ```no_run
/// # async fn join() -> Result<(), wampwerk::error::ConnectError> {
/// use wampwerk::session::authentication::WampCra;
/// use wampwerk::transport::Tls;
///
/// let session = wampwerk::connect("wss://router.internal/ws", "realm1")
///     .tls(Tls::new().trust_root("/etc/ssl/internal-ca.pem"))
///     .header("X-Tenant", "acme")
///     .authentication(WampCra::new("joe", "secret2"))
///     .await?;
/// println!("joined as {:?}, {:?}", session.authid(), session.authrole());
/// # Ok(()) }
/// ```
///
/// # Errors
/// Of the await: [`ConnectError::InvalidUrl`], [`ConnectError::InvalidConfig`] naming a setting that
/// cannot be used, those of connecting, and [`ConnectError::Join`] if the realm cannot be joined.
#[doc(alias = "connectWS")]
pub fn connect(url: impl Into<String>, realm: impl Into<Uri>) -> Connect<'static> {
    Connect::new(TransportConfig::new(url), None, realm.into())
}

/// Connects through any [`Connector`], such as a [`Router`](crate::Router) in this process, and joins
/// a realm.
///
/// ```
/// # #[cfg(feature = "router")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::session::connect_with;
///
/// let router = wampwerk::Router::builder().realm("realm1").build()?;
/// let session = connect_with(&router, "realm1").agent("example/1").await?;
/// # session.leave().await;
/// # Ok(()) }
/// # #[cfg(not(feature = "router"))]
/// # fn main() {}
/// ```
///
/// # Errors
/// Of the await: those of the connector, [`ConnectError::Join`] if the realm cannot be joined, and
/// [`ConnectError::InvalidConfig`] naming a setting of the transport, which the connector decides.
#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub fn connect_with<'a>(connector: impl Connector + 'a, realm: impl Into<Uri>) -> Connect<'a> {
    Connect::new(TransportConfig::new(""), Some(Arc::new(connector)), realm.into())
}

/// A connection that is being put together; `await` it to connect and join. Made by
/// [`connect`](fn@connect) and [`connect_with`].
#[must_use = "nothing is connected until it is awaited"]
#[derive(Clone)]
pub struct Connect<'a> {
    transport: TransportConfig,
    /// Takes the place of `transport`, of which nothing may be set then.
    connector: Option<Arc<dyn Connector + 'a>>,
    realm: Uri,
    timeout: Option<Duration>,
    join_timeout: Option<Duration>,
    config: SessionConfig,
}

impl<'a> Connect<'a> {
    fn new(
        transport: TransportConfig,
        connector: Option<Arc<dyn Connector + 'a>>,
        realm: Uri,
    ) -> Self {
        let config = SessionConfig::default();
        Connect { transport, connector, realm, timeout: None, join_timeout: None, config }
    }

    /// Another transport, with all its settings, in the place of what was given before.
    pub fn transport(mut self, transport: TransportConfig) -> Self {
        self.transport = transport;
        self.connector = None;
        self
    }

    transport_setters! {
        batched(batched: bool),
        endpoint(endpoint: Endpoint),
        proxy(proxy: impl Into<Option<Proxy>>),
        ip_version(version: IpVersion),
        tls(tls: Tls),
        header(name: impl Into<String>, value: impl Into<String>),
        origin(origin: impl Into<String>),
        user_agent(agent: impl Into<String>),
        connect_timeout(timeout: Duration),
        options(options: WebSocketOptions),
    }

    /// See [`TransportConfig::serializers`]. RawSocket asks for the first alone.
    pub fn serializers(self, serializers: &[Serializer]) -> Self {
        self.with(|config| config.serializers(serializers))
    }

    /// Time limit for each step that has no limit of its own: connecting, the opening handshake,
    /// joining. Default: 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// See [`SessionConfig::agent`].
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.config = self.config.agent(agent);
        self
    }

    /// See [`SessionConfig::join_timeout`].
    pub fn join_timeout(mut self, timeout: Duration) -> Self {
        self.join_timeout = Some(timeout);
        self
    }

    /// See [`SessionConfig::leave_timeout`].
    pub fn leave_timeout(mut self, timeout: Duration) -> Self {
        self.config = self.config.leave_timeout(timeout);
        self
    }

    /// See [`SessionConfig::details_limit`].
    pub fn details_limit(mut self, bytes: usize) -> Self {
        self.config = self.config.details_limit(bytes);
        self
    }

    /// See [`SessionConfig::joining_limit`].
    pub fn joining_limit(mut self, bytes: usize) -> Self {
        self.config = self.config.joining_limit(bytes);
        self
    }

    /// See [`SessionConfig::queue_limit`].
    pub fn queue_limit(mut self, bytes: usize) -> Self {
        self.config = self.config.queue_limit(bytes);
        self
    }

    /// See [`SessionConfig::running_limit`].
    pub fn running_limit(mut self, bytes: usize) -> Self {
        self.config = self.config.running_limit(bytes);
        self
    }

    /// See [`SessionConfig::heartbeat`].
    pub fn heartbeat(mut self, interval: Duration, timeout: Duration) -> Self {
        self.config = self.config.heartbeat(interval, timeout);
        self
    }

    /// See [`SessionConfig::risk_unannounced`].
    pub fn risk_unannounced(mut self, risk: bool) -> Self {
        self.config = self.config.risk_unannounced(risk);
        self
    }

    /// Adds keys to HELLO.Details; see [`SessionConfig::hello_details`].
    pub fn hello_details(mut self, details: Dict) -> Self {
        self.config = self.config.hello_details(details);
        self
    }

    /// See [`SessionConfig::authentication`].
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.config = self.config.authentication(authentication);
        self
    }

    /// See [`SessionConfig::authid`].
    pub fn authid(mut self, authid: impl Into<String>) -> Self {
        self.config = self.config.authid(authid);
        self
    }

    /// See [`SessionConfig::authrole`].
    pub fn authrole(mut self, authrole: impl Into<String>) -> Self {
        self.config = self.config.authrole(authrole);
        self
    }

    /// See [`SessionConfig::authextra`].
    pub fn authextra(mut self, authextra: Dict) -> Self {
        self.config = self.config.authextra(authextra);
        self
    }

    /// See [`SessionConfig::payload_codec`].
    pub fn payload_codec(mut self, codec: impl PayloadCodec) -> Self {
        self.config = self.config.payload_codec(codec);
        self
    }

    /// See [`SessionConfig::payload_passthru`].
    pub fn payload_passthru(mut self, passthru: bool) -> Self {
        self.config = self.config.payload_passthru(passthru);
        self
    }

    /// See [`SessionConfig::on_welcome`].
    pub fn on_welcome(
        mut self,
        check: impl Fn(&Welcome) -> Result<(), String> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.config = self.config.on_welcome(check);
        self
    }

    /// See [`SessionConfig::on_user_error`].
    pub fn on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.config = self.config.on_user_error(hook);
        self
    }

    /// See [`SessionConfig::tracebacks`].
    pub fn tracebacks(mut self, roles: &[&str]) -> Self {
        self.config = self.config.tracebacks(roles);
        self
    }

    /// See [`SessionConfig::disclose_me`].
    #[doc(alias("caller_disclose_me", "publisher_disclose_me"))]
    pub fn disclose_me(mut self, disclose: bool) -> Self {
        self.config = self.config.disclose_me(disclose);
        self
    }

    fn with(mut self, set: impl FnOnce(TransportConfig) -> TransportConfig) -> Self {
        self.transport = set(self.transport);
        self
    }

    async fn open(mut self) -> Result<Session, ConnectError> {
        if self.transport.retry.is_some() {
            let text =
                "not supported by connect(), which makes one attempt; a Component reconnects";
            return Err(ConfigError::new("max_retries", text).into());
        }
        if let Some(timeout) = self.join_timeout.or(self.timeout) {
            self.config.client.join_timeout = timeout;
        }
        let transport = match &self.connector {
            Some(connector) => match self.transport.set_keys().next() {
                Some(key) => return Err(ready(key).into()),
                None => connector.connect().await?,
            },
            None => self.connector()?.connect().await?,
        };
        join(transport, self.realm, self.config).await
    }

    fn connector(&self) -> Result<Arc<dyn Connector>, ConnectError> {
        let mut config = self.transport.clone().first_for_raw_socket();
        config.connect_timeout = config.connect_timeout.or(self.timeout);
        let options = &mut config.options;
        options.open_handshake_timeout = options.open_handshake_timeout.or(self.timeout);
        config.to_connect()
    }
}

impl<'a> IntoFuture for Connect<'a> {
    type Output = Result<Session, ConnectError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

impl fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("transport", &self.transport)
            .field("connector", &self.connector.is_some())
            .field("realm", &self.realm)
            .field("timeout", &self.timeout)
            .field("config", &self.config)
            .finish()
    }
}

/// Joins a realm over a transport that is open.
///
/// Dropping the future gives up: the transport is closed, and a challenge is not answered any more.
///
/// # Errors
/// [`ConnectError::Join`] if the router refuses, breaks the protocol or does not answer in time, and
/// with `wamp.error.cannot_authenticate` if the client or the router cannot authenticate itself;
/// [`ConnectError::InvalidConfig`] if the authentication methods disagree.
pub async fn join(
    transport: Box<dyn Transport>,
    realm: impl Into<Uri>,
    config: impl Into<SessionConfig>,
) -> Result<Session, ConnectError> {
    // Boxed: otherwise each use has a copy of the code.
    let joining: BoxFuture<'_, _> = Box::pin(join_now(transport, realm.into(), config.into()));
    joining.await
}

async fn join_now(
    transport: Box<dyn Transport>,
    realm: Uri,
    config: SessionConfig,
) -> Result<Session, ConnectError> {
    let info = transport.info().clone();
    let (mut attempt, request) =
        Attempt::begin(&config.authentication, &config.identity, realm, &info)?;
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let (signal_sender, signals) = mpsc::unbounded_channel();
    let (joined_sender, joined) = oneshot::channel();
    let (challenged_sender, challenged) = oneshot::channel();
    let (closed_sender, closed) = watch::channel(None);
    let leave_timeout = config.client.leave_timeout;
    let client = &config.client;
    let limits = ReceiveLimits {
        joining: client.joining_limit,
        details: client.details_limit,
        queue: QueueLimits { bytes: client.queue_limit, ..QueueLimits::default() },
        running: client.running_limit,
    };
    let payloads = Payloads::new(config.codec.clone(), config.passthru);
    let mut settings = config.client.clone();
    settings.payload_passthru |= config.codec.is_some() || config.passthru;
    let mut client = Client::new(settings);
    client.join(rt::now(), request);
    let inbox = Inbox {
        commands,
        signals,
        command_sender: command_sender.downgrade(),
        signal_sender: signal_sender.clone(),
        joined: joined_sender,
        challenged: challenged_sender,
        closed: closed_sender,
        leave_timeout,
        limits,
        payloads,
        user_errors: config.user_errors.clone(),
        tracebacks: config.tracebacks.clone(),
    };
    rt::spawn(Driver::new(transport, client, inbox));
    let joined = attempt.joined(joined, challenged, &command_sender).await;
    let joined = joined.map_err(ConnectError::Join)?;
    let verdict = match attempt.check(&joined.welcome) {
        Ok(()) => config.check(&joined.welcome),
        Err(error) => Err(error.message),
    };
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    let shared = Arc::new(Shared {
        commands: command_sender,
        signals: signal_sender,
        closed,
        tickets: AtomicU64::new(1),
        leaving: AtomicBool::new(false),
        joined,
        transport: info,
        config,
    });
    let session = Session { shared };
    if let Err(text) = verdict {
        session.leave_with(Uri::CANNOT_AUTHENTICATE, Some(text.clone())).await;
        return Err(cannot_authenticate(text));
    }
    Ok(session)
}
