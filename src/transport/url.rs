//! `ws://` and `wss://` URLs: what of RFC 3986 and RFC 6455 section 3 a WebSocket needs.
//!
//! Owns no name look-up and no percent-decoding. It is written by hand because it is in the browser's
//! bundle as well, where a general URL library would weigh more than the rest of the transport.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::ConnectError;

/// A checked WebSocket URL. It shows itself as the URL again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebSocketUrl {
    /// `wss`: with TLS.
    pub secure: bool,
    /// A name or an address, in lower case; an IPv6 address has no brackets here.
    pub host: String,
    /// The port; 80 or 443 where the URL has none.
    pub port: u16,
    /// The path, at least `/`, as it was given (not percent-decoded).
    pub path: String,
    /// What follows the `?`, if there is one.
    pub query: Option<String>,
}

impl WebSocketUrl {
    /// Reads the URL of a server to connect to: `ws://host[:port][/path][?query]`, `wss://…`.
    ///
    /// Refused with [`ConnectError::InvalidUrl`]: other schemes, user names and passwords,
    /// fragments (RFC 6455 section 3 forbids them), port 0, and characters that a URL holds
    /// percent-encoded or, in the host, as punycode.
    pub fn parse(url: &str) -> Result<Self, ConnectError> {
        let parsed = Self::parse_listen(url)?;
        if parsed.port == 0 {
            return Err(invalid(url, "port 0 is no port to connect to"));
        }
        Ok(parsed)
    }

    /// Reads a URL to listen on: as [`parse`](Self::parse), but port 0 stands for any free port.
    pub fn parse_listen(url: &str) -> Result<Self, ConnectError> {
        read(url).map_err(|message| invalid(url, message))
    }

    /// Host and port as in a `Host` header and in error texts: an IPv6 address in brackets, the
    /// port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = Host(&self.host);
        if self.port == default_port(self.secure) {
            host.to_string()
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Path and query as in an HTTP request.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

impl fmt::Display for WebSocketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target())
    }
}

/// With brackets where it is an IPv6 address.
struct Host<'a>(&'a str);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn invalid(url: &str, message: impl fmt::Display) -> ConnectError {
    ConnectError::InvalidUrl { url: url.to_owned(), message: message.to_string() }
}

fn read(url: &str) -> Result<WebSocketUrl, String> {
    let (scheme, rest) = url.split_once("://").ok_or("it must begin with ws:// or wss://")?;
    let secure = match scheme.to_ascii_lowercase().as_str() {
        "ws" => false,
        "wss" => true,
        _ => return Err(format!("the scheme {scheme:?} is neither ws nor wss")),
    };
    if let Some(other) = rest.chars().find(|char| !char.is_ascii_graphic()) {
        return Err(format!("{other:?} cannot be in a URL; encode it"));
    }
    if rest.contains('#') {
        return Err("a WebSocket URL has no fragment (#)".to_owned());
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    if authority.contains('@') {
        return Err("a user name in the URL is not supported".to_owned());
    }
    let (host, port) = split_port(authority)?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    Ok(WebSocketUrl {
        secure,
        host: check_host(host)?,
        port: match port {
            None => default_port(secure),
            Some(port) => check_port(port)?,
        },
        path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        query,
    })
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), String> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or("the bracket of the IPv6 address is not closed")?;
        let (host, rest) = authority.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(format!("{rest:?} after the IPv6 address is not a port")),
        };
    }
    match authority.split_once(':') {
        None => Ok((authority, None)),
        Some((_, port)) if port.contains(':') => {
            Err("an IPv6 address goes in brackets, as in ws://[::1]/".to_owned())
        }
        Some((host, port)) => Ok((host, Some(port))),
    }
}

fn check_port(port: &str) -> Result<u16, String> {
    // `parse` alone would take a sign.
    if !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = port.parse()
    {
        return Ok(number);
    }
    Err(format!("{port:?} is not a port (1 to 65535)"))
}

fn check_host(host: &str) -> Result<String, String> {
    if host.is_empty() {
        return Err("the host is missing".to_owned());
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let address: Ipv6Addr =
            inner.parse().map_err(|_| format!("{inner:?} is not an IPv6 address"))?;
        return Ok(address.to_string());
    }
    let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.' | '_');
    if let Some(other) = host.chars().find(|&char| !allowed(char)) {
        return Err(format!("{other:?} cannot be in a host name"));
    }
    let labels = host.strip_suffix('.').unwrap_or(host);
    if labels.split('.').any(str::is_empty) {
        return Err(format!("{host:?} has an empty part"));
    }
    // A name whose last part is a number can only be meant as an IPv4 address (WHATWG URL, 3.5).
    let last = labels.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && labels.parse::<Ipv4Addr>().is_err() {
        return Err(format!("{host:?} is not an IPv4 address"));
    }
    Ok(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn problem(url: &str) -> String {
        match WebSocketUrl::parse(url) {
            Err(ConnectError::InvalidUrl { url: given, message }) => {
                assert_eq!(given, url);
                message
            }
            other => panic!("{url:?} gave {other:?}"),
        }
    }

    #[test]
    fn parts_and_defaults() {
        let url = WebSocketUrl::parse("ws://Example.com").unwrap();
        assert_eq!((url.secure, url.host.as_str(), url.port), (false, "example.com", 80));
        assert_eq!((url.path.as_str(), url.query.as_deref()), ("/", None));
        assert_eq!(url.to_string(), "ws://example.com/");

        let url = WebSocketUrl::parse("WSS://a-b_c.example:8443/p/%20q?x=1&y=?/").unwrap();
        assert_eq!((url.secure, url.host.as_str(), url.port), (true, "a-b_c.example", 8443));
        assert_eq!((url.path.as_str(), url.query.as_deref()), ("/p/%20q", Some("x=1&y=?/")));
        assert_eq!(url.target(), "/p/%20q?x=1&y=?/");
        assert_eq!(url.authority(), "a-b_c.example:8443");

        assert_eq!(WebSocketUrl::parse("wss://h").unwrap().port, 443);
        assert_eq!(WebSocketUrl::parse("wss://h:80").unwrap().to_string(), "wss://h:80/");
        assert_eq!(WebSocketUrl::parse("ws://h:80").unwrap().to_string(), "ws://h/");
        let url = WebSocketUrl::parse("ws://h?q").unwrap();
        assert_eq!((url.path.as_str(), url.query.as_deref()), ("/", Some("q")));
    }

    #[test]
    fn addresses() {
        let url = WebSocketUrl::parse("ws://[::1]:8080/ws").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("::1", 8080));
        assert_eq!(url.to_string(), "ws://[::1]:8080/ws");
        assert_eq!(WebSocketUrl::parse("ws://[2001:DB8::1]").unwrap().authority(), "[2001:db8::1]");
        assert_eq!(WebSocketUrl::parse("ws://127.0.0.1:1").unwrap().host, "127.0.0.1");
        assert_eq!(WebSocketUrl::parse("ws://host.").unwrap().host, "host.");
    }

    #[test]
    fn ports() {
        assert_eq!(WebSocketUrl::parse("ws://h:65535").unwrap().port, 65535);
        for port in ["", "65536", "-1", "+1", "0x10", "8080a", "99999999999999999999"] {
            assert!(problem(&format!("ws://h:{port}/")).contains("is not a port"), "{port}");
        }
        assert!(problem("ws://h:0/").contains("port 0"));
        let url = WebSocketUrl::parse_listen("ws://127.0.0.1:0/ws").unwrap();
        assert_eq!((url.port, url.to_string().as_str()), (0, "ws://127.0.0.1:0/ws"));
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (url, text) in [
            ("", "must begin with ws://"),
            ("localhost:8080/ws", "must begin with ws://"),
            ("ws:/host", "must begin with ws://"),
            ("http://host/", "\"http\" is neither ws nor wss"),
            ("://host/", "neither ws nor wss"),
            (" ws://host/", "neither ws nor wss"),
            ("ws://", "host is missing"),
            ("ws:///ws", "host is missing"),
            ("ws://:80/", "host is missing"),
            ("ws://host/#part", "fragment"),
            ("ws://user@host/", "user name"),
            ("ws://user:secret@host/", "user name"),
            ("ws://ho st/", "' ' cannot be in a URL"),
            ("ws://host/a b", "' ' cannot be in a URL"),
            ("ws://host/\r\nX: y", "'\\r' cannot be in a URL"),
            ("ws://h\u{f6}st/", "cannot be in a URL"),
            ("ws://ho%73t/", "'%' cannot be in a host name"),
            ("ws://ho<st/", "'<' cannot be in a host name"),
            ("ws://a..b/", "empty part"),
            ("ws://./", "empty part"),
            ("ws://::1/", "in brackets"),
            ("ws://[::1/", "not closed"),
            ("ws://[::1]x/", "not a port"),
            ("ws://[]/", "not an IPv6 address"),
            ("ws://[fe80::1%25eth0]/", "not an IPv6 address"),
            ("ws://[127.0.0.1]/", "not an IPv6 address"),
            ("ws://256.0.0.1/", "not an IPv4 address"),
            ("ws://1.2.3/", "not an IPv4 address"),
            ("ws://host]/", "cannot be in a host name"),
        ] {
            let message = problem(url);
            assert!(message.contains(text), "{url:?}: {message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nonsense_is_an_error_and_never_a_panic(text in "\\PC*", scheme in "(ws|wss)://") {
            let _ = WebSocketUrl::parse(&text);
            if let Ok(url) = WebSocketUrl::parse(&format!("{scheme}{text}")) {
                // What was read is read the same again.
                proptest::prop_assert_eq!(WebSocketUrl::parse(&url.to_string()).unwrap(), url);
            }
        }
    }
}
