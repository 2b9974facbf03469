//! Contains `RawSocketUrl`: `rs://` and `rss://` as in Autobahn. The specification defines no URLs
//! for RawSocket.

use std::fmt;

use super::authority::{Host, default_port, read_authority};
use super::{Schemes, Target, check_socket, invalid, shown};
use crate::error::UrlError;

pub(crate) const FAMILY: Schemes =
    Schemes { name: "RawSocket", plain: "rs", secure: "rss", mistaken: ["tcp", "tcps"] };

/// A checked RawSocket URL. Displayed as the URL, always with its port.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawSocketUrl {
    /// True for `rss`, which uses TLS.
    pub secure: bool,
    /// Host name or address, in lower case; an IPv6 address without brackets. `localhost` if the
    /// URL names a unix socket.
    pub host: String,
    /// The port; 80 or 443 if the URL has none, as in Autobahn.
    pub port: u16,
    /// Absolute path of the unix socket that the URL names.
    pub unix: Option<String>,
}

impl RawSocketUrl {
    /// Reads the URL of a server to connect to: `rs://host[:port]`, `rss://host[:port]`.
    ///
    /// A unix socket is named by its absolute path, as in Autobahn, `rs://unix:/run/router.sock`,
    /// or `rs+unix:///run/router.sock`. A path with other characters than those of a URL, or with a
    /// colon, `%`, `?` or `#`, has to be given by `Endpoint::unix`. TLS over a unix socket is not supported.
    ///
    /// ```
    /// use wampwerk::internals::url::RawSocketUrl;
    ///
    /// # fn main() -> Result<(), wampwerk::error::UrlError> {
    /// let url = RawSocketUrl::parse("rss://Router.example:8443")?;
    /// assert_eq!((url.secure, url.host.as_str(), url.port), (true, "router.example", 8443));
    /// let url = RawSocketUrl::parse("rs://unix:/run/router.sock")?;
    /// assert_eq!(url.unix.as_deref(), Some("/run/router.sock"));
    /// # Ok(()) }
    /// ```
    ///
    /// Returns [`UrlError`] for other schemes, a path, a query or a fragment, user
    /// names and passwords, port 0, and characters that need punycode in a host.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let parsed = Self::parse_listen(url)?;
        if parsed.port == 0 {
            return Err(invalid(url, "port 0 is out of range (1 to 65535)"));
        }
        Ok(parsed)
    }

    /// Reads a URL to listen on: as [`parse`](Self::parse), but port 0 means any free port.
    pub fn parse_listen(url: &str) -> Result<Self, UrlError> {
        read(url).map_err(|message| invalid(url, message))
    }

    /// Returns host and port: an IPv6 address in brackets, always with the port.
    pub fn authority(&self) -> String {
        format!("{}:{}", Host(&self.host), self.port)
    }
}

impl fmt::Display for RawSocketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(socket) = &self.unix {
            return write!(f, "rs://unix:{socket}");
        }
        let scheme = if self.secure { "rss" } else { "rs" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl fmt::Debug for RawSocketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawSocketUrl").field(&shown(&self.to_string())).finish()
    }
}

fn read(url: &str) -> Result<RawSocketUrl, String> {
    let (secure, rest) = match FAMILY.read(url)? {
        Target::Tcp { secure, rest } => (secure, rest),
        Target::Unix { rest } => return read_unix(rest),
    };
    let (authority, more) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = read_authority(authority, secure)?;
    // A single slash has no meaning.
    if !matches!(more, "" | "/") {
        let scheme = if secure { FAMILY.secure } else { FAMILY.plain };
        let text = "a RawSocket URL has no path, query or fragment";
        return Err(format!("{text}; use {scheme}://{authority}"));
    }
    Ok(RawSocketUrl { secure, host, port, unix: None })
}

fn read_unix(socket: &str) -> Result<RawSocketUrl, String> {
    // As for WebSocket, where a path may follow: one text must not name two sockets.
    if socket.contains([':', '?']) {
        return Err("nothing follows the unix socket in a RawSocket URL".to_owned());
    }
    check_socket(socket)?;
    Ok(RawSocketUrl {
        secure: false,
        host: "localhost".to_owned(),
        port: default_port(false),
        unix: Some(socket.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn problem(url: &str) -> String {
        match RawSocketUrl::parse(url) {
            Err(UrlError { url: given, message }) => {
                assert_eq!(given, shown(url));
                message
            }
            other => panic!("{url:?} gave {other:?}"),
        }
    }

    #[test]
    fn parts_and_defaults() {
        for (text, secure, host, port, shown) in [
            ("rs://Example.com", false, "example.com", 80, "rs://example.com:80"),
            ("rss://h", true, "h", 443, "rss://h:443"),
            ("RSS://a-b_c.example:8443/", true, "a-b_c.example", 8443, "rss://a-b_c.example:8443"),
            ("rs://[2001:DB8::1]:7", false, "2001:db8::1", 7, "rs://[2001:db8::1]:7"),
            ("rs://127.0.0.1:65535", false, "127.0.0.1", 65535, "rs://127.0.0.1:65535"),
            ("rs://unix:7", false, "unix", 7, "rs://unix:7"),
        ] {
            let url = RawSocketUrl::parse(text).unwrap();
            assert_eq!((url.secure, url.host.as_str(), url.port), (secure, host, port), "{text}");
            assert_eq!((url.to_string().as_str(), &url.unix), (shown, &None), "{text}");
        }
        let url = RawSocketUrl::parse_listen("rs://127.0.0.1:0").unwrap();
        assert_eq!((url.port, url.to_string().as_str()), (0, "rs://127.0.0.1:0"));
    }

    #[test]
    fn unix_sockets() {
        for text in ["rs://unix:/run/r.sock", "RS://Unix:/run/r.sock", "rs+unix:///run/r.sock"] {
            for url in [RawSocketUrl::parse(text), RawSocketUrl::parse_listen(text)] {
                let url = url.unwrap();
                assert_eq!(url.unix.as_deref(), Some("/run/r.sock"), "{text}");
                assert_eq!((url.secure, url.host.as_str()), (false, "localhost"), "{text}");
                assert_eq!(url.to_string(), "rs://unix:/run/r.sock");
            }
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (url, text) in [
            ("", "must begin with rs:// or rss://"),
            ("h:8080", "must begin with rs://"),
            ("ws://h:8080", "\"ws\" is neither rs nor rss"),
            ("tcp://h:8080", "neither rs nor rss; write rs://"),
            ("tcps://h:8080", "neither rs nor rss; write rss://"),
            ("p:w://h", "the scheme is neither rs nor rss"),
            ("rs://", "host is missing"),
            ("rs://:80", "host is missing"),
            ("rs:///run/r.sock", "host is missing"),
            ("rs://h:", "is not a port"),
            ("rs://h:65536", "is not a port"),
            ("rs://h:+1", "is not a port"),
            ("rs://h:0", "out of range (1 to 65535)"),
            ("rs://h/ws", "no path, query or fragment; use rs://h"),
            ("RSS://[::1]:7/?a=b", "no path, query or fragment; use rss://[::1]:7"),
            ("rs://unix:r.sock", "must be absolute, as in rs://unix:/run/router.sock"),
            ("rs://unix:run/r.sock", "must be absolute"),
            ("rs://unix:65536", "is not a port"),
            ("rs://h//", "no path, query or fragment"),
            ("rs://h:80?serializer=cbor", "no path, query or fragment"),
            ("rs://h#part", "no fragment"),
            ("rs://joe@h", "user name"),
            ("rs://h h", "' ' cannot be in a URL"),
            ("rs://h<h", "'<' cannot be in a host name"),
            ("rs://::1", "in brackets"),
            ("rs://1.2.3", "not an IPv4 address"),
            ("rss://unix:/r.sock", "TLS over a unix socket is not supported; use rs://"),
            ("rss+unix:///r.sock", "TLS over a unix socket is not supported"),
            ("rs+unix://r.sock", "not the absolute path"),
            ("rs://unix:/run/", "is a folder"),
            ("rs://unix:/run/r%20.sock", "not percent-decoded"),
            ("rs://unix:/run/r.sock:/ws", "nothing follows the unix socket"),
            ("rs://unix:/run/r.sock?a", "nothing follows the unix socket"),
        ] {
            let message = problem(url);
            assert!(message.contains(text), "{url:?}: {message}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        for url in
            ["rs://joe:hunter2@h", "rs://h?hunter2", "rs://h:1#hunter2", "joe:hunter2@rs://h"]
        {
            let error = RawSocketUrl::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("ter2"), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nonsense_is_an_error_and_never_a_panic(text in "\\PC*", scheme in "(rs|rss|rs\\+unix)://(unix:)?") {
            let _ = RawSocketUrl::parse(&text);
            if let Ok(url) = RawSocketUrl::parse_listen(&format!("{scheme}{text}")) {
                // Parsing the printed URL gives the same URL.
                proptest::prop_assert_eq!(RawSocketUrl::parse_listen(&url.to_string()).unwrap(), url);
            }
        }

        /// Every target that can be named is read again as the same.
        #[test]
        fn what_can_be_named_is_read(
            host in "[a-z][a-z0-9-]{0,9}(\\.[a-z]{1,5})?", port in 1..=u16::MAX, secure: bool
        ) {
            let scheme = if secure { "rss" } else { "rs" };
            let url = RawSocketUrl::parse(&format!("{scheme}://{host}:{port}")).unwrap();
            proptest::prop_assert_eq!((url.secure, url.host, url.port), (secure, host, port));
        }
    }
}
