//! Host and port of a URL (RFC 3986), the same for all schemes.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::fmt;

/// A host, shown in brackets if it is an IPv6 address.
pub(crate) struct Host<'a>(pub(crate) &'a str);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

/// Port of a URL without one. As in Autobahn, it is the same for RawSocket as for WebSocket.
pub(super) fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// Returns host and port of `host[:port]`; see [`WebSocketUrl::host`](super::WebSocketUrl::host).
pub(super) fn read_authority(authority: &str, secure: bool) -> Result<(String, u16), String> {
    let (host, port) = split_port(authority)?;
    let port = port.map_or(Ok(default_port(secure)), check_port)?;
    Ok((check_host(host)?, port))
}

pub(super) fn split_port(authority: &str) -> Result<(&str, Option<&str>), String> {
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
            Err("an IPv6 address goes in brackets, as in [::1]".to_owned())
        }
        Some((host, port)) => Ok((host, Some(port))),
    }
}

pub(super) fn check_port(port: &str) -> Result<u16, String> {
    // `parse` alone would accept a sign.
    if !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = port.parse()
    {
        return Ok(number);
    }
    Err(format!("{port:?} is not a port (1 to 65535)"))
}

/// Returns a host from a URL, or an IPv6 address without brackets, in the form of
/// [`WebSocketUrl::host`](super::WebSocketUrl::host).
pub(crate) fn read_host(host: &str) -> Result<String, String> {
    match host.parse::<Ipv6Addr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => check_host(host),
    }
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
    // A name whose last label is a number must be an IPv4 address (WHATWG URL, 3.5).
    let last = labels.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && labels.parse::<Ipv4Addr>().is_err() {
        return Err(format!("{host:?} is not an IPv4 address"));
    }
    Ok(host.to_ascii_lowercase())
}
