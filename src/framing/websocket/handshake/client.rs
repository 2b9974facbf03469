//! Implements the client's side: builds the request, and checks the response (RFC 6455, section 4.1).

use std::fmt::Write;

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{Response, StatusCode, Version};

use super::fields::{Once, check_field, check_value, has_token, is_token_text, once};
use super::head::MAX_HEAD;
use super::key::Key;
use super::scanner::HeadError;
use crate::error::ConfigError;
use crate::framing::websocket::deflate::{self, BadExtensions, Extension};
use crate::settings::Deflate;

/// The parts of a client's request that differ between requests. The same for each attempt; only the key is
/// new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientRequest {
    /// Value of `Host`: host name or address, and the port if it is not the default of the scheme.
    pub host: String,
    /// Path and query, at least `/`.
    pub resource: String,
    /// Value of `Origin`.
    pub origin: Option<String>,
    /// Value of `User-Agent`.
    pub user_agent: Option<String>,
    /// Subprotocols that are offered, in order of preference.
    pub protocols: Vec<String>,
    /// Compression that is offered.
    pub deflate: Option<Deflate>,
    /// Further headers, in order.
    pub headers: Vec<(String, String)>,
}

/// Subprotocol and extensions that the server agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreement {
    /// Subprotocol of the server's choice. It was offered.
    pub protocol: Option<String>,
    /// Extensions of the server's choice, with their parameters.
    pub extensions: Vec<String>,
    /// Compression, if it is among them.
    pub deflate: Option<deflate::Agreement>,
}

/// The response does not open the WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The head is not valid.
    #[error("{0}")]
    Head(#[source] HeadError),
    /// The server does not switch protocols.
    #[error("the server answered HTTP {0}")]
    Status(StatusCode),
    /// The response that switches protocols is not of HTTP/1.1.
    #[error("the server switches protocols in HTTP/1.0")]
    Version,
    /// The header `Upgrade` is missing, repeated, or names something else.
    #[error("the server switches to another protocol: its header Upgrade is not \"websocket\"")]
    Upgrade,
    /// The header `Connection` is missing, or lacks the token.
    #[error("the server switches to another protocol: its header Connection lacks \"upgrade\"")]
    Connection,
    /// The header `Sec-WebSocket-Accept` is missing, repeated, or of another key.
    #[error("the server's answer does not match the request: its header Sec-WebSocket-Accept {0}")]
    Accept(&'static str),
    /// The server chose a subprotocol that was not offered, or several.
    #[error("the server chose the subprotocol {chosen:?}, which was not offered")]
    Protocol {
        /// Value of the header; its lines are joined.
        chosen: String,
    },
    /// The server's extensions are not a valid list, or not as they were offered.
    #[error("{0}")]
    Extensions(#[source] BadExtensions),
}

impl ClientRequest {
    /// Checks that every part can be sent.
    ///
    /// # Errors
    /// The first part that is not valid, by its name.
    pub fn check(&self) -> Result<(), ConfigError> {
        let graphic = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_graphic());
        if !graphic(&self.host) || self.host.contains(['/', '?', '#', '@', ',']) {
            let text = format!("{:?} is not a host with an optional port", self.host);
            return Err(ConfigError::new("host", text));
        }
        if !graphic(&self.resource)
            || !self.resource.starts_with('/')
            || self.resource.contains('#')
        {
            let text = "it must be path and query as in a URL, from the first / on";
            return Err(ConfigError::new("resource", text));
        }
        for (name, value) in [("origin", &self.origin), ("user_agent", &self.user_agent)] {
            if value.as_ref().is_some_and(|value| check_value(value).is_err()) {
                return Err(ConfigError::new(name, "it has control characters"));
            }
        }
        check_protocols(&self.protocols)?;
        for (name, value) in &self.headers {
            check_field(name, value).map_err(|text| {
                ConfigError::new(format!("headers.{}", name.escape_debug()), text)
            })?;
        }
        let length = self.encode(&Key::new([0; 16])).len();
        if length > MAX_HEAD {
            let text = format!("the request has {length} bytes; servers accept {MAX_HEAD} at most");
            return Err(ConfigError::new("headers", text));
        }
        Ok(())
    }

    /// Returns the octets of the request. Its parts have been [checked](Self::check).
    pub fn encode(&self, key: &Key) -> Vec<u8> {
        let mut head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
            self.resource,
            self.host,
            key.encoded(),
        );
        let mut add = |name: &str, value: &str| {
            // Writing into a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        };
        if !self.protocols.is_empty() {
            add("Sec-WebSocket-Protocol", &self.protocols.join(", "));
        }
        if let Some(deflate) = &self.deflate {
            add("Sec-WebSocket-Extensions", &deflate::offer(deflate));
        }
        if let Some(origin) = &self.origin {
            add("Origin", origin);
        }
        if let Some(user_agent) = &self.user_agent {
            add("User-Agent", user_agent);
        }
        for (name, value) in &self.headers {
            add(name, value);
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Checks the response to this request.
    ///
    /// # Errors
    /// The first rule that the response breaks. The connection cannot be used then.
    pub fn check_response(
        &self,
        key: &Key,
        response: &Response<()>,
    ) -> Result<Agreement, ResponseError> {
        let headers = response.headers();
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(ResponseError::Status(response.status()));
        }
        if response.version() < Version::HTTP_11 {
            return Err(ResponseError::Version);
        }
        match once(headers, UPGRADE) {
            Once::Value(value) if value.eq_ignore_ascii_case(b"websocket") => {}
            _ => return Err(ResponseError::Upgrade),
        }
        if !has_token(headers, &CONNECTION, "upgrade") {
            return Err(ResponseError::Connection);
        }
        match once(headers, SEC_WEBSOCKET_ACCEPT) {
            Once::Value(value) if value == key.accept().as_bytes() => {}
            Once::Value(_) => return Err(ResponseError::Accept("is of another key")),
            Once::Missing => return Err(ResponseError::Accept("is missing")),
            Once::Repeated => return Err(ResponseError::Accept("is repeated")),
        }
        let lines = || headers.get_all(SEC_WEBSOCKET_EXTENSIONS);
        let extensions = deflate::parse(lines()).map_err(ResponseError::Extensions)?;
        let extensions = extensions.iter().map(Extension::to_string).collect();
        let deflate = deflate::check_response(lines(), self.deflate.as_ref());
        let deflate = deflate.map_err(ResponseError::Extensions)?;
        Ok(Agreement { protocol: self.chosen(response)?, extensions, deflate })
    }

    /// Returns the server's subprotocol.
    fn chosen(&self, response: &Response<()>) -> Result<Option<String>, ResponseError> {
        let offered = |value: &[u8]| self.protocols.iter().find(|one| one.as_bytes() == value);
        let value = match once(response.headers(), SEC_WEBSOCKET_PROTOCOL) {
            Once::Missing => return Ok(None),
            Once::Value(value) => value,
            Once::Repeated => &[],
        };
        if let Some(protocol) = offered(value) {
            return Ok(Some(protocol.clone()));
        }
        let lines = response.headers().get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
        let lines = lines.map(|line| String::from_utf8_lossy(line.as_bytes()));
        Err(ResponseError::Protocol { chosen: lines.collect::<Vec<_>>().join(", ") })
    }
}

/// Checks that the subprotocols are tokens, and none occurs twice (RFC 6455, section 4.1).
///
/// # Errors
/// The first subprotocol that is not valid, by its position.
pub fn check_protocols(protocols: &[String]) -> Result<(), ConfigError> {
    for (index, name) in protocols.iter().enumerate() {
        if !is_token_text(name) {
            let text = format!("{name:?} is not a token of HTTP");
            return Err(ConfigError::new(format!("protocols[{index}]"), text));
        }
        if protocols[..index].contains(name) {
            let text = format!("{name:?} is given twice");
            return Err(ConfigError::new(format!("protocols[{index}]"), text));
        }
    }
    Ok(())
}
