//! Contains `WebSocketUrl`: `ws://` and `wss://` (RFC 6455, section 3).

use std::fmt;

use super::authority::{Host, default_port, read_authority};
use super::{Schemes, Target, check_socket, invalid, shown};
use crate::error::UrlError;

pub(crate) const FAMILY: Schemes =
    Schemes { name: "WebSocket", plain: "ws", secure: "wss", mistaken: ["http", "https"] };

/// A checked WebSocket URL. Displayed as the URL; the Debug output lacks the query, which may hold a
/// secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebSocketUrl {
    /// True for `wss`, which uses TLS.
    pub secure: bool,
    /// Host name or address, in lower case; an IPv6 address without brackets. `localhost` if the
    /// URL names a unix socket.
    pub host: String,
    /// The port; 80 or 443 if the URL has none.
    pub port: u16,
    /// Path, at least `/`, as given (not percent-decoded).
    pub path: String,
    /// The text after the `?`, if there is one.
    pub query: Option<String>,
    /// Absolute path of the unix socket that the URL names.
    pub unix: Option<String>,
}

impl WebSocketUrl {
    /// Reads the URL of a server to connect to: `ws://host[:port][/path][?query]`, `wss://…`.
    ///
    /// A unix socket is named by its absolute path, as in Autobahn, `ws://unix:/run/router.sock`,
    /// or `ws+unix:///run/router.sock`. The HTTP path, where it is not `/`, follows after a colon, and
    /// then the query: `ws://unix:/run/router.sock:/ws?key=1`. A path with other characters than
    /// those of a URL, or with a colon, `%` or `?`, has to be given by `Endpoint::unix`. TLS over a unix socket is not supported.
    ///
    /// Refused with [`UrlError`]: other schemes, user names and passwords,
    /// fragments (RFC 6455 section 3 forbids them), port 0, and characters that a URL holds
    /// percent-encoded or, in the host, as punycode.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let parsed = read(url).map_err(|message| invalid(url, message))?;
        if parsed.port == 0 {
            return Err(invalid(url, "port 0 is out of range (1 to 65535)"));
        }
        Ok(parsed)
    }

    /// Reads a URL to listen on: as [`parse`](Self::parse), but port 0 means any free port.
    pub fn parse_listen(url: &str) -> Result<Self, UrlError> {
        read(url).map_err(|message| invalid(url, message))
    }

    /// Returns host and port as in a `Host` header: an IPv6 address in brackets, the port only if
    /// it is not the default.
    pub fn authority(&self) -> String {
        let host = Host(&self.host);
        if self.port == default_port(self.secure) {
            host.to_string()
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Returns path and query as in an HTTP request.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

impl fmt::Display for WebSocketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(socket) = &self.unix {
            write!(f, "ws://unix:{socket}")?;
            return match self.target().as_str() {
                "/" => Ok(()),
                target => write!(f, ":{target}"),
            };
        }
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target())
    }
}

impl fmt::Debug for WebSocketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebSocketUrl").field(&shown(&self.to_string())).finish()
    }
}

fn read(url: &str) -> Result<WebSocketUrl, String> {
    let (secure, rest) = match FAMILY.read(url)? {
        Target::Tcp { secure, rest } => (secure, rest),
        Target::Unix { rest } => return read_unix(rest),
    };
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = read_authority(authority, secure)?;
    let (path, query) = split_query(target);
    let path = if path.is_empty() { "/" } else { path };
    Ok(WebSocketUrl { secure, host, port, path: path.to_owned(), query, unix: None })
}

fn read_unix(text: &str) -> Result<WebSocketUrl, String> {
    let (text, query) = split_query(text);
    let (socket, path) = text.split_once(':').unwrap_or((text, "/"));
    check_socket(socket)?;
    if !path.starts_with('/') {
        return Err(format!("{path:?} after the unix socket is not an HTTP path, as in :/ws"));
    }
    Ok(WebSocketUrl {
        secure: false,
        host: "localhost".to_owned(),
        port: default_port(false),
        path: path.to_owned(),
        query,
        unix: Some(socket.to_owned()),
    })
}

fn split_query(text: &str) -> (&str, Option<String>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::url::shown;

    fn problem(url: &str) -> String {
        match WebSocketUrl::parse(url) {
            Err(UrlError { url: given, message }) => {
                assert_eq!(given, shown(url));
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
        assert!(problem("ws://h:0/").contains("out of range (1 to 65535)"));
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

    #[test]
    fn secrets_are_not_shown() {
        for (url, text) in [
            ("ws://h/", "ws://h/"),
            ("wss://h:8443/a/@me", "wss://h:8443/a/@me"),
            ("ws://h?ticket=hunter2", "ws://h?…"),
            ("wss://h/p?ticket=hunter2&a=b@c", "wss://h/p?…"),
            ("ws://h/#hunter2", "ws://h/?…"),
            ("ws://joe:hunter2@h:80/p", "ws://…@h:80/p"),
            ("ws://hunter2@h/p?hunter2", "ws://…@h/p?…"),
            ("ws://joe:hun/ter2@h/p", "ws://…@h/p"),
            ("ws://joe:hun@ter2@h/p", "ws://…@h/p"),
            ("ws://joe:hun?ter2@h/p", "ws://…@…"),
            ("ws://joe:pw@h/p?a=ter2@ter2", "ws://…@…"),
            ("joe:hunter2@h/p", "…@h/p"),
            ("joe:hunter2@ws://h/p", "…@ws://h/p"),
            ("ws+unix://joe:hunter2@h/p", "ws+unix://…@h/p"),
            ("ws://unix:/run/a@b:/ws?hunter2", "ws://unix:/run/a@b:/ws?…"),
            ("rs://joe:hunter2@h:7", "rs://…@h:7"),
        ] {
            assert_eq!(shown(url), text);
            match WebSocketUrl::parse(url) {
                Ok(url) => assert!(!format!("{url:?}").contains("ter2"), "{url:?}"),
                Err(error) => assert!(!format!("{error} {error:?}").contains("ter2"), "{error}"),
            }
        }
    }

    #[test]
    fn unix_sockets() {
        for (text, socket, target, shown) in [
            ("ws://unix:/run/r.sock", "/run/r.sock", "/", "ws://unix:/run/r.sock"),
            ("WS://Unix:/R.sock", "/R.sock", "/", "ws://unix:/R.sock"),
            ("ws+unix:///run/r.sock", "/run/r.sock", "/", "ws://unix:/run/r.sock"),
            ("ws://unix:/r:/ws?a=:1", "/r", "/ws?a=:1", "ws://unix:/r:/ws?a=:1"),
            ("ws+unix:///r:/ws", "/r", "/ws", "ws://unix:/r:/ws"),
            ("ws://unix:/r?a", "/r", "/?a", "ws://unix:/r:/?a"),
        ] {
            let url = WebSocketUrl::parse(text).unwrap();
            assert_eq!(url.unix.as_deref(), Some(socket), "{text}");
            assert_eq!(
                (url.target().as_str(), url.to_string().as_str()),
                (target, shown),
                "{text}"
            );
            assert_eq!((url.secure, url.authority().as_str()), (false, "localhost"), "{text}");
        }
        // A host may have that name.
        let url = WebSocketUrl::parse("ws://unix:8080/ws").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.unix), ("unix", 8080, None));
        assert_eq!(WebSocketUrl::parse("ws://unix/ws").unwrap().unix, None);
        for (url, text) in [
            ("wss://unix:/r.sock", "TLS over a unix socket is not supported"),
            ("wss+unix:///r.sock", "TLS over a unix socket is not supported"),
            ("ws+unix://r.sock", "not the absolute path"),
            ("ws+unix://", "not the absolute path"),
            ("ws://unix:r.sock", "must be absolute, as in ws://unix:/run/router.sock"),
            ("ws://Unix:run/r.sock:/ws", "must be absolute"),
            ("ws://unix:./r.sock", "must be absolute"),
            ("ws://unix:99999/ws", "is not a port"),
            ("ws://unix:pass@h/", "a user name"),
            ("ws://unix:/", "is a folder"),
            ("ws://unix:/run/", "is a folder"),
            ("ws://unix:/run/r%20.sock", "not percent-decoded"),
            ("ws://unix:/run/r.sock:ws", "not an HTTP path"),
            ("ws://unix:/run/r .sock", "' ' cannot be in a URL"),
        ] {
            let message = problem(url);
            assert!(message.contains(text), "{url:?}: {message}");
        }
        let url = WebSocketUrl::parse_listen("ws://unix:/run/r.sock:/ws").unwrap();
        assert_eq!((url.unix.as_deref(), url.path.as_str()), (Some("/run/r.sock"), "/ws"));
    }

    proptest::proptest! {
        #[test]
        fn nonsense_is_an_error_and_never_a_panic(text in "\\PC*", scheme in "(ws|wss|ws\\+unix)://(unix:)?") {
            let _ = WebSocketUrl::parse(&text);
            if let Ok(url) = WebSocketUrl::parse(&format!("{scheme}{text}")) {
                // Parsing the printed URL gives the same URL.
                proptest::prop_assert_eq!(WebSocketUrl::parse(&url.to_string()).unwrap(), url);
            }
        }
    }
}
