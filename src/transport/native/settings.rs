//! From a client's settings to what connects.
//!
//! Owns what natively becomes of each of them, and reading the files that they name.

#[cfg(feature = "tls")]
use std::fs::File;
#[cfg(feature = "tls")]
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use super::{
    AutoPing, Endpoint, IpVersion, Proxy, WampRawSocketClientFactory, WampWebSocketClientFactory,
};
#[cfg(feature = "tls")]
use super::{TlsConfig, TlsConfigError};
#[cfg(feature = "tls")]
use crate::auth::Secret;
use crate::error::{ConfigError, ConnectError};
use crate::message::Serializer;
use crate::net::dial::Dial;
use crate::transport::{
    ClientSettings, Connector, EndpointConfig, LONGEST, ProxyConfig, ProxyKind, TlsOptions,
    WebSocketOptions,
};

/// Maximum length of a PEM file: more than all certificate authorities of a platform.
#[cfg(feature = "tls")]
const MAX_FILE: u64 = 4 << 20;

/// Closing has two steps in Autobahn: until the server's Close frame, and until it ends TCP. Each
/// has so long by default.
const CLOSE_STEP: Duration = Duration::from_secs(1);

/// The settings have been checked one by one. Errors have the path of the key.
pub(crate) fn websocket_connector(
    settings: &ClientSettings,
) -> Result<Arc<dyn Connector>, ConfigError> {
    let mut factory = WampWebSocketClientFactory::new(&settings.url, &settings.serializers)
        .map_err(of_url)?
        .batched(settings.batched);
    factory.dial = dial(factory.dial, settings)?;
    for (name, value) in &settings.headers {
        factory = factory
            .header(name, value)
            .map_err(|error| at(&format!("headers.{}", name.escape_debug()), error))?;
    }
    Ok(Arc::new(options(factory, &settings.options)))
}

/// As [`websocket_connector`]. There is one serializer.
pub(crate) fn rawsocket_connector(
    settings: &ClientSettings,
    serializer: Serializer,
) -> Result<Arc<dyn Connector>, ConfigError> {
    let mut factory = WampRawSocketClientFactory::new(&settings.url, serializer).map_err(of_url)?;
    factory.dial = dial(factory.dial, settings)?;
    let options = &settings.options;
    if let Some(bytes) = options.max_message_payload_size {
        factory = factory.max_message_size(bytes);
    }
    if let Some(timeout) = options.close_handshake_timeout {
        factory = factory.close_timeout(timeout);
    }
    // Never, unless it is asked for.
    if options.auto_ping_interval.is_some_and(|interval| !interval.is_zero()) {
        factory = factory.auto_ping(auto_ping(options));
    }
    Ok(Arc::new(factory))
}

/// The way to the server, as it is set.
fn dial(mut dial: Dial, settings: &ClientSettings) -> Result<Dial, ConfigError> {
    if let Some(endpoint) = &settings.endpoint {
        let endpoint = match endpoint {
            EndpointConfig::Tcp { host, port } => Endpoint::tcp(host, *port),
            EndpointConfig::Unix { path } => Endpoint::unix(path),
        };
        dial = endpoint
            .and_then(|endpoint| dial.endpoint(endpoint))
            .map_err(|error| at("endpoint", error))?;
    }
    if let Some(config) = &settings.proxy {
        dial = proxy(config)
            .and_then(|proxy| dial.proxy(Some(proxy)))
            .map_err(|error| at("proxy", error))?;
    }
    if let Some(version) = settings.version {
        let version = if version == 4 { IpVersion::V4 } else { IpVersion::V6 };
        dial = dial.ip_version(version).map_err(|error| at("endpoint.version", error))?;
    }
    let host = if settings.endpoint.is_some() { "endpoint.host" } else { "url" };
    dial.check_onion().map_err(|error| at(host, error))?;
    if let Some(options) = &settings.tls {
        dial = tls(dial, options).map_err(|error| error.within("endpoint.tls"))?;
    }
    if let Some(timeout) = settings.connect_timeout {
        dial = dial.connect_timeout(timeout);
    }
    if let Some(timeout) = settings.options.open_handshake_timeout {
        dial = dial.handshake_timeout(timeout);
    }
    Ok(dial)
}

fn proxy(config: &ProxyConfig) -> Result<Proxy, ConfigError> {
    let proxy = match config.kind {
        ProxyKind::Http => Proxy::http(&config.host, config.port),
        ProxyKind::Socks5 => Proxy::socks5(&config.host, config.port),
    }?;
    match &config.credentials {
        Some((username, password)) => proxy.basic_auth(username, password.as_bytes()),
        None => Ok(proxy),
    }
}

#[cfg(feature = "tls")]
fn tls(dial: Dial, options: &TlsOptions) -> Result<Dial, ConfigError> {
    let mut tls = TlsConfig::new();
    let refused = |key: &str, error: TlsConfigError| ConfigError::new(key, error.message);
    if let Some(hostname) = &options.hostname {
        tls = tls.hostname(hostname).map_err(|error| refused("hostname", error))?;
    }
    if let Some(root) = &options.trust_root {
        let pem = pem(root.as_bytes()).map_err(|text| ConfigError::new("trust_root", text))?;
        tls = tls.with_root_pem(pem.as_bytes()).map_err(|error| refused("trust_root", error))?;
        tls = tls.without_platform_roots();
    }
    if let (Some(chain), Some(key)) = (&options.certificate, &options.key) {
        let chain = pem(chain.as_bytes()).map_err(|text| ConfigError::new("certificate", text))?;
        let key = pem(key.as_bytes()).map_err(|text| ConfigError::new("key", text))?;
        tls = tls
            .client_certificate_pem(chain.as_bytes(), key.as_bytes())
            .map_err(|error| refused(if error.of_key { "key" } else { "certificate" }, error))?;
    }
    Ok(dial.tls(tls))
}

#[cfg(not(feature = "tls"))]
fn tls(_dial: Dial, _options: &TlsOptions) -> Result<Dial, ConfigError> {
    Err(ConfigError::new("", "TLS needs the feature `tls` of the crate wampwerk"))
}

/// The PEM text itself, or that of the file. Errors do not repeat what was given: it may be a key
/// that is damaged.
#[cfg(feature = "tls")]
fn pem(path_or_pem: &[u8]) -> Result<Secret, String> {
    const BEGIN: &[u8] = b"-----BEGIN";
    if path_or_pem.windows(BEGIN.len()).any(|part| part == BEGIN) {
        return Ok(path_or_pem.into());
    }
    let path = std::str::from_utf8(path_or_pem)
        .map_err(|_| "it is neither PEM text nor the path of a file".to_owned())?;
    let failed = |error: std::io::Error| {
        format!("it is neither PEM text nor a file that can be read: {error}")
    };
    let file = File::open(path).map_err(failed)?;
    // A device may have no end, and a pipe no beginning.
    if !file.metadata().map_err(failed)?.is_file() {
        return Err("it is the path of something else than a file".to_owned());
    }
    let mut text = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_FILE {
        return Err("the file is longer than 4 MiB".to_owned());
    }
    Ok(text.into())
}

/// Puts an error of the factory at the path of the key, unless it is at a part of the key already.
fn at(key: &str, error: ConfigError) -> ConfigError {
    match error.path.starts_with(key) {
        true => error,
        false => error.at(key),
    }
}

/// Puts the error of a new factory at the path of its URL. The message repeats no URL, which may
/// hold a password by mistake.
fn of_url(error: ConnectError) -> ConfigError {
    match error {
        ConnectError::InvalidUrl(error) => ConfigError::new("url", &error.message).caused_by(error),
        ConnectError::InvalidConfig(error) => error,
        other => ConfigError::new("url", &other).caused_by(other),
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
    let steps = [options.close_handshake_timeout, options.server_connection_drop_timeout];
    if steps.iter().any(Option::is_some) {
        let steps = steps.map(|step| step.unwrap_or(CLOSE_STEP));
        factory = factory.close_timeout(steps.into_iter().sum());
    }
    if let Some(bytes) = options.auto_fragment_size {
        factory = factory.auto_fragment_size(bytes);
    }
    factory.auto_ping(auto_ping(options))
}

/// Of what is not set, the default.
fn auto_ping(options: &WebSocketOptions) -> Option<AutoPing> {
    let default = AutoPing::default();
    let interval = options.auto_ping_interval.unwrap_or(default.interval);
    let timeout = match options.auto_ping_timeout.unwrap_or(default.timeout) {
        // A server that does not answer is not asked again, as in Autobahn.
        Duration::ZERO => LONGEST,
        timeout => timeout,
    };
    let restart = options.auto_ping_restart_on_any_traffic.unwrap_or(default.restart_on_traffic);
    let ping = AutoPing::new(interval, timeout)
        .size(options.auto_ping_size.unwrap_or(default.size))
        .restart_on_traffic(restart);
    (!interval.is_zero()).then_some(ping)
}
