//! Contains [`ListenerConfig`]: an address of `wampwerk router`, with its TLS and its limits.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use wampwerk::Router;
use wampwerk::server::Listener;
use wampwerk::transport::{Ping, ServerOptions, TlsServer};

use crate::failure::{Failure, Outcome};
use crate::files;
use crate::values;

/// A listener.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenerConfig {
    url: String,
    /// RawSocket at the address of a WebSocket, too.
    #[serde(default)]
    universal: bool,
    /// Chain of certificates, PEM.
    certificate: Option<PathBuf>,
    /// Private key, PEM. Other users must not read it.
    key: Option<PathBuf>,
    /// Authority of the clients' certificates, which are then required.
    client_ca: Option<PathBuf>,
    max_connections: Option<usize>,
    allowed_origins: Option<Vec<String>>,
    #[serde(default, deserialize_with = "time")]
    ping_interval: Option<Duration>,
    #[serde(default, deserialize_with = "time")]
    ping_timeout: Option<Duration>,
    /// Mode of the file of a unix socket, as a text of octal digits.
    unix_mode: Option<String>,
}

impl ListenerConfig {
    /// A listener with its TLS, if it has one.
    pub(crate) fn new(
        url: String,
        universal: bool,
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Self {
        ListenerConfig { url, universal, certificate, key, ..ListenerConfig::default() }
    }

    /// Reads relative paths from this folder.
    pub(crate) fn relative_to(&mut self, folder: &Path) {
        for path in
            [&mut self.certificate, &mut self.key, &mut self.client_ca].into_iter().flatten()
        {
            *path = folder.join(&*path);
        }
    }

    /// Starts listening.
    pub(crate) async fn listen(&self, router: &Router) -> Outcome<Listener> {
        self.listen_at(router, &self.url).await
    }

    /// Checks everything that can be checked beside a router that listens at the same address.
    pub(crate) async fn check(&self, router: &Router) -> Outcome {
        let elsewhere = at_any_port(&self.url);
        let url = elsewhere.as_deref().unwrap_or(&self.url);
        self.listen_at(router, url).await?.close().await;
        Ok(())
    }

    async fn listen_at(&self, router: &Router, url: &str) -> Outcome<Listener> {
        let tls = self.tls()?;
        let listen = router.listen(url).universal(self.universal).options(self.options()?).tls(tls);
        let listening = listen.await;
        listening.map_err(|error| {
            let failure = Failure::from(error);
            Failure::new(failure.kind, format_args!("listener {}: {}", self.url, failure.text))
        })
    }

    fn tls(&self) -> Outcome<Option<TlsServer>> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                let tls = TlsServer::new(files::read(certificate)?, files::read_private(key)?);
                match &self.client_ca {
                    None => Ok(Some(tls)),
                    Some(ca) => Ok(Some(tls.client_roots(files::read(ca)?))),
                }
            }
            _ => {
                let url = &self.url;
                Err(Failure::usage(format_args!(
                    "listener {url}: certificate and key belong together"
                )))
            }
        }
    }

    fn options(&self) -> Outcome<ServerOptions> {
        let mut options = ServerOptions::new();
        if let Some(connections) = self.max_connections {
            options = options.max_connections(connections);
        }
        if let Some(origins) = &self.allowed_origins {
            options = options.allowed_origins(origins.iter().map(String::as_str));
        }
        match (self.ping_interval, self.ping_timeout) {
            (None, None) => {}
            (interval, timeout) => {
                let interval = interval.unwrap_or(Duration::from_secs(30));
                let ping = Ping::new(interval, timeout.unwrap_or(Duration::from_secs(10)));
                options = options.auto_ping(ping);
            }
        }
        if let Some(mode) = &self.unix_mode {
            let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o777);
            let wrong = || {
                format!("listener {}: unix_mode must be octal digits, such as \"660\"", self.url)
            };
            options = options.unix_mode(mode.ok_or_else(|| Failure::usage(wrong()))?);
        }
        Ok(options)
    }
}

fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    values::duration(&text).map(Some).map_err(serde::de::Error::custom)
}

/// The URL of the same host with a port that the system chooses; a unix socket has none.
fn at_any_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let length = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(length);
    if authority.starts_with("unix:") {
        return None;
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        Some((_, port)) if !port.ends_with(']') => return None,
        _ => authority,
    };
    Some(format!("{scheme}://{host}:0{path}"))
}

#[cfg(test)]
mod tests {
    use super::at_any_port;

    #[test]
    fn the_port_is_replaced() {
        for (url, expected) in [
            ("ws://a:8080/ws", Some("ws://a:0/ws")),
            ("rss://[::1]:443", Some("rss://[::1]:0")),
            ("ws://[::1]/ws", Some("ws://[::1]:0/ws")),
            ("ws://a", Some("ws://a:0")),
            ("rs://unix:/run/a:1", None),
            ("ws://a:x/ws", None),
            ("a:1", None),
        ] {
            assert_eq!(at_any_port(url).as_deref(), expected, "{url}");
        }
    }
}
