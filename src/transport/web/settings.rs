//! From a client's settings to what connects.
//!
//! Owns what becomes of each of them in the browser, and which of them it cannot have.

use std::sync::Arc;

use super::WampWebSocketClientFactory;
use crate::error::{ConfigError, ConnectError};
use crate::message::Serializer;
use crate::transport::{ClientSettings, Connector};

/// The settings have been checked one by one. Errors have the path of the key.
#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
pub(crate) fn websocket_connector(
    settings: &ClientSettings,
) -> Result<Arc<dyn Connector>, ConfigError> {
    let options = &settings.options;
    let not_here = [
        (settings.endpoint.is_some(), "endpoint"),
        (settings.version.is_some(), "endpoint.version"),
        (settings.tls.is_some(), "endpoint.tls"),
        (settings.proxy.is_some(), "proxy"),
        (!settings.headers.is_empty(), "headers"),
        (options.max_frame_payload_size.is_some(), "options.max_frame_payload_size"),
        (options.close_handshake_timeout.is_some(), "options.close_handshake_timeout"),
        (
            options.server_connection_drop_timeout.is_some(),
            "options.server_connection_drop_timeout",
        ),
        (options.auto_ping_interval.is_some(), "options.auto_ping_interval"),
        (options.auto_ping_timeout.is_some(), "options.auto_ping_timeout"),
        (options.auto_ping_size.is_some(), "options.auto_ping_size"),
        (
            options.auto_ping_restart_on_any_traffic.is_some(),
            "options.auto_ping_restart_on_any_traffic",
        ),
        (options.auto_fragment_size.is_some(), "options.auto_fragment_size"),
    ];
    if let Some((_, key)) = not_here.iter().find(|(set, _)| *set) {
        return Err(ConfigError::new(*key, "the browser decides this; it cannot be set in a page"));
    }
    let mut factory = WampWebSocketClientFactory::new(&settings.url, &settings.serializers)
        .map_err(|error| match error {
            // The message repeats no URL, which may hold a password by mistake.
            ConnectError::InvalidUrl(error) => {
                ConfigError::new("url", &error.message).caused_by(error)
            }
            ConnectError::InvalidConfig(error) => error,
            other => ConfigError::new("url", &other).caused_by(other),
        })?
        .batched(settings.batched);
    if let Some(timeout) = settings.connect_timeout {
        factory = factory.connect_timeout(timeout);
    }
    if let Some(timeout) = options.open_handshake_timeout {
        factory = factory.handshake_timeout(timeout);
    }
    if let Some(bytes) = options.max_message_payload_size {
        factory = factory.max_message_size(bytes);
    }
    Ok(Arc::new(factory))
}

/// A browser opens no sockets but WebSockets.
pub(crate) fn rawsocket_connector(
    _settings: &ClientSettings,
    _serializer: Serializer,
) -> Result<Arc<dyn Connector>, ConfigError> {
    Err(ConfigError::new("url", "RawSocket is not available in the browser; use ws:// or wss://"))
}
