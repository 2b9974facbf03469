//! Implements TCP connecting: from a name to a connected socket, over all its addresses (RFC 8305,
//! "happy eyeballs").

use std::collections::VecDeque;
use std::fmt::Write;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Cause, ConnectError};
use crate::net::lookup::look_up;
use crate::rt::BoxFuture;
use crate::settings::IpVersion;
use crate::url::Host;

/// RFC 8305, section 5, "Connection Attempt Delay".
const STAGGER: Duration = Duration::from_millis(250);

/// Maximum number of addresses named in an error.
const TOLD: usize = 8;

/// Looks up the name and connects to one of its addresses, until `deadline`.
pub(crate) async fn connect(
    host: &str,
    port: u16,
    version: IpVersion,
    deadline: Instant,
) -> Result<TcpStream, ConnectError> {
    let name = format!("{}:{port}", Host(host));
    let addresses = match timeout_at(deadline, look_up(host, port)).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Err(unreachable(&name, error.to_string(), error)),
        Err(_) => return Err(ConnectError::Timeout(format!("looking up the name of {name}"))),
    };
    connect_first(&name, addresses, version, deadline).await
}

/// Connects to the first address that answers, until `deadline`. `name` appears in errors.
///
/// The socket has `TCP_NODELAY`: a request after the answer to another request must not wait for a
/// delayed acknowledgement.
pub(crate) async fn connect_first(
    name: &str,
    mut addresses: Vec<SocketAddr>,
    version: IpVersion,
    deadline: Instant,
) -> Result<TcpStream, ConnectError> {
    addresses.retain(|address| takes(version, address.ip()));
    if addresses.is_empty() {
        let text = format!("no {} address found", version_name(version));
        let cause = io::Error::new(io::ErrorKind::AddrNotAvailable, text.clone());
        return Err(unreachable(name, text, cause));
    }
    let stream = match timeout_at(deadline, race(interleave(addresses))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(mut failures)) => {
            let message = told(&failures);
            let cause = failures.pop().map(|(_, error)| Cause::new(error));
            return Err(ConnectError::Io { address: name.to_owned(), message, cause });
        }
        Err(_) => return Err(ConnectError::Timeout(format!("connecting to {name}"))),
    };
    stream.set_nodelay(true).map_err(|error| unreachable(name, error.to_string(), error))?;
    Ok(stream)
}

/// Returns whether addresses of this version are tried.
pub(super) fn takes(version: IpVersion, address: IpAddr) -> bool {
    match version {
        IpVersion::Any => true,
        IpVersion::V4 => address.is_ipv4(),
        IpVersion::V6 => address.is_ipv6(),
    }
}

/// Returns the name of the version for error texts.
pub(super) fn version_name(version: IpVersion) -> &'static str {
    match version {
        IpVersion::Any => "IP",
        IpVersion::V4 => "IPv4",
        IpVersion::V6 => "IPv6",
    }
}

type Attempt = (SocketAddr, BoxFuture<'static, io::Result<TcpStream>>);

/// Returns the first connection. The other attempts are dropped, which closes their sockets.
async fn race(addresses: Vec<SocketAddr>) -> Result<TcpStream, Vec<(SocketAddr, io::Error)>> {
    let mut waiting = VecDeque::from(addresses);
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut failures = Vec::new();
    // The first starts at once.
    let mut next = pin!(sleep(Duration::ZERO));
    let mut may_start = true;
    poll_fn(|cx| {
        loop {
            if !waiting.is_empty() && (may_start || next.as_mut().poll(cx).is_ready()) {
                may_start = false;
                next.as_mut().reset(Instant::now() + STAGGER);
                attempts.extend(waiting.pop_front().map(begin));
            }
            let mut index = 0;
            while let Some((address, attempt)) = attempts.get_mut(index) {
                match attempt.as_mut().poll(cx) {
                    Poll::Pending => index += 1,
                    Poll::Ready(Ok(stream)) => return Poll::Ready(Ok(stream)),
                    Poll::Ready(Err(error)) => {
                        failures.push((*address, error));
                        drop(attempts.remove(index));
                        // An address that has failed delays no other.
                        may_start = true;
                    }
                }
            }
            if waiting.is_empty() && attempts.is_empty() {
                return Poll::Ready(Err(std::mem::take(&mut failures)));
            }
            // Polls the timer, too, so that it wakes the task.
            if waiting.is_empty() || (!may_start && next.as_mut().poll(cx).is_pending()) {
                return Poll::Pending;
            }
        }
    })
    .await
}

fn begin(address: SocketAddr) -> Attempt {
    let attempt: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(TcpStream::connect(address));
    (address, attempt)
}

/// Alternates the families, each in the given order, starting with that of the first address (RFC
/// 8305, section 4).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let count = addresses.len();
    let (first, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut other) = (first.into_iter(), other.into_iter());
    let mut mixed = Vec::with_capacity(count);
    while mixed.len() < count {
        mixed.extend(first.next());
        mixed.extend(other.next());
    }
    mixed
}

fn told(failures: &[(SocketAddr, io::Error)]) -> String {
    if let [(_, error)] = failures {
        return error.to_string();
    }
    let mut text = String::new();
    for (address, error) in failures.iter().take(TOLD) {
        let separator = if text.is_empty() { "" } else { "; " };
        // Writing into a string cannot fail.
        let _ = write!(text, "{separator}{address}: {error}");
    }
    if failures.len() > TOLD {
        let _ = write!(text, "; and {} more", failures.len() - TOLD);
    }
    text
}

fn unreachable(name: &str, message: String, cause: io::Error) -> ConnectError {
    ConnectError::Io { address: name.to_owned(), message, cause: Some(Cause::new(cause)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn addresses(text: &str) -> Vec<SocketAddr> {
        text.split_whitespace().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_and_keep_their_order() {
        for (given, mixed) in [
            ("", ""),
            ("1.0.0.1:1", "1.0.0.1:1"),
            ("[::1]:1 [::2]:1 1.0.0.1:1 1.0.0.2:1", "[::1]:1 1.0.0.1:1 [::2]:1 1.0.0.2:1"),
            ("1.0.0.1:1 [::1]:1 [::2]:1 [::3]:1", "1.0.0.1:1 [::1]:1 [::2]:1 [::3]:1"),
            ("1.0.0.1:1 1.0.0.2:1 1.0.0.3:1 [::1]:1", "1.0.0.1:1 [::1]:1 1.0.0.2:1 1.0.0.3:1"),
        ] {
            assert_eq!(interleave(addresses(given)), addresses(mixed));
        }
    }

    #[test]
    fn an_error_tells_of_some_addresses() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let failures: Vec<_> =
            (1..=10).map(|port| (SocketAddr::from(([127, 0, 0, 1], port)), refused())).collect();
        let text = told(&failures);
        assert!(text.starts_with("127.0.0.1:1: connection refused; 127.0.0.1:2: "), "{text}");
        assert!(text.ends_with("; and 2 more"), "{text}");
        assert_eq!(told(&failures[..1]), "connection refused");
    }

    #[tokio::test]
    async fn a_connected_socket_has_tcp_nodelay() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        for version in [IpVersion::Any, IpVersion::V4] {
            let stream =
                connect("127.0.0.1", address.port(), version, deadline).await.ok().unwrap();
            assert!(stream.nodelay().unwrap());
        }
    }
}
