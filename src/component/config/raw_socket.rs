//! RawSocket's settings: `rs://` and `rss://` URLs.
//!
//! Owns the check of what is given, and the one place where it is refused until there is such a
//! transport.

use std::sync::Arc;

use crate::error::{ConfigError, ConnectError};
use crate::transport::url::WebSocketUrl;
use crate::transport::{Connector, WebSocketOptions, WebSocketSettings};

/// Whether the scheme is RawSocket's.
pub(super) fn is_url(url: &str) -> bool {
    scheme(url).is_some()
}

/// Whether there is TLS, and what follows the scheme.
fn scheme(url: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "rs" => Some((false, rest)),
        "rss" => Some((true, rest)),
        _ => None,
    }
}

/// Checks the settings, and makes what connects.
pub(super) fn connector(settings: &WebSocketSettings) -> Result<Arc<dyn Connector>, ConfigError> {
    check(settings)?;
    // Here the connector is made, once there is one.
    Err(ConfigError::new("type", "RawSocket transports are not built in yet; use WebSocket"))
}

fn check(settings: &WebSocketSettings) -> Result<(), ConfigError> {
    // With an endpoint, there may be no URL.
    if !(settings.url.is_empty() && settings.endpoint.is_some()) {
        check_url(&settings.url).map_err(|text| ConfigError::new("url", text))?;
    }
    if settings.serializers.len() > 1 {
        return Err(ConfigError::new("serializer", "RawSocket has one serializer"));
    }
    let not_here = [
        (settings.batched, "batched"),
        (settings.proxy.is_some(), "proxy"),
        (!settings.headers.is_empty(), "headers"),
    ];
    if let Some((_, key)) = not_here.iter().find(|(set, _)| *set) {
        return Err(ConfigError::new(*key, "RawSocket has none"));
    }
    let WebSocketOptions { max_message_payload_size, .. } = settings.options;
    let known = WebSocketOptions { max_message_payload_size, ..WebSocketOptions::default() };
    if settings.options != known {
        return Err(ConfigError::new("options", "RawSocket has maxMessagePayloadSize only"));
    }
    // Section "RawSocket Transport" of the specification: 512 bytes to 16 MiB.
    if max_message_payload_size.is_some_and(|size| !(512..=16 << 20).contains(&size)) {
        let text = "it must be 512 to 16777216 bytes for RawSocket";
        return Err(ConfigError::new("options.max_message_payload_size", text));
    }
    Ok(())
}

/// `rs[s]://host[:port]` or `rs://unix:/path`; a WebSocket URL is read as one as well.
fn check_url(url: &str) -> Result<(), String> {
    let Some((secure, rest)) = scheme(url) else {
        let begins = "a RawSocket URL begins with rs:// or rss://";
        return WebSocketUrl::parse(url).map(drop).map_err(|_| begins.to_owned());
    };
    if let Some(path) = rest.strip_prefix("unix:") {
        return match path {
            _ if secure => Err("a Unix domain socket has no TLS".to_owned()),
            path if path.len() > 1 && path.starts_with('/') => Ok(()),
            _ => Err("rs://unix: is followed by an absolute path".to_owned()),
        };
    }
    if rest.trim_end_matches('/').contains(['/', '?', '#']) {
        return Err("a RawSocket URL has no path, query or fragment".to_owned());
    }
    // The rest follows the same rules.
    let scheme = if secure { "wss" } else { "ws" };
    match WebSocketUrl::parse(&format!("{scheme}://{rest}")) {
        Ok(_) => Ok(()),
        Err(ConnectError::InvalidUrl { message, .. }) => Err(message),
        Err(error) => Err(error.to_string()),
    }
}
