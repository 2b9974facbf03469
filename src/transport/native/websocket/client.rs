//! The client: makes a transport of a URL.
//!
//! Contains the client's settings, and WAMP's part of its opening handshake.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

use super::framing::transport;
use crate::error::{ConfigError, ConnectError};
use crate::framing::websocket::Role;
use crate::framing::websocket::deflate;
use crate::framing::websocket::handshake::ClientRequest;
use crate::net::dial::{Dialer, Handshake};
use crate::net::protection::Protection;
use crate::rt::BoxFuture;
use crate::transport::batched::Batched;
use crate::transport::native::settings::route_settings;
use crate::transport::subprotocol::Subprotocol;
use crate::transport::{Connector, Transport, TransportConfig, of_url};
use crate::url::WebSocketUrl;
use crate::websocket::handshake::{Opened, OpeningError, open};
use crate::websocket::settings::Settings;

/// A connector that uses WebSocket, created from the settings.
#[derive(Clone)]
pub(crate) struct WebSocketClient {
    request: ClientRequest,
    dial: Dialer,
    subprotocols: Vec<Subprotocol>,
    settings: Settings,
}

impl WebSocketClient {
    /// Reads what the settings name and checks what is WebSocket's own; the rest has been checked.
    /// Errors have the path of the key.
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, ConfigError> {
        let url = WebSocketUrl::parse(&config.url).map_err(of_url)?;
        let deflate = config.options.per_message_deflate.clone().flatten();
        if let (Some(_), Some(text)) = (&deflate, deflate::MISSING) {
            return Err(ConfigError::new("options.per_message_deflate", text));
        }
        let subprotocols = Subprotocol::list(config.offered(), config.batched);
        let request = ClientRequest {
            host: url.authority(),
            resource: url.target(),
            protocols: subprotocols.iter().map(|one| one.name().to_owned()).collect(),
            headers: config.headers.clone(),
            deflate,
            ..ClientRequest::default()
        };
        let dial = Dialer::new(&url, &route_settings(config))?;
        request.check()?;
        Ok(WebSocketClient { request, dial, subprotocols, settings: Settings::of(&config.options) })
    }

    async fn upgrade<S>(
        &self,
        stream: S,
        protection: Protection,
    ) -> Result<Box<dyn Transport>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (dial, request) = (&self.dial, &self.request);
        let failed = |error: OpeningError| error.into_connect_error(dial, request, self.hint());
        let Opened { stream, early, response } =
            open(stream, request, dial.peer()).await.map_err(failed)?;
        let subprotocol = self.chosen(response.protocol())?;
        let (peer, settings) = (dial.peer(), &self.settings);
        let transport = transport(
            stream,
            early,
            Role::Client,
            peer,
            protection,
            subprotocol,
            settings,
            response.deflate(),
        );
        Ok(Batched::over(Box::new(transport), subprotocol.batched))
    }

    /// Names what may be at a port that closes the connection without an answer.
    fn hint(&self) -> &'static str {
        match (self.dial.is_secure(), self.dial.peer().is_unix()) {
            (true, _) => "if this is a RawSocket port, use rss://",
            (false, true) => "if this is a RawSocket server, use rs://",
            (false, false) => "if this is a RawSocket port, use rs://, and of TLS, wss://",
        }
    }

    /// Returns the server's choice; WAMP needs one (spec: "WebSocket Transport").
    fn chosen(&self, protocol: Option<&str>) -> Result<Subprotocol, ConnectError> {
        let chosen = self.subprotocols.iter().find(|one| Some(one.name()) == protocol);
        chosen.copied().ok_or_else(|| ConnectError::Subprotocol {
            offered: self.request.protocols.clone(),
            chosen: None,
        })
    }
}

impl Connector for WebSocketClient {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(self.dial.open(self))
    }
}

impl Handshake for WebSocketClient {
    type Output = Box<dyn Transport>;

    const STEP: &'static str = "the opening handshake";

    async fn shake_hands<S>(
        &self,
        stream: S,
        protection: Protection,
    ) -> Result<Box<dyn Transport>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.upgrade(stream, protection).await
    }
}

/// Shows no header, as one may be a cookie or a token.
impl fmt::Debug for WebSocketClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketClient").field("dial", &self.dial).finish_non_exhaustive()
    }
}
