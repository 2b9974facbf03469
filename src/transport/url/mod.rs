//! URLs of transports: `ws://` and `wss://`, `rs://` and `rss://`, and the forms that name a unix
//! socket.
//!
//! Owns no name look-up and no percent-decoding. It is written by hand because it is in the browser's
//! bundle as well, where a general URL library would weigh more than the rest of the transport.

mod authority;
mod rawsocket;
mod websocket;

use std::fmt;

use authority::{check_port, split_port};

pub use rawsocket::RawSocketUrl;
pub use websocket::WebSocketUrl;

pub(crate) use authority::{Host, read_host};

use crate::error::ConnectError;

/// Also Autobahn's rule.
pub(crate) const NO_TLS: &str = "there is no TLS over a unix socket";

/// What errors and logs may tell of what was given as a URL: neither user and password, which people
/// write there by mistake, nor the query, which may hold a token. `ws://…@host/path?…`.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        _ => (String::new(), url),
    };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((before, behind)) if has_user(rest) => match before.contains(['?', '#']) {
            // Whether the @ is behind the user or in a query, cannot be said.
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

fn invalid(url: &str, message: impl fmt::Display) -> ConnectError {
    ConnectError::InvalidUrl { url: shown(url), message: message.to_string() }
}

/// The URLs of one transport.
struct Family {
    /// For people.
    name: &'static str,
    plain: &'static str,
    secure: &'static str,
    /// A scheme that people write instead, and the same with TLS.
    mistaken: [&'static str; 2],
}

/// Where a URL leads, as far as it is the same for all transports.
enum Place<'a> {
    /// What follows the slashes: host, port and more.
    Tcp { secure: bool, rest: &'a str },
    /// Begins with the absolute path of a unix socket.
    Unix { rest: &'a str },
}

impl Family {
    fn read<'a>(&self, url: &'a str) -> Result<Place<'a>, String> {
        let Family { name, plain, secure, mistaken } = self;
        let begins = || format!("it must begin with {plain}:// or {secure}://");
        let (scheme, rest) = url.split_once("://").ok_or_else(begins)?;
        let is = |other: &str| scheme.eq_ignore_ascii_case(other);
        let base = scheme.len().checked_sub(UNIX.len()).and_then(|at| scheme.split_at_checked(at));
        let (base, unix) = match base {
            Some((base, end)) if end.eq_ignore_ascii_case(UNIX) => (base, true),
            _ => (scheme, false),
        };
        let is_secure = base.eq_ignore_ascii_case(secure);
        if !is_secure && !base.eq_ignore_ascii_case(plain) {
            let neither = format!("is neither {plain} nor {secure}");
            return Err(match mistaken.iter().zip([plain, secure]).find(|(other, _)| is(other)) {
                Some((_, ours)) => format!("the scheme {scheme:?} {neither}; write {ours}://"),
                None if is_scheme(scheme) => format!("the scheme {scheme:?} {neither}"),
                // It may be a password.
                None => format!("the scheme {neither}"),
            });
        }
        if let Some(other) = rest.chars().find(|char| !char.is_ascii_graphic()) {
            return Err(format!("{other:?} cannot be in a URL; encode it"));
        }
        if rest.contains('#') {
            return Err(format!("a {name} URL has no fragment (#)"));
        }
        match if unix { Some(rest) } else { unix_socket(rest) } {
            None if has_user(rest) => Err("a user name in the URL is not supported".to_owned()),
            None => Ok(Place::Tcp { secure: is_secure, rest }),
            Some(_) if is_secure => Err(format!("{NO_TLS}; use {plain}://")),
            Some(rest) if !rest.starts_with('/') => {
                Err("what follows is not the absolute path of a unix socket".to_owned())
            }
            Some(rest) => Ok(Place::Unix { rest }),
        }
    }
}

const UNIX: &str = "+unix";

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Whether there seem to be a user and a password, also one with characters that cannot be in it.
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

/// What follows `unix:`. A host of the name `unix` has a port behind the colon, or no colon.
fn unix_socket(rest: &str) -> Option<&str> {
    let (name, socket) = rest.split_once(':')?;
    (name.eq_ignore_ascii_case("unix") && socket.starts_with('/')).then_some(socket)
}

/// The path of a unix socket, of which a URL may hold only some.
fn check_socket(socket: &str) -> Result<(), String> {
    if socket.contains('%') {
        return Err("the path of a unix socket is not percent-decoded; see Endpoint::unix".into());
    }
    if socket.ends_with('/') {
        return Err(format!("{socket:?} is a folder and no unix socket"));
    }
    Ok(())
}
