//! From a client's settings to what connects, in the browser: what becomes of each, and which of
//! them it cannot have.

use std::sync::Arc;

use super::websocket::WebSocketClient;
use crate::error::{ConfigError, UrlError};
use crate::message::Serializer;
use crate::transport::{Connector, IpVersion, TransportConfig, of_url};
use crate::url::{RawSocketUrl, WebSocketUrl, shown};
use crate::websocket::web::{REFUSED, refused_option, refused_url};

/// The settings have been checked one by one. Errors have the path of the key.
#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(crate) fn websocket_connector(
    config: &TransportConfig,
) -> Result<Arc<dyn Connector>, ConfigError> {
    if let Some(key) = first_unsupported(config) {
        return Err(ConfigError::new(key, REFUSED));
    }
    let url = WebSocketUrl::parse(&config.url).map_err(of_url)?;
    check_url(&config.url, &url).map_err(of_url)?;
    Ok(Arc::new(WebSocketClient::new(url, config)))
}

/// A browser opens WebSockets only.
pub(crate) fn rawsocket_connector(
    _config: &TransportConfig,
    _serializer: Serializer,
) -> Result<Arc<dyn Connector>, ConfigError> {
    Err(ConfigError::new("url", NO_RAW_SOCKET))
}

const NO_RAW_SOCKET: &str = "RawSocket is not available in the browser; use ws:// or wss://";

/// A URL of either transport.
pub(crate) trait Url {
    /// The reason why it does not work in the browser, if so.
    fn refused(&self) -> Option<&'static str>;
}

impl Url for WebSocketUrl {
    fn refused(&self) -> Option<&'static str> {
        refused_url(self)
    }
}

impl Url for RawSocketUrl {
    fn refused(&self) -> Option<&'static str> {
        Some(NO_RAW_SOCKET)
    }
}

/// Refuses a URL that cannot be connected to from here. `given` is its text.
pub(crate) fn check_url(given: &str, url: &impl Url) -> Result<(), UrlError> {
    match url.refused() {
        None => Ok(()),
        Some(message) => Err(UrlError::new(shown(given), message)),
    }
}

/// The first setting that the browser decides by itself.
fn first_unsupported(config: &TransportConfig) -> Option<String> {
    let keys = [
        (config.endpoint.is_some(), "endpoint"),
        (config.ip_version != IpVersion::Any, "endpoint.version"),
        (config.tls.is_some(), "endpoint.tls"),
        (config.proxy.is_some(), "proxy"),
        (!config.headers.is_empty(), "headers"),
    ];
    let key = keys.iter().find_map(|(set, key)| set.then(|| (*key).to_owned()));
    key.or_else(|| refused_option(&config.options).map(|key| format!("options.{key}")))
}
