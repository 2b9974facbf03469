//! From a client's settings to what connects, natively.

use std::sync::Arc;

use super::rawsocket::RawSocketClient;
use super::websocket::WebSocketClient;
use crate::error::{ConfigError, UrlError};
use crate::message::Serializer;
use crate::net::dial::{Site, Way};
use crate::transport::{Connector, TransportConfig};
use crate::url::shown;

/// The settings have been checked one by one. Errors have the path of the key.
pub(crate) fn websocket_connector(
    config: &TransportConfig,
) -> Result<Arc<dyn Connector>, ConfigError> {
    Ok(Arc::new(WebSocketClient::new(config)?))
}

/// As [`websocket_connector`], with one serializer.
pub(crate) fn rawsocket_connector(
    config: &TransportConfig,
    serializer: Serializer,
) -> Result<Arc<dyn Connector>, ConfigError> {
    Ok(Arc::new(RawSocketClient::new(config, serializer)?))
}

/// Refuses a URL that cannot be connected to from here. `given` is its text.
pub(crate) fn check_url<'a>(given: &str, url: impl Into<Site<'a>>) -> Result<(), UrlError> {
    url.into().check().map_err(|message| UrlError::new(shown(given), message))
}

/// Applies the settings of the route.
pub(super) fn way(config: &TransportConfig) -> Way<'_> {
    Way {
        endpoint: config.endpoint.as_ref(),
        proxy: config.proxy.as_ref(),
        ip_version: config.ip_version,
        connect_timeout: config.connect_timeout,
        handshake_timeout: config.options.open_handshake_timeout,
        tls: config.tls.as_ref(),
    }
}

/// The error of a URL as that of its setting. The message repeats no URL, which may hold a password by
/// mistake.
pub(super) fn of_url(error: UrlError) -> ConfigError {
    ConfigError::new("url", &error.message).caused_by(error)
}
