//! `TransportConfig` from Autobahn's transport dict, key by key.

use crate::component::config::options;
use crate::component::config::read::{self, Fields};
use crate::core::retry::{GROWTH, JITTER};
use crate::error::ConfigError;
use crate::message::Serializer;
use crate::transport::{Endpoint, IpVersion, Proxy, Tls, TransportConfig, is_secure};
use crate::url::is_raw_socket;
use crate::value::Value;

impl TransportConfig {
    /// Reads Autobahn's dict, or a URL as a string.
    ///
    /// # Errors
    /// Returns an error for an unknown or missing key, and for a value of the wrong type or out of
    /// range. [`connector`](Self::connector) performs the other checks.
    pub fn from_value(value: &Value) -> Result<Self, ConfigError> {
        match value {
            Value::String(url) => Ok(TransportConfig::new(url)),
            value => transport(value),
        }
    }

    /// Reads Autobahn's dict from JSON text.
    ///
    /// # Errors
    /// Returns an error for text that is not valid JSON, for an unknown or missing key, and for a value of the
    /// wrong type or out of range.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        TransportConfig::from_value(&read::json(text)?)
    }
}

const TRANSPORT: [&str; 13] = [
    "type",
    "url",
    "endpoint",
    "serializers",
    "serializer",
    "options",
    "proxy",
    "headers",
    "max_retries",
    "initial_retry_delay",
    "max_retry_delay",
    "retry_delay_growth",
    "retry_delay_jitter",
];

/// The keys of the retry policy.
pub(super) const RETRY: [&str; 5] = [
    "max_retries",
    "initial_retry_delay",
    "max_retry_delay",
    "retry_delay_growth",
    "retry_delay_jitter",
];

fn transport(value: &Value) -> Result<TransportConfig, ConfigError> {
    let fields = Fields::of(value, &TRANSPORT)?;
    let url = fields.text("url")?;
    let mut config = match fields.map("type", kind)? {
        Some(Kind::WebSocket) => TransportConfig::websocket(required(url)?),
        Some(Kind::RawSocket) => {
            // Autobahn needs no URL with an endpoint.
            match fields.get("endpoint") {
                Some(_) => TransportConfig::rawsocket(url.unwrap_or_default()),
                None => TransportConfig::rawsocket(required(url)?),
            }
        }
        None => TransportConfig::new(required(url)?),
    };
    let raw = matches!(fields.map("type", kind)?, Some(Kind::RawSocket))
        || fields.get("type").is_none() && url.is_some_and(is_raw_socket);
    config = serializers(config, &fields, raw)?;
    if let Some(value) = fields.get("endpoint") {
        config = endpoint(config, value, url.unwrap_or_default())
            .map_err(|error| error.within("endpoint"))?;
    }
    if let Some(options) = fields.map("options", |value| options::read(value, raw))? {
        config = config.options(options);
    }
    if let Some(proxy) = fields.map("proxy", proxy)? {
        config = config.proxy(proxy);
    }
    for (name, value) in fields.map("headers", headers)?.into_iter().flatten() {
        config = config.header(name, value);
    }
    retry(config, &fields)
}

enum Kind {
    WebSocket,
    RawSocket,
}

fn kind(value: &Value) -> Result<Kind, ConfigError> {
    match read::text(value)? {
        "websocket" => Ok(Kind::WebSocket),
        "rawsocket" => Ok(Kind::RawSocket),
        _ => Err(ConfigError::new("", "it must be \"websocket\" or \"rawsocket\"")),
    }
}

fn required(url: Option<&str>) -> Result<&str, ConfigError> {
    url.ok_or_else(|| ConfigError::new("url", "it is missing"))
}

fn serializers(
    config: TransportConfig,
    fields: &Fields<'_>,
    raw: bool,
) -> Result<TransportConfig, ConfigError> {
    let (right, wrong) =
        if raw { ("serializer", "serializers") } else { ("serializers", "serializer") };
    if fields.get(wrong).is_some() {
        let kind = if raw { "rawsocket" } else { "websocket" };
        return Err(ConfigError::new(wrong, format_args!("{kind} has the key {right} instead")));
    }
    let Some(value) = fields.get(right) else { return Ok(config) };
    if raw {
        let one = serializer(value).map_err(|error| error.within(right))?;
        return Ok(config.serializers(&[one]));
    }
    let list = read::list(value).map_err(|error| error.within(right))?;
    if list.is_empty() {
        return Err(ConfigError::new(right, "at least one is needed"));
    }
    let all: Result<Vec<_>, _> = list
        .iter()
        .enumerate()
        .map(|(at, value)| {
            serializer(value).map_err(|error| error.within(format!("{right}[{at}]")))
        })
        .collect();
    Ok(config.serializers(&all?))
}

fn serializer(value: &Value) -> Result<Serializer, ConfigError> {
    let id = read::text(value)?;
    let known = Serializer::ALL.map(Serializer::as_str).join(", ");
    Serializer::from_id(id).ok_or_else(|| {
        let text = if id.ends_with(".batched") {
            "batches are switched on by the setting batched".to_owned()
        } else {
            format!("unknown serializer; known are {known}")
        };
        ConfigError::new("", text)
    })
}

fn endpoint(
    mut config: TransportConfig,
    value: &Value,
    url: &str,
) -> Result<TransportConfig, ConfigError> {
    let fields = Fields::of(value, &["type", "host", "port", "path", "timeout", "version", "tls"])?;
    let forbid = |keys: &[&str], kind: &str| match keys.iter().find(|key| fields.get(key).is_some())
    {
        Some(key) => {
            Err(ConfigError::new(*key, format_args!("not supported by an endpoint of type {kind}")))
        }
        None => Ok(()),
    };
    match fields.required("type", read::text)? {
        "tcp" => {
            forbid(&["path"], "tcp")?;
            let host = fields.required("host", read::text)?;
            let port = fields.required("port", read::port)?;
            config = config.endpoint(Endpoint::tcp(host, port));
        }
        "unix" => {
            // File permissions protect a unix socket.
            forbid(&["host", "port", "version"], "unix")?;
            if fields.get("tls").is_some_and(|tls| *tls != Value::Bool(false)) {
                return Err(ConfigError::new("tls", "not supported by an endpoint of type unix"));
            }
            config = config.endpoint(Endpoint::unix(fields.required("path", read::text)?));
        }
        _ => return Err(ConfigError::new("type", "it must be \"tcp\" or \"unix\"")),
    }
    if let Some(timeout) = fields.map("timeout", read::some_seconds)? {
        config = config.connect_timeout(timeout);
    }
    if let Some(version) = fields.map("version", version)? {
        config = config.ip_version(version);
    }
    match fields.get("tls") {
        Some(Value::Bool(false)) if is_secure(url) => {
            Err(ConfigError::new("tls", "it is false, but the URL asks for TLS"))
        }
        None | Some(Value::Bool(false)) => Ok(config),
        Some(Value::Bool(true)) => Ok(config.tls(Tls::new())),
        Some(value @ Value::Dict(_)) => {
            Ok(config.tls(tls(value).map_err(|error| error.within("tls"))?))
        }
        Some(_) => Err(ConfigError::new("tls", "it must be true, false or a dict")),
    }
}

fn version(value: &Value) -> Result<IpVersion, ConfigError> {
    match value.as_u64() {
        Some(4) => Ok(IpVersion::V4),
        Some(6) => Ok(IpVersion::V6),
        _ => Err(ConfigError::new("", "it must be 4 or 6")),
    }
}

fn tls(value: &Value) -> Result<Tls, ConfigError> {
    let fields = Fields::of(value, &["hostname", "trust_root", "certificate", "key"])?;
    let mut tls = Tls::new();
    if let Some(hostname) = fields.text("hostname")? {
        tls = tls.hostname(hostname);
    }
    if let Some(trust_root) = fields.text("trust_root")? {
        tls = tls.trust_root(trust_root);
    }
    match (fields.text("certificate")?, fields.text("key")?) {
        (None, None) => Ok(tls),
        (Some(chain), Some(key)) => Ok(tls.certificate(chain, key)),
        (Some(_), None) => Err(ConfigError::new("key", "it is missing beside the certificate")),
        (None, Some(_)) => Err(ConfigError::new("certificate", "it is missing beside the key")),
    }
}

fn proxy(value: &Value) -> Result<Proxy, ConfigError> {
    let fields = Fields::of(value, &["type", "host", "port", "username", "password"])?;
    let make: fn(&str, u16) -> Proxy = match fields.text("type")? {
        None | Some("http") => |host, port| Proxy::http(host, port),
        Some("socks5") => |host, port| Proxy::socks5(host, port),
        Some(_) => return Err(ConfigError::new("type", "it must be \"http\" or \"socks5\"")),
    };
    let host = fields.required("host", read::text)?;
    let proxy = make(host, fields.required("port", read::port)?);
    match (fields.text("username")?, fields.text("password")?) {
        (None, None) => Ok(proxy),
        (Some(username), Some(password)) => Ok(proxy.credentials(username, password)),
        (Some(_), None) => Err(ConfigError::new("password", "it is missing beside the username")),
        (None, Some(_)) => Err(ConfigError::new("username", "it is missing beside the password")),
    }
}

fn headers(value: &Value) -> Result<Vec<(&str, &str)>, ConfigError> {
    let entries = read::dict(value)?.iter();
    entries
        .map(|(name, value)| match read::text(value) {
            Ok(text) => Ok((name, text)),
            Err(error) => Err(error.within(name.escape_debug())),
        })
        .collect()
}

fn retry(mut config: TransportConfig, fields: &Fields<'_>) -> Result<TransportConfig, ConfigError> {
    let retries = |value: &Value| read::integer(value, -1, i64::from(u32::MAX));
    if let Some(retries) = fields.map("max_retries", retries)? {
        // -1 means no limit.
        config = config.max_retries(u32::try_from(retries).ok());
    }
    if let Some(delay) = fields.map("initial_retry_delay", read::seconds)? {
        config = config.initial_retry_delay(delay);
    }
    if let Some(delay) = fields.map("max_retry_delay", read::seconds)? {
        config = config.max_retry_delay(delay);
    }
    let (least, most) = GROWTH;
    if let Some(growth) = fields.map("retry_delay_growth", |v| read::number(v, least, most))? {
        config = config.retry_delay_growth(growth);
    }
    let (least, most) = JITTER;
    if let Some(jitter) = fields.map("retry_delay_jitter", |v| read::number(v, least, most))? {
        config = config.retry_delay_jitter(jitter);
    }
    Ok(config)
}
