//! From a client's settings to what connects.
//!
//! Owns what natively becomes of each of them, and reading the files that they name.

use std::sync::Arc;
use std::time::Duration;

use super::{AutoPing, WampWebSocketClientFactory};
use crate::error::{ConfigError, ConnectError};
use crate::transport::{Connector, LONGEST, WebSocketOptions, WebSocketSettings};

/// Closing has two steps in Autobahn: until the server's Close frame, and until it ends TCP. Each
/// has so long by default.
const CLOSE_STEP: Duration = Duration::from_secs(1);

/// The settings have been checked one by one. Errors have the path of the key.
pub(crate) fn websocket_connector(
    settings: &WebSocketSettings,
) -> Result<Arc<dyn Connector>, ConfigError> {
    let mut factory = WampWebSocketClientFactory::new(&settings.url, &settings.serializers)
        .map_err(|error| at("url", error))?
        .batched(settings.batched);
    for (name, value) in &settings.headers {
        factory =
            factory.header(name, value).map_err(|error| at(&format!("headers.{name}"), error))?;
    }
    if let Some(timeout) = settings.connect_timeout {
        factory = factory.connect_timeout(timeout);
    }
    Ok(Arc::new(options(factory, &settings.options)))
}

/// What an error of the factory says, without what the path says.
fn at(key: &str, error: ConnectError) -> ConfigError {
    match error {
        // A URL may hold a password, by mistake.
        ConnectError::InvalidUrl { message, .. } | ConnectError::InvalidConfig(message) => {
            ConfigError::new(key, message)
        }
        other => ConfigError::new(key, other),
    }
}

fn options(
    mut factory: WampWebSocketClientFactory,
    options: &WebSocketOptions,
) -> WampWebSocketClientFactory {
    if let Some(bytes) = options.max_message_payload_size {
        factory = factory.max_message_size(bytes);
    }
    if let Some(bytes) = options.max_frame_payload_size {
        factory = factory.max_frame_size(bytes);
    }
    if let Some(timeout) = options.open_handshake_timeout {
        factory = factory.handshake_timeout(timeout);
    }
    let steps = [options.close_handshake_timeout, options.server_connection_drop_timeout];
    if steps.iter().any(Option::is_some) {
        let steps = steps.map(|step| step.unwrap_or(CLOSE_STEP));
        factory = factory.close_timeout(steps.into_iter().sum());
    }
    match (options.auto_ping_interval, options.auto_ping_timeout) {
        (None, None) => factory,
        (Some(Duration::ZERO), _) => factory.auto_ping(None),
        (interval, timeout) => {
            let default = AutoPing::default();
            let timeout = match timeout {
                // A server that does not answer is not asked again, as in Autobahn.
                Some(Duration::ZERO) => LONGEST,
                timeout => timeout.unwrap_or(default.timeout),
            };
            factory.auto_ping(AutoPing::new(interval.unwrap_or(default.interval), timeout))
        }
    }
}
