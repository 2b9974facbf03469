//! Connecting and joining.

#[cfg(feature = "client")]
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::sync::{mpsc, oneshot, watch};

use crate::core::client::{Client, ClientConfig};
use crate::error::ConnectError;
#[cfg(feature = "client")]
use crate::error::{ConfigError, UrlError};
#[cfg(feature = "client")]
use crate::message::Welcome;
use crate::rt;
#[cfg(feature = "client")]
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
#[cfg(feature = "client")]
use crate::session::authentication::Authentication;
use crate::session::authentication::{Attempt, cannot_authenticate};
use crate::session::config::SessionConfig;
use crate::session::driver::{Driver, Inbox, Payloads};
#[cfg(feature = "client")]
use crate::session::payload_codec::PayloadCodec;
#[cfg(feature = "client")]
use crate::session::user_error::UserError;
use crate::session::{Session, Shared};
#[cfg(feature = "client")]
use crate::transport::{ClientSettings, WampWebSocketClientFactory, rawsocket_connector};
use crate::transport::{Connector, RAW_SOCKET, Transport};
use crate::uri::{Uri, uris};
#[cfg(feature = "client")]
use crate::url::{RawSocketUrl, check_scheme, is_raw_socket, shown};
#[cfg(feature = "client")]
use crate::value::Dict;

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
#[cfg(feature = "client")]
pub fn connect(url: impl Into<String>, realm: impl Into<Uri>) -> Connect {
    Connect {
        url: url.into(),
        realm: realm.into(),
        serializers: crate::codec::available().to_vec(),
        batched: false,
        timeout: None,
        config: SessionConfig::default(),
    }
}

/// A connection that is being put together; `await` it to connect and join.
///
/// What only one kind of transport has (TLS, headers, pings, sizes) is set on a
/// [`WampWebSocketClientFactory`](crate::transport::WampWebSocketClientFactory), or natively a
/// `WampRawSocketClientFactory`, for [`connect_with`].
#[cfg(feature = "client")]
#[must_use = "nothing is connected until it is awaited"]
#[derive(Clone, Debug)]
pub struct Connect {
    url: String,
    realm: Uri,
    serializers: Vec<crate::message::Serializer>,
    batched: bool,
    timeout: Option<std::time::Duration>,
    config: SessionConfig,
}

#[cfg(feature = "client")]
impl Connect {
    /// The serializers to offer, the preferred first; the router chooses. RawSocket asks for the
    /// first alone. Default: CBOR, MessagePack, JSON, as far as they are compiled in.
    pub fn serializers(mut self, serializers: &[crate::message::Serializer]) -> Self {
        self.serializers = serializers.to_vec();
        self
    }

    /// Whether to offer the subprotocols with batches of messages, too; see
    /// [`WampWebSocketClientFactory::batched`](crate::transport::WampWebSocketClientFactory::batched).
    /// RawSocket has none. Default: no.
    pub fn batched(mut self, batched: bool) -> Self {
        self.batched = batched;
        self
    }

    /// How long each step may take: connecting, the opening handshake, joining. Default: 10 s.
    pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
        self.timeout = Some(timeout);
        self.config.client.join_timeout = timeout;
        self
    }

    /// What the router is told as our name and version. Default: those of this crate.
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.config.client.agent = agent.into();
        self
    }

    /// How we prove who we are: a method or several; see [`SessionConfig::authentication`].
    ///
    /// ```no_run
    /// # async fn join() -> Result<(), wampwerk::ConnectError> {
    /// use wampwerk::session::authentication::WampCra;
    ///
    /// let session = wampwerk::connect("wss://example.com/ws", "realm1")
    ///     .authentication(WampCra::new("joe", "secret2"))
    ///     .await?;
    /// println!("joined as {:?}, {:?}", session.authid(), session.authrole());
    /// # Ok(()) }
    /// ```
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.config = self.config.authentication(authentication);
        self
    }

    /// Who we want to be; see [`SessionConfig::authid`].
    pub fn authid(mut self, authid: impl Into<String>) -> Self {
        self.config = self.config.authid(authid);
        self
    }

    /// The role that we want; see [`SessionConfig::authrole`].
    pub fn authrole(mut self, authrole: impl Into<String>) -> Self {
        self.config = self.config.authrole(authrole);
        self
    }

    /// More for HELLO.Details.authextra; see [`SessionConfig::authextra`].
    pub fn authextra(mut self, authextra: Dict) -> Self {
        self.config = self.config.authextra(authextra);
        self
    }

    /// What encodes and decodes payloads; see [`SessionConfig::payload_codec`].
    pub fn payload_codec(mut self, codec: impl PayloadCodec) -> Self {
        self.config = self.config.payload_codec(codec);
        self
    }

    /// Whether encoded payloads go to the user as they are; see [`SessionConfig::payload_passthru`].
    pub fn payload_passthru(mut self, passthru: bool) -> Self {
        self.config = self.config.payload_passthru(passthru);
        self
    }

    /// A look at WELCOME before the session is handed out; see [`SessionConfig::on_welcome`].
    pub fn on_welcome(
        mut self,
        check: impl Fn(&Welcome) -> Result<(), String> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.config = self.config.on_welcome(check);
        self
    }

    /// Who is told when something goes wrong in a handler; see [`SessionConfig::on_user_error`].
    pub fn on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.config = self.config.on_user_error(hook);
        self
    }

    /// What calls and publications of the session say about `disclose_me` (see
    /// [`CallRequest::disclose_me`](crate::session::CallRequest::disclose_me)) unless they say it
    /// themselves. Default: nothing, so it is as the router likes.
    pub fn disclose_me(mut self, disclose: bool) -> Self {
        self.config.client.disclose_me = Some(disclose);
        self
    }

    async fn open(self) -> Result<Session, ConnectError> {
        check_scheme(&self.url, RAW_SOCKET)
            .map_err(|message| UrlError::new(shown(&self.url), message))?;
        let transport = match is_raw_socket(&self.url) {
            true => self.raw_socket()?.connect().await?,
            false => self.websocket()?.connect().await?,
        };
        join(transport, self.realm, self.config).await
    }

    fn websocket(&self) -> Result<WampWebSocketClientFactory, ConnectError> {
        let factory = WampWebSocketClientFactory::new(&self.url, &self.serializers)?;
        let factory = factory.batched(self.batched);
        Ok(match self.timeout {
            Some(timeout) => factory.connect_timeout(timeout).handshake_timeout(timeout),
            None => factory,
        })
    }

    /// By way of its settings, as the browser has no factory for it.
    fn raw_socket(&self) -> Result<Arc<dyn Connector>, ConnectError> {
        RawSocketUrl::parse(&self.url)?;
        if self.batched {
            return Err(ConfigError::new("batched", "RawSocket does not support it").into());
        }
        let first = self.serializers.first();
        let serializer =
            first.ok_or_else(|| ConfigError::new("serializers", "at least one is needed"))?;
        let mut settings = ClientSettings { url: self.url.clone(), ..ClientSettings::default() };
        settings.connect_timeout = self.timeout;
        settings.options.open_handshake_timeout = self.timeout;
        Ok(rawsocket_connector(&settings, *serializer)?)
    }
}

#[cfg(feature = "client")]
impl IntoFuture for Connect {
    type Output = Result<Session, ConnectError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

/// Connects through any [`Connector`] and joins a realm.
///
/// # Errors
/// Those of the connector, and [`ConnectError::Join`] if the realm cannot be joined.
pub async fn connect_with(
    connector: &(impl Connector + ?Sized),
    realm: impl Into<Uri>,
) -> Result<Session, ConnectError> {
    join(connector.connect().await?, realm, ClientConfig::default()).await
}

/// Joins a realm over a transport that is open. `config` is a [`SessionConfig`], or a
/// [`ClientConfig`] where there is no more to say.
///
/// Dropping the future gives up: the transport is closed, and a challenge is not answered any more.
///
/// # Errors
/// [`ConnectError::Join`] if the router refuses, breaks the protocol or does not answer in time, and
/// with `wamp.error.cannot_authenticate` if we cannot prove who we are, or the router cannot;
/// [`ConnectError::InvalidConfig`] if the authentication methods disagree.
pub async fn join(
    transport: Box<dyn Transport>,
    realm: impl Into<Uri>,
    config: impl Into<SessionConfig>,
) -> Result<Session, ConnectError> {
    let config = config.into();
    let info = transport.info().clone();
    let (mut attempt, request) =
        Attempt::begin(&config.authentication, &config.identity, realm.into(), &info)?;
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let (signal_sender, signals) = mpsc::unbounded_channel();
    let (joined_sender, joined) = oneshot::channel();
    let (challenged_sender, challenged) = oneshot::channel();
    let (closed_sender, closed) = watch::channel(None);
    let leave_timeout = config.client.leave_timeout;
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
        payloads,
        user_errors: config.user_errors.clone(),
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
        session.leave_with(uris::CANNOT_AUTHENTICATE, Some(text.clone())).await;
        return Err(cannot_authenticate(text));
    }
    Ok(session)
}
