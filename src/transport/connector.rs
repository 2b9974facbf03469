//! From a transport's settings to what connects.

use std::sync::Arc;

use super::config::{Kind, TransportConfig, is_secure, ready};
use super::{Connector, RAW_SOCKET, rawsocket_connector, websocket_connector};
use crate::codec;
use crate::core::retry::RetryPolicy;
use crate::error::{ConfigError, ConnectError, UrlError};
use crate::message::Serializer;
use crate::settings::IpVersion;
use crate::url::{check_scheme, is_raw_socket, shown};

impl TransportConfig {
    /// Checks all settings, reads the files that they name, and makes what connects.
    ///
    /// # Errors
    /// If a setting cannot be used, with its key in a transport's dict as the path.
    pub fn connector(&self) -> Result<Arc<dyn Connector>, ConfigError> {
        self.check_retry()?;
        match &self.kind {
            Kind::Ready(connector) => match self.set_keys().next() {
                Some(key) => Err(ready(key)),
                None => Ok(Arc::clone(connector)),
            },
            // As early as here: a page's module has nothing of RawSocket.
            Kind::RawSocket if !RAW_SOCKET => rawsocket_connector(self, Serializer::Json),
            Kind::RawSocket => {
                let config = self.with_raw_socket_url();
                config.check()?;
                let serializer = config.one_serializer()?;
                let connector = rawsocket_connector(&config, serializer)?;
                config.check_raw_socket()?;
                Ok(connector)
            }
            Kind::WebSocket => {
                self.check_kind()?;
                self.check()?;
                websocket_connector(self)
            }
        }
    }

    /// As [`connector`](Self::connector), for immediate use: an error of the URL becomes an
    /// [`InvalidUrl`](ConnectError::InvalidUrl).
    pub(crate) fn to_connect(&self) -> Result<Arc<dyn Connector>, ConnectError> {
        self.connector().map_err(|error| match error.path.as_str() {
            "url" => UrlError::new(shown(&self.url), error.message).into(),
            _ => error.into(),
        })
    }

    /// Checks that there are serializers, and that they are compiled in.
    pub(super) fn check_serializers(&self) -> Result<(), ConfigError> {
        if self.offered().is_empty() {
            return Err(ConfigError::new("serializers", "at least one is needed"));
        }
        for serializer in self.offered() {
            if !codec::is_available(*serializer) {
                let text = format!("the serializer {} is not compiled in", serializer.as_str());
                let raw = is_raw_socket(&self.url);
                let key = if raw { "serializer" } else { "serializers" };
                return Err(ConfigError::new(key, text));
            }
        }
        Ok(())
    }

    /// Checks that a URL that is not WebSocket's was not meant for RawSocket.
    fn check_kind(&self) -> Result<(), ConfigError> {
        let url = &self.url;
        if !self.kind_is_set {
            return check_scheme(url, RAW_SOCKET).map_err(|text| ConfigError::new("url", text));
        }
        if RAW_SOCKET && is_raw_socket(url) {
            let text = "it is a URL of RawSocket, but the type of the transport is \"websocket\"; \
                        let that be \"rawsocket\"";
            return Err(ConfigError::new("url", text));
        }
        Ok(())
    }

    fn check_retry(&self) -> Result<(), ConfigError> {
        let Some(policy) = &self.retry else { return Ok(()) };
        policy.check()?;
        let &RetryPolicy { initial_delay, max_delay, .. } = policy;
        // A limit below the default means that shorter delays are wanted.
        if initial_delay > max_delay && initial_delay != RetryPolicy::default().initial_delay {
            let text = format!("it is more than max_retry_delay, {max_delay:?}");
            return Err(ConfigError::new("initial_retry_delay", text));
        }
        Ok(())
    }

    /// Checks what holds for all transports on all targets.
    fn check(&self) -> Result<(), ConfigError> {
        self.check_serializers()?;
        if let Some(endpoint) = &self.endpoint {
            endpoint.checked().map_err(|error| error.within("endpoint"))?;
            if endpoint.is_unix() && self.proxy.is_some() {
                let text = "a unix socket cannot be reached through a proxy";
                return Err(ConfigError::new("proxy", text));
            }
            if endpoint.is_unix() && self.ip_version != IpVersion::Any {
                let text = "a unix socket has no version of IP";
                return Err(ConfigError::new("endpoint.version", text));
            }
        }
        if self.connect_timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(ConfigError::new("endpoint.timeout", "it must be more than 0 s"));
        }
        if self.tls.is_some() && !is_secure(&self.url) {
            let secure = if is_raw_socket(&self.url) { "rss" } else { "wss" };
            let text = format!("the URL does not use TLS; it must begin with {secure}://");
            return Err(ConfigError::new("endpoint.tls", text));
        }
        if let Some(proxy) = &self.proxy {
            proxy.checked().map_err(|error| error.within("proxy"))?;
        }
        self.options.check().map_err(|error| error.within("options"))
    }

    /// The serializer that RawSocket asks for.
    fn one_serializer(&self) -> Result<Serializer, ConfigError> {
        match self.serializers.as_deref() {
            None => Ok(codec::available().first().copied().unwrap_or(Serializer::Cbor)),
            Some([one]) if one.raw_socket_id() == 0 => {
                let text = format!("{} has no number for RawSocket", one.as_str());
                Err(ConfigError::new("serializer", text))
            }
            Some([one]) => Ok(*one),
            Some(_) => Err(ConfigError::new("serializer", "RawSocket has one serializer")),
        }
    }

    /// Refuses what has no meaning for RawSocket.
    fn check_raw_socket(&self) -> Result<(), ConfigError> {
        let options = &self.options;
        let drop_timeout = options.server_connection_drop_timeout;
        let first_unsupported = [
            (self.batched, "batched"),
            (!self.headers.is_empty(), "headers"),
            (options.max_frame_payload_size.is_some(), "options.max_frame_payload_size"),
            (options.auto_fragment_size.is_some(), "options.auto_fragment_size"),
            (options.per_message_deflate.is_some(), "options.per_message_deflate"),
            (options.fail_by_drop.is_some(), "options.fail_by_drop"),
            (drop_timeout.is_some(), "options.server_connection_drop_timeout"),
        ];
        if let Some((_, key)) = first_unsupported.iter().find(|(set, _)| *set) {
            return Err(ConfigError::new(*key, "not supported by RawSocket"));
        }
        // Section "RawSocket Transport" of the specification: 512 bytes to 16 MiB.
        let size = options.max_message_payload_size;
        if size.is_some_and(|size| !(512..=16 << 20).contains(&size)) {
            let text = "it must be 512 to 16777216 bytes for RawSocket";
            return Err(ConfigError::new("options.max_message_payload_size", text));
        }
        match options.ping.set_keys().next() {
            Some(key) if options.ping.interval.is_none() => {
                let text = "RawSocket pings only if there is an auto_ping_interval, too";
                Err(ConfigError::new(format!("options.{key}"), text))
            }
            _ => Ok(()),
        }
    }
}
