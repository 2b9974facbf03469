//! `Target`: URL and settings of a listener.
//!
//! Checks that both fit together, before there is a socket.

use crate::error::{ListenError, UrlError};
use crate::net::tls;
use crate::transport::TlsServer;
use crate::transport::native::accept::{Acceptor, Offer};
use crate::transport::{RAW_SOCKET, ServerOptions};
use crate::url::NO_TLS;
use crate::url::{RawSocketUrl, WebSocketUrl, check_scheme, shown};
use crate::websocket::handshake::OnConnect;

/// URL and settings as they were given.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) universal: bool,
    pub(crate) offer: Offer,
    pub(crate) options: ServerOptions,
    pub(crate) on_connect: Option<OnConnect>,
    /// Defaults for unset options.
    pub(crate) defaults: Defaults,
    pub(crate) tls: Option<TlsServer>,
}

/// What a server's owner sets for all of its listeners and mounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) options: ServerOptions,
    /// Without serializers, which each server has of its own. For WebSocket only.
    pub(crate) offer: Offer,
}

/// A checked URL.
#[derive(Clone, Debug)]
pub(super) enum Url {
    WebSocket(WebSocketUrl),
    /// WebSocket, and RawSocket at the same address.
    Universal(WebSocketUrl),
    RawSocket(RawSocketUrl),
}

impl Target {
    /// Checks the settings and returns the URL and the acceptor.
    pub(super) fn check(self) -> Result<(Url, Acceptor), ListenError> {
        let url = self.read_url()?;
        let given = self.url.clone();
        let wrong = |message: &str| UrlError::new(shown(&given), message);
        let acceptor = match &url {
            Url::WebSocket(url) => Acceptor::websocket(url.path.clone(), &self.offer.serializers),
            Url::Universal(url) => Acceptor::universal(url.path.clone(), &self.offer.serializers),
            Url::RawSocket(_) => Acceptor::raw_socket(&self.offer.serializers),
        };
        // Only the requested ones, so that no default is rejected.
        let acceptor = acceptor.options(self.options.clone()).offer(self.offer.clone());
        let acceptor = acceptor.asking(self.on_connect);
        acceptor.check()?;
        let acceptor = acceptor.options(self.options.or(&self.defaults.options));
        let acceptor = match url {
            Url::RawSocket(_) => acceptor,
            _ => acceptor.offer(self.offer.or(&self.defaults.offer)),
        };
        if let (true, Some(text)) = (url.is_secure(), tls::MISSING) {
            return Err(wrong(text).into());
        }
        let acceptor = match (url.is_secure(), &self.tls) {
            (_, Some(_)) if url.unix().is_some() => return Err(wrong(NO_TLS).into()),
            (true, None) => return Err(wrong("it needs a certificate: see `tls`").into()),
            (false, Some(_)) => return Err(wrong("TLS is for wss:// and rss://").into()),
            (_, tls) => acceptor.tls(tls.clone()),
        };
        acceptor.check_tls()?;
        Ok((url, acceptor))
    }

    /// Parses the URL.
    pub(super) fn read_url(&self) -> Result<Url, UrlError> {
        let wrong = |message: &str| UrlError::new(shown(&self.url), message);
        let scheme = self.url.split("://").next().unwrap_or_default().to_ascii_lowercase();
        if matches!(scheme.as_str(), "rs" | "rss" | "rs+unix" | "rss+unix") {
            if self.universal {
                let text = "a universal listener has the URL of its WebSocket, ws:// or wss://";
                return Err(wrong(text));
            }
            return Ok(Url::RawSocket(RawSocketUrl::parse_listen(&self.url)?));
        }
        if !self.universal {
            check_scheme(&self.url, RAW_SOCKET).map_err(|text| wrong(&text))?;
        }
        let url = WebSocketUrl::parse_listen(&self.url)?;
        if url.query.is_some() {
            return Err(wrong("the URL to listen on has no query (?)"));
        }
        Ok(if self.universal { Url::Universal(url) } else { Url::WebSocket(url) })
    }
}

impl Url {
    pub(super) fn is_secure(&self) -> bool {
        match self {
            Url::WebSocket(url) | Url::Universal(url) => url.secure,
            Url::RawSocket(url) => url.secure,
        }
    }

    pub(super) fn unix(&self) -> Option<&str> {
        match self {
            Url::WebSocket(url) | Url::Universal(url) => url.unix.as_deref(),
            Url::RawSocket(url) => url.unix.as_deref(),
        }
    }

    /// Returns host and port.
    pub(super) fn address(&self) -> (&str, u16) {
        match self {
            Url::WebSocket(url) | Url::Universal(url) => (&url.host, url.port),
            Url::RawSocket(url) => (&url.host, url.port),
        }
    }

    pub(super) fn set_port(&mut self, port: u16) {
        match self {
            Url::WebSocket(url) | Url::Universal(url) => url.port = port,
            Url::RawSocket(url) => url.port = port,
        }
    }

    /// Both URLs to connect to: the given one, and the one for RawSocket, if that is accepted.
    pub(super) fn shown(&self) -> (String, Option<String>) {
        match self {
            Url::WebSocket(url) => (url.to_string(), None),
            Url::RawSocket(url) => (url.to_string(), Some(url.to_string())),
            Url::Universal(url) => {
                let scheme = if url.secure { "rss" } else { "rs" };
                let place = match &url.unix {
                    Some(path) => format!("unix:{path}"),
                    None => format!("{}:{}", crate::url::Host(&url.host), url.port),
                };
                (url.to_string(), Some(format!("{scheme}://{place}")))
            }
        }
    }
}
