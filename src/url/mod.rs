//! URLs: `ws://` and `wss://`, `rs://` and `rss://`, and the forms that name a unix
//! socket.
//!
//! Names are not looked up and nothing is percent-decoded. The parser is written by hand because it is
//! in the browser's bundle as well, where a general URL library would be larger than the rest of the
//! transport.

mod authority;
mod rawsocket;
mod websocket;

use std::fmt;

use authority::{check_port, split_port};

pub use rawsocket::RawSocketUrl;
pub use websocket::WebSocketUrl;

pub(crate) use authority::{Host, read_host};

use crate::error::UrlError;

/// Error text for TLS over a unix socket, which Autobahn refuses as well.
pub(crate) const NO_TLS: &str = "TLS over a unix socket is not supported";

/// Returns the part of a given URL that errors and logs may contain: neither user and password, which
/// may stand there by mistake, nor the query, which may hold a token. `ws://…@host/path?…`.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        _ => (String::new(), url),
    };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((before, behind)) if has_user(rest) => match before.contains(['?', '#']) {
            // The @ may be behind the user or in a query.
            true => ("…@", "…"),
            false => ("…@", behind),
        },
        _ => ("", rest),
    };
    match rest.split_once(['?', '#']) {
        Some((rest, _)) => format!("{scheme}{user}{rest}?…"),
        None => format!("{scheme}{user}{rest}"),
    }
}

fn invalid(url: &str, message: impl fmt::Display) -> UrlError {
    UrlError::new(shown(url), message.to_string())
}

/// Returns whether the scheme of the URL is one of RawSocket.
pub(crate) fn is_raw_socket(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| rawsocket::FAMILY.scheme(scheme).is_some())
}

/// Checks that the scheme is one of a transport, where each transport is accepted. `raw_socket`: this
/// platform can connect by RawSocket.
pub(crate) fn check_scheme(url: &str, raw_socket: bool) -> Result<(), String> {
    let (families, none, begin): (&[_], _, _) = match raw_socket {
        true => (
            &[&websocket::FAMILY, &rawsocket::FAMILY],
            "is not one of ws, wss, rs and rss",
            "it must begin with ws:// or wss://, or rs:// or rss:// for RawSocket",
        ),
        false => {
            (&[&websocket::FAMILY], "is neither ws nor wss", "it must begin with ws:// or wss://")
        }
    };
    let (scheme, _) = url.split_once("://").ok_or(begin)?;
    // Where RawSocket is not available, connecting reports it.
    if is_raw_socket(url) || families.iter().any(|family| family.scheme(scheme).is_some()) {
        return Ok(());
    }
    Err(match families.iter().find_map(|family| family.intended_scheme(scheme)) {
        Some(ours) => format!("the scheme {scheme:?} {none}; write {ours}://"),
        None if is_scheme(scheme) => format!("the scheme {scheme:?} {none}"),
        // It may be a password.
        None => format!("the scheme {none}"),
    })
}

/// The schemes of one transport.
struct Schemes {
    /// Name for error texts.
    name: &'static str,
    plain: &'static str,
    secure: &'static str,
    /// Scheme that is often written instead, and the same with TLS.
    mistaken: [&'static str; 2],
}

/// Target of a URL, the same for all schemes.
enum Target<'a> {
    /// The text after the slashes: host, port and more.
    Tcp { secure: bool, rest: &'a str },
    /// The text that begins with the absolute path of a unix socket.
    Unix { rest: &'a str },
}

impl Schemes {
    /// Returns, for a scheme of this transport, whether it means TLS and whether it means a unix socket.
    fn scheme(&self, scheme: &str) -> Option<(bool, bool)> {
        let scheme = scheme.to_ascii_lowercase();
        let (base, unix) = match scheme.strip_suffix("+unix") {
            Some(base) => (base, true),
            None => (scheme.as_str(), false),
        };
        [(self.plain, false), (self.secure, true)]
            .iter()
            .find_map(|(ours, secure)| (base == *ours).then_some((*secure, unix)))
    }

    /// Returns the scheme that is meant by one that is often written instead.
    fn intended_scheme(&self, scheme: &str) -> Option<&'static str> {
        let mut mistakes = self.mistaken.iter().zip([self.plain, self.secure]);
        mistakes.find_map(|(other, ours)| scheme.eq_ignore_ascii_case(other).then_some(ours))
    }

    fn read<'a>(&self, url: &'a str) -> Result<Target<'a>, String> {
        let Schemes { name, plain, secure, mistaken: _ } = self;
        let begins = || format!("it must begin with {plain}:// or {secure}://");
        let (scheme, rest) = url.split_once("://").ok_or_else(begins)?;
        let Some((is_secure, unix)) = self.scheme(scheme) else {
            let neither = format!("is neither {plain} nor {secure}");
            return Err(match self.intended_scheme(scheme) {
                Some(ours) => format!("the scheme {scheme:?} {neither}; write {ours}://"),
                None if is_scheme(scheme) => format!("the scheme {scheme:?} {neither}"),
                // It may be a password.
                None => format!("the scheme {neither}"),
            });
        };
        if let Some(other) = rest.chars().find(|char| !char.is_ascii_graphic()) {
            return Err(format!("{other:?} cannot be in a URL; encode it"));
        }
        if rest.contains('#') {
            return Err(format!("a {name} URL has no fragment (#)"));
        }
        match if unix { Some(rest) } else { unix_socket(rest) } {
            None if has_user(rest) => Err("a user name in the URL is not supported".to_owned()),
            None if is_relative_socket(rest) => {
                let text = "the path of a unix socket must be absolute, as in";
                Err(format!("{text} {plain}://unix:/run/router.sock"))
            }
            None => Ok(Target::Tcp { secure: is_secure, rest }),
            Some(_) if is_secure => Err(format!("{NO_TLS}; use {plain}://")),
            Some(rest) if !rest.starts_with('/') => {
                Err("what follows is not the absolute path of a unix socket".to_owned())
            }
            Some(rest) => Ok(Target::Unix { rest }),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Returns whether the text seems to contain user and password, even with characters that are not valid
/// there.
fn has_user(rest: &str) -> bool {
    if rest.starts_with('/') || unix_socket(rest).is_some() {
        return false;
    }
    let (authority, _) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let odd_port = || match split_port(authority) {
        Ok((_, port)) => port.is_some_and(|port| check_port(port).is_err()),
        Err(_) => true,
    };
    authority.contains('@') || (rest.contains('@') && odd_port())
}

/// Returns the text after `unix:`. A host named `unix` has a port behind the colon, or no colon.
fn unix_socket(rest: &str) -> Option<&str> {
    let (name, socket) = rest.split_once(':')?;
    (name.eq_ignore_ascii_case("unix") && socket.starts_with('/')).then_some(socket)
}

/// Returns whether `unix:` is followed by neither an absolute path nor a port.
fn is_relative_socket(rest: &str) -> bool {
    let Some((name, socket)) = rest.split_once(':') else { return false };
    let (port, _) = socket.split_at(socket.find(['/', '?']).unwrap_or(socket.len()));
    name.eq_ignore_ascii_case("unix") && port.bytes().any(|byte| !byte.is_ascii_digit())
}

/// Checks the path of a unix socket; a URL may contain only some of the valid paths.
fn check_socket(socket: &str) -> Result<(), String> {
    if socket.contains('%') {
        return Err("the path of a unix socket is not percent-decoded; see Endpoint::unix".into());
    }
    if socket.ends_with('/') {
        return Err(format!("{socket:?} is a folder and no unix socket"));
    }
    Ok(())
}
