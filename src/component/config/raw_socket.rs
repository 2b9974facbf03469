//! What RawSocket makes of a transport's settings.
//!
//! Owns what it has not: each setting without a meaning there is refused by its name.

use std::sync::Arc;

use crate::codec;
use crate::error::ConfigError;
use crate::message::Serializer;
use crate::transport::{
    ClientSettings, Connector, EndpointConfig, WebSocketOptions, rawsocket_connector,
};
use crate::url::Host;

/// Those of Autobahn's `setProtocolOptions` that can be set for RawSocket.
pub(super) const OPTIONS: [&str; 8] = [
    "maxMessagePayloadSize",
    "openHandshakeTimeout",
    "closeHandshakeTimeout",
    "autoPingInterval",
    "autoPingTimeout",
    "autoPingSize",
    "autoPingRestartOnAnyTraffic",
    "tcpNoDelay",
];

/// With the URL that RawSocket needs. Autobahn takes one of WebSocket as well; and with an endpoint,
/// there may be none: then that says whether there is TLS.
pub(super) fn with_url(settings: &ClientSettings) -> ClientSettings {
    let url = &settings.url;
    let url = match &settings.endpoint {
        Some(EndpointConfig::Tcp { host, port }) if url.is_empty() => {
            let scheme = if settings.tls.is_some() { "rss" } else { "rs" };
            format!("{scheme}://{}:{port}", Host(host.trim_matches(['[', ']'])))
        }
        Some(EndpointConfig::Unix { .. }) if url.is_empty() => "rs://localhost".to_owned(),
        _ => match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("rs://{rest}"),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("rss://{rest}"),
            _ => url.clone(),
        },
    };
    ClientSettings { url, ..settings.clone() }
}

/// Makes what connects. What is the same for WebSocket has been checked.
pub(super) fn connector(settings: &ClientSettings) -> Result<Arc<dyn Connector>, ConfigError> {
    let serializer = match settings.serializers.as_slice() {
        [] => codec::available().first().copied().unwrap_or(Serializer::Cbor),
        [one] => *one,
        _ => return Err(ConfigError::new("serializer", "RawSocket has one serializer")),
    };
    // Where there is no RawSocket at all, that is to be said, and not what it has not.
    let connector = rawsocket_connector(settings, serializer)?;
    check(settings)?;
    Ok(connector)
}

fn check(settings: &ClientSettings) -> Result<(), ConfigError> {
    let WebSocketOptions {
        max_message_payload_size,
        open_handshake_timeout: _,
        close_handshake_timeout: _,
        auto_ping_interval,
        auto_ping_timeout,
        auto_ping_size,
        auto_ping_restart_on_any_traffic,
        max_frame_payload_size,
        auto_fragment_size,
        server_connection_drop_timeout,
    } = &settings.options;
    let not_here = [
        (settings.batched, "batched"),
        (!settings.headers.is_empty(), "headers"),
        (max_frame_payload_size.is_some(), "options.max_frame_payload_size"),
        (auto_fragment_size.is_some(), "options.auto_fragment_size"),
        (server_connection_drop_timeout.is_some(), "options.server_connection_drop_timeout"),
    ];
    if let Some((_, key)) = not_here.iter().find(|(set, _)| *set) {
        return Err(ConfigError::new(*key, "RawSocket has none"));
    }
    // Section "RawSocket Transport" of the specification: 512 bytes to 16 MiB.
    if max_message_payload_size.is_some_and(|size| !(512..=16 << 20).contains(&size)) {
        let text = "it must be 512 to 16777216 bytes for RawSocket";
        return Err(ConfigError::new("options.max_message_payload_size", text));
    }
    let of_pings = [
        (auto_ping_timeout.is_some(), "options.auto_ping_timeout"),
        (auto_ping_size.is_some(), "options.auto_ping_size"),
        (auto_ping_restart_on_any_traffic.is_some(), "options.auto_ping_restart_on_any_traffic"),
    ];
    match of_pings.iter().find(|(set, _)| *set && auto_ping_interval.is_none()) {
        Some((_, key)) => {
            let text = "RawSocket pings only if there is an auto_ping_interval, too";
            Err(ConfigError::new(*key, text))
        }
        None => Ok(()),
    }
}
