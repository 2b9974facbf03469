//! Converts URLs, dicts, JSON and lists of them into the transports of a component.

use std::future::Future;

use crate::component::config::read;
use crate::component::error::BoxError;
use crate::component::transports::{IntoTransports, TransportEntry};
use crate::error::ConfigError;
use crate::rt::{MaybeSend, MaybeSync};
use crate::transport::{TransportConfig, WampRawSocketClientFactory, WampWebSocketClientFactory};
use crate::value::{Dict, Value};

impl TransportConfig {
    /// This transport, but its URL is asked for at each attempt. If the function gives an error, or
    /// an invalid URL, the attempt fails. The URL that the transport has is its name, without a query.
    ///
    /// # Errors
    /// If a setting cannot be used, even with the URL that it has.
    pub fn url_per_attempt<F, Fut, E>(self, url: F) -> Result<TransportEntry, ConfigError>
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<String, E>> + MaybeSend + 'static,
        E: Into<BoxError> + 'static,
    {
        self.connector()?;
        let (name, policy) = (self.name(), self.retry.clone());
        let entry = TransportEntry::per_attempt(name, move || {
            let (config, url) = (self.clone(), url());
            async move {
                let url = url.await.map_err(Into::into)?;
                Ok::<_, BoxError>(config.url(url).connector()?)
            }
        });
        Ok(match policy {
            Some(policy) => entry.retry(policy),
            None => entry,
        })
    }

    /// Converts into an entry of a component's transports.
    fn entry(self) -> Result<TransportEntry, ConfigError> {
        let entry = TransportEntry::new(self.name(), self.connector()?);
        Ok(match self.retry {
            Some(policy) => entry.retry(policy),
            None => entry,
        })
    }
}

impl IntoTransports for WampWebSocketClientFactory {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        self.into_config().into_transports()
    }
}

impl IntoTransports for WampRawSocketClientFactory {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        self.into_config().into_transports()
    }
}

/// The router in this process, without a socket.
#[cfg(feature = "router")]
impl IntoTransports for crate::router::Router {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        TransportConfig::with_connector(self).into_transports()
    }
}

impl IntoTransports for TransportConfig {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        several([Ok(self)])
    }
}

/// A URL; or JSON, if it starts with a bracket, a brace or a quotation mark.
impl IntoTransports for &str {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        if self.trim_start().starts_with(['[', '{', '"']) {
            return read::json(self)?.into_transports();
        }
        TransportConfig::new(self).into_transports()
    }
}

impl IntoTransports for String {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        self.as_str().into_transports()
    }
}

impl IntoTransports for &String {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        self.as_str().into_transports()
    }
}

impl IntoTransports for &Value {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        match self {
            Value::List(list) => several(list.iter().map(TransportConfig::from_value)),
            Value::String(_) | Value::Dict(_) => several([TransportConfig::from_value(self)]),
            other => {
                let kind = other.kind();
                let text = format!("it must be a URL, a dict, or a list of them, not {kind}");
                Err(ConfigError::new("", text))
            }
        }
    }
}

impl IntoTransports for Value {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        (&self).into_transports()
    }
}

impl IntoTransports for Dict {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        Value::Dict(self).into_transports()
    }
}

/// Each element may stand for several.
impl<T: IntoTransports> IntoTransports for Vec<T> {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        flat(self)
    }
}

/// Each element may stand for several.
impl<T: IntoTransports, const N: usize> IntoTransports for [T; N] {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        flat(self)
    }
}

/// Each element may stand for several.
impl<T: IntoTransports + Clone> IntoTransports for &[T] {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        flat(self.iter().cloned())
    }
}

fn flat<T: IntoTransports>(
    parts: impl IntoIterator<Item = T>,
) -> Result<Vec<TransportEntry>, ConfigError> {
    let mut all = Vec::new();
    for part in parts {
        let before = all.len();
        all.extend(part.into_transports().map_err(|error| at(error, before))?);
    }
    some(all)
}

/// Adjusts the error of transports that follow others. (The first ones may not be a list.)
pub(in crate::component) fn behind(error: ConfigError, others: usize) -> ConfigError {
    if others == 0 { error } else { at(error, others) }
}

/// Adjusts the index in an error from the part to the whole list.
fn at(error: ConfigError, by: usize) -> ConfigError {
    let Some((index, rest)) = error.path.strip_prefix('[').and_then(|path| path.split_once(']'))
    else {
        return error.within(format!("[{by}]"));
    };
    let index = index.parse::<usize>().unwrap_or_default().saturating_add(by);
    let path = format!("[{index}]{rest}");
    error.at(path)
}

fn several(
    configs: impl IntoIterator<Item = Result<TransportConfig, ConfigError>>,
) -> Result<Vec<TransportEntry>, ConfigError> {
    let all: Result<Vec<_>, _> = configs
        .into_iter()
        .enumerate()
        .map(|(index, config)| {
            config
                .and_then(|config| config.entry())
                .map_err(|error| error.within(format!("[{index}]")))
        })
        .collect();
    some(all?)
}

fn some(all: Vec<TransportEntry>) -> Result<Vec<TransportEntry>, ConfigError> {
    if all.is_empty() {
        return Err(ConfigError::new("", "at least one transport is needed"));
    }
    Ok(all)
}
