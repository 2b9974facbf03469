//! Opening a client's connection in the browser: its settings, and the task that drives it.

use super::channel::Channel;
use super::factory::WebSocketClientFactory;
use super::protocol::WebSocketClientProtocol;
use super::socket::WebSocket;
use super::web::{ConnectionResponse, Opening, REFUSED, drive, refused_option, refused_url};
use crate::error::{ConfigError, ConnectError};
use crate::framing::websocket::handshake::check_protocols;
use crate::rt;
use crate::settings::{IpVersion, check_time};
use crate::url::WebSocketUrl;

/// Error of what a page cannot send.
pub(super) const NO_PARTS: Option<&str> = Some(
    "a page sends and receives whole messages only: frames, compression, pings and pongs are the browser's",
);

/// TLS is the browser's.
pub(super) type TlsReady = ();

pub(super) fn check_client(factory: &WebSocketClientFactory) -> Result<(), ConnectError> {
    opening(factory).map(drop)
}

pub(super) async fn open_client(
    factory: &WebSocketClientFactory,
) -> Result<WebSocket, ConnectError> {
    let opening = opening(factory)?;
    let offered: Vec<_> = factory.protocols.iter().map(String::as_str).collect();
    let socket = opening.open(&offered).await?;
    let (protocol, extensions) = (socket.protocol(), socket.extensions());
    let response = ConnectionResponse::new(opening.authority, protocol, extensions);
    let channel = Channel::new(opening.max_message_size, None, None, false);
    rt::spawn(drive(socket, channel.clone()));
    Ok(WebSocket::new(channel, response))
}

/// The browser gives no occasion to change the request.
pub(super) async fn open_client_protocol<P: WebSocketClientProtocol>(
    factory: &WebSocketClientFactory,
    _protocol: &mut P,
) -> Result<WebSocket, ConnectError> {
    if let (true, Some(text)) = (P::IN_PARTS, NO_PARTS) {
        return Err(ConnectError::InvalidConfig(ConfigError::new("IN_PARTS", text)));
    }
    open_client(factory).await
}

/// Errors have the name of the setting.
fn opening(factory: &WebSocketClientFactory) -> Result<Opening, ConnectError> {
    let url = WebSocketUrl::parse(&factory.url)?;
    if let Some(text) = refused_url(&url) {
        return Err(ConfigError::new("url", text).into());
    }
    if let Some(name) = refused(factory) {
        return Err(ConfigError::new(name, REFUSED).into());
    }
    factory.options.check()?;
    if let Some(Err(text)) = factory.connect_timeout.map(|time| check_time(time, true)) {
        return Err(ConfigError::new("connect_timeout", text).into());
    }
    check_protocols(&factory.protocols)?;
    Ok(Opening::new(url, factory.connect_timeout, &factory.options))
}

/// Returns the name of the first setting that the browser decides by itself.
fn refused(factory: &WebSocketClientFactory) -> Option<&'static str> {
    let settings = [
        (factory.origin.is_some(), "origin"),
        (factory.user_agent.is_some(), "user_agent"),
        (!factory.headers.is_empty(), "headers"),
        (factory.endpoint.is_some(), "endpoint"),
        (factory.proxy.is_some(), "proxy"),
        (factory.tls.is_some(), "tls"),
        (factory.ip_version != IpVersion::Any, "ip_version"),
    ];
    let name = settings.iter().find_map(|(is_set, name)| is_set.then_some(*name));
    name.or_else(|| refused_option(&factory.options))
}
