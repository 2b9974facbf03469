//! Opening a native client's connection: the settings resolved, the handshake, and the task that drives it.

use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;

use super::ConnectionResponse;
use super::channel::Channel;
use super::connecting::ConnectingRequest;
use super::connection::Connection;
use super::driver::Driver;
use super::factory::{WebSocketClientFactory, refusal};
use super::handshake::{Opened, OpeningError, open};
use super::protocol::WebSocketClientProtocol;
use super::settings::Settings;
use super::socket::WebSocket;
use crate::error::{Cause, ConfigError, ConnectError};
use crate::framing::websocket::Role;
use crate::framing::websocket::deflate::{self, Agreement};
use crate::framing::websocket::handshake::ClientRequest;
use crate::net::dial::{Dialer, Handshake, RouteSettings};
use crate::net::protection::Protection;
use crate::net::tls::ClientTls;
use crate::rt;
use crate::rt::guard::caught;
use crate::settings::check_time;
use crate::url::WebSocketUrl;

/// Messages can be sent in parts, and control frames.
pub(super) const NO_PARTS: Option<&str> = None;

/// TLS of a factory, once it was made.
pub(super) type TlsReady = OnceLock<ClientTls>;

/// Instructions for the task that drives a connection, in addition to its settings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mode {
    pub(super) in_parts: bool,
    pub(super) tells_control: bool,
}

pub(super) fn check_client(factory: &WebSocketClientFactory) -> Result<(), ConnectError> {
    Client::new(factory).map(drop)
}

pub(super) async fn open_client(
    factory: &WebSocketClientFactory,
) -> Result<WebSocket, ConnectError> {
    let client = Client::new(factory)?;
    let hook = Hook { client: &client, ask: NoQuestion, mode: Mode::default() };
    client.dial.open(&hook).await
}

pub(super) async fn open_client_protocol<P: WebSocketClientProtocol>(
    factory: &WebSocketClientFactory,
    protocol: &mut P,
) -> Result<WebSocket, ConnectError> {
    let client = Client::new(factory)?;
    let mode = Mode { in_parts: P::IN_PARTS, tells_control: true };
    let hook = Hook { client: &client, ask: Mutex::new(protocol), mode };
    client.dial.open(&hook).await
}

/// Starts the task of an open connection, which keeps what `keep` returns.
pub(super) fn start<S>(
    connection: (S, Vec<u8>),
    role: Role,
    response: ConnectionResponse,
    settings: &Settings,
    deflate: Option<&Agreement>,
    mode: Mode,
    keep: impl FnOnce(&Arc<Channel>) -> Box<dyn Send>,
) -> WebSocket
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (stream, early) = connection;
    let mut connection = Connection::new(stream, early, role, settings, deflate);
    if mode.in_parts {
        connection.read_in_parts();
    }
    let (max_send, fragment) = (settings.max_send(), settings.auto_fragment_size);
    let channel = Channel::new(max_send, fragment, None, deflate.is_some());
    let socket = WebSocket::new(channel.clone(), response);
    let peer = socket.response().peer().to_owned();
    let kept = keep(&channel);
    let driver = Driver::new(connection, channel, &peer, settings.times(), mode.tells_control);
    // No task of another size around it: that would hold its memory twice.
    rt::spawn(driver.keep(kept));
    socket
}

/// A factory's settings, resolved.
struct Client {
    dial: Dialer,
    request: ClientRequest,
    settings: Settings,
}

impl Client {
    /// Errors have the name of the setting.
    fn new(factory: &WebSocketClientFactory) -> Result<Self, ConnectError> {
        let url = WebSocketUrl::parse(&factory.url)?;
        factory.options.check()?;
        let deflate = factory.options.per_message_deflate.clone().flatten();
        if let (Some(_), Some(text)) = (&deflate, deflate::MISSING) {
            return Err(ConfigError::new("per_message_deflate", text).into());
        }
        let request = ClientRequest {
            host: url.authority(),
            resource: url.target(),
            origin: factory.origin.clone(),
            user_agent: factory.user_agent.clone(),
            protocols: factory.protocols.clone(),
            deflate,
            headers: factory.headers.clone(),
        };
        request.check()?;
        if let Some(timeout) = factory.connect_timeout {
            check_time(timeout, true).map_err(|text| ConfigError::new("connect_timeout", text))?;
        }
        let route = RouteSettings {
            endpoint: factory.endpoint.as_ref(),
            proxy: factory.proxy.as_ref(),
            ip_version: factory.ip_version,
            connect_timeout: factory.connect_timeout,
            handshake_timeout: factory.options.open_handshake_timeout,
            tls: factory.tls.as_ref(),
        };
        let dial = Dialer::with_tls(&url, &route, &factory.tls_ready)?;
        Ok(Client { dial, request, settings: Settings::of(&factory.options) })
    }

    async fn upgrade<S>(
        &self,
        stream: S,
        change: ConnectingRequest,
        mode: Mode,
    ) -> Result<WebSocket, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let request = change.apply(self.request.clone());
        request.check().map_err(ConnectError::InvalidConfig)?;
        let dial = &self.dial;
        let failed = |error: OpeningError| error.into_connect_error(dial, &request, "");
        let Opened { stream, early, response } =
            open(stream, &request, dial.peer()).await.map_err(failed)?;
        let connection = (stream, early);
        let agreed = response.deflate().cloned();
        Ok(start(connection, Role::Client, response, &self.settings, agreed.as_ref(), mode, |_| {
            Box::new(())
        }))
    }
}

impl ConnectingRequest {
    fn apply(self, mut request: ClientRequest) -> ClientRequest {
        request.host = self.host.unwrap_or(request.host);
        request.resource = self.resource.unwrap_or(request.resource);
        request.origin = self.origin.or(request.origin);
        request.user_agent = self.user_agent.or(request.user_agent);
        request.protocols = self.protocols.unwrap_or(request.protocols);
        request.headers.extend(self.headers);
        request
    }
}

/// Asks the application when the stream stands.
trait OnConnecting: Send + Sync {
    fn ask(&self, peer: &str) -> impl Future<Output = Result<ConnectingRequest, Cause>> + Send;
}

struct NoQuestion;

impl OnConnecting for NoQuestion {
    async fn ask(&self, _peer: &str) -> Result<ConnectingRequest, Cause> {
        Ok(ConnectingRequest::new())
    }
}

impl<P: WebSocketClientProtocol> OnConnecting for Mutex<&mut P> {
    async fn ask(&self, peer: &str) -> Result<ConnectingRequest, Cause> {
        let mut protocol = self.lock().await;
        caught(async { protocol.on_connecting(peer).await }).await?
    }
}

struct Hook<'a, A> {
    client: &'a Client,
    ask: A,
    mode: Mode,
}

impl<A: OnConnecting> Handshake for Hook<'_, A> {
    type Output = WebSocket;

    const STEP: &'static str = "the opening handshake";

    async fn shake_hands<S>(
        &self,
        stream: S,
        _protection: Protection,
    ) -> Result<WebSocket, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let peer = self.client.dial.peer().to_string();
        let change = self.ask.ask(&peer).await.map_err(|cause| {
            let message = refusal("on_connecting", "refused to connect", &cause);
            ConnectError::Handshake { address: peer, message, cause: Some(cause) }
        })?;
        self.client.upgrade(stream, change, self.mode).await
    }
}
