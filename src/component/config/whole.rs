//! Reads a whole component from one dict: transports, realm and authentication.

use std::time::Duration;

use crate::component::builder::SetLimit;
use crate::component::config::dict;
use crate::component::config::read::{self, Fields};
use crate::component::transports::IntoTransports;
use crate::component::{Component, ComponentBuilder};
use crate::error::ConfigError;
use crate::session::SessionConfig;
use crate::session::authentication::Authentication;
use crate::settings::{LARGEST, Ping};
use crate::value::Value;

impl ComponentBuilder {
    /// Reads a component's dict; what it is there for ([`main`](Self::main), a session factory,
    /// handlers) is added afterwards.
    ///
    /// | key | value | default |
    /// |---|---|---|
    /// | `realm` | a URI | `realm1` |
    /// | `transports` | a URL, a dict as of [`TransportConfig`](crate::transport::TransportConfig), or a list of them | `ws://127.0.0.1:8080/ws` |
    /// | `authentication` | a dict of methods, see [`Authentication::from_value`] | none |
    /// | `limits` | a dict of limits in bytes: `details`, `joining`, `queue`, `running`, which are [`details_limit`](SessionConfig::details_limit), … of [`SessionConfig`] | those of [`SessionConfig`] |
    /// | `heartbeat` | a dict of `interval` and `timeout` in seconds, see [`heartbeat`](Self::heartbeat); without `timeout` it is 10 | none |
    /// | `extra` | anything, for the program's own use | null |
    ///
    /// # Errors
    /// If a key is unknown, or its value cannot be used; with the path of the key, as in
    /// `transports[1].endpoint.tls.trust_root`.
    pub fn from_value(value: &Value) -> Result<Self, ConfigError> {
        if let Some(key) =
            read::dict(value)?.iter().map(|(key, _)| key).find(|key| dict::RETRY.contains(key))
        {
            let text = format_args!("it belongs to a transport: transports[0].{key}");
            return Err(ConfigError::new(key, text));
        }
        let known = ["realm", "transports", "authentication", "limits", "heartbeat", "extra"];
        let fields = Fields::of(value, &known)?;
        let mut builder = Component::builder();
        if let Some(realm) = fields.text("realm")? {
            builder = builder.realm(realm);
        }
        if let Some(transports) = fields.map("transports", IntoTransports::into_transports)? {
            builder = builder.transports(transports);
        }
        if let Some(authentication) = fields.map("authentication", Authentication::from_value)? {
            builder = builder.authentication(authentication);
        }
        for (set, bytes) in fields.map("limits", limits)?.unwrap_or_default() {
            builder.limit(set, bytes);
        }
        if let Some((interval, timeout)) = fields.map("heartbeat", heartbeat)? {
            builder = builder.heartbeat(interval, timeout);
        }
        if let Some(extra) = fields.get("extra") {
            builder = builder.extra(extra.clone());
        }
        Ok(builder)
    }

    /// Reads a component's dict from JSON text; see [`from_value`](Self::from_value).
    ///
    /// # Errors
    /// Returns an error for text that is not valid JSON, and for the first key that is unknown or has a value
    /// that is not valid, with its path.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        ComponentBuilder::from_value(&read::json(text)?)
    }
}

/// The limits of sessions by their keys.
const LIMITS: [(&str, SetLimit); 4] = [
    ("details", SessionConfig::details_limit),
    ("joining", SessionConfig::joining_limit),
    ("queue", SessionConfig::queue_limit),
    ("running", SessionConfig::running_limit),
];

fn limits(value: &Value) -> Result<Vec<(SetLimit, usize)>, ConfigError> {
    let fields = Fields::of(value, &LIMITS.map(|(key, _)| key))?;
    let mut limits = Vec::new();
    for (key, set) in LIMITS {
        let bytes = fields.map(key, |value| read::integer(value, 1, LARGEST as i64))?;
        limits.extend(bytes.and_then(|bytes| Some((set, usize::try_from(bytes).ok()?))));
    }
    Ok(limits)
}

fn heartbeat(value: &Value) -> Result<(Duration, Duration), ConfigError> {
    let fields = Fields::of(value, &["interval", "timeout"])?;
    let timeout = fields.map("timeout", read::some_seconds)?.unwrap_or(Ping::DEFAULT_TIME);
    Ok((fields.required("interval", read::seconds)?, timeout))
}

impl Component {
    /// Creates a component from a dict; see [`ComponentBuilder::from_value`].
    ///
    /// # Errors
    /// Returns an error for the first key that is unknown or has a value that is not valid, with its path, and for
    /// settings that do not fit together.
    pub fn from_value(value: &Value) -> Result<Self, ConfigError> {
        ComponentBuilder::from_value(value)?.build()
    }

    /// A component with nothing but what JSON text says; see [`ComponentBuilder::from_value`].
    ///
    /// ```
    /// use wampwerk::Component;
    ///
    /// # fn main() -> Result<(), wampwerk::error::ConfigError> {
    /// let component = Component::from_json(
    ///     r#"{
    ///         "realm": "realm1",
    ///         "transports": [
    ///             {"url": "wss://example.com/ws", "serializers": ["cbor"], "max_retries": 5},
    ///             "ws://127.0.0.1:8080/ws"
    ///         ],
    ///         "authentication": {"wampcra": {"authid": "joe", "secret": "not so secret"}}
    ///     }"#,
    /// )?;
    /// component.on_join(|session| async move { println!("joined {}", session.realm()) });
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error for text that is not valid JSON, for the first key that is unknown or has a value that is
    /// not valid, with its path, and for settings that do not fit together.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        ComponentBuilder::from_json(text)?.build()
    }
}
