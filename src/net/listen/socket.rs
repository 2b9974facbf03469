//! `Socket`: a listening socket, TCP or unix.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, TcpStream};

use crate::error::{Cause, ListenError};
use crate::net::lookup::look_up;
use crate::rt::unix;
use crate::url::Host;

/// Maximum number of attempts to find a port that is free at all addresses: the one that the system
/// chose for the first may be taken at another.
const TRIES: usize = 16;

#[derive(Debug)]
pub(crate) enum Socket {
    /// One for each address.
    Tcp(Vec<TcpListener>, AtomicUsize),
    /// With the name that its clients get, which have no addresses of their own.
    Unix(unix::Listener, String),
}

/// A connected client.
#[derive(Debug)]
pub(crate) enum Incoming {
    Tcp(TcpStream, SocketAddr),
    Unix(unix::Stream, String),
}

impl Socket {
    /// Listens at all addresses of the host that this machine has, at the same port, and returns the
    /// first of them. With port 0 the system chooses one.
    pub(crate) async fn tcp(host: &str, port: u16) -> Result<(Self, SocketAddr), ListenError> {
        let failed = |error: io::Error| failed(format!("{}:{port}", Host(host)), error);
        let mut addresses = Vec::new();
        for address in look_up(host, port).await.map_err(failed)? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let sockets = bind_all(&addresses).await.map_err(failed)?;
        let none = || failed(ErrorKind::AddrNotAvailable.into());
        let address = sockets.first().ok_or_else(none)?.local_addr().map_err(failed)?;
        Ok((Socket::Tcp(sockets, AtomicUsize::new(0)), address))
    }

    /// Listens at a unix socket; `mode` is the permissions of its file.
    pub(crate) async fn unix(path: &str, mode: Option<u32>) -> Result<Self, ListenError> {
        let bound = unix::Listener::bind(Path::new(path), mode).await;
        let bound = bound.map_err(|error| failed(path.to_owned(), error))?;
        Ok(Socket::Unix(bound, format!("unix:{path}")))
    }

    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        Poll::Ready(Ok(match self {
            Socket::Tcp(sockets, turn) => {
                // Each socket is polled first in turn, so that many clients at one do not block
                // those at another.
                let turn = turn.fetch_add(1, Ordering::Relaxed) % sockets.len().max(1);
                let mut all = sockets.iter().cycle().skip(turn).take(sockets.len());
                let accepted = all.find_map(|socket| match socket.poll_accept(cx) {
                    Poll::Ready(accepted) => Some(accepted),
                    Poll::Pending => None,
                });
                let Some(accepted) = accepted else { return Poll::Pending };
                let (stream, peer) = accepted?;
                Incoming::Tcp(stream, peer)
            }
            Socket::Unix(socket, peer) => {
                Incoming::Unix(ready!(socket.poll_accept(cx))?, peer.clone())
            }
        }))
    }
}

fn failed(address: String, error: io::Error) -> ListenError {
    ListenError::Io { address, message: error.to_string(), cause: Some(Cause::new(error)) }
}

/// Listens at all of these addresses that this machine has; with port 0, at the same port
/// everywhere.
async fn bind_all(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut tries = 1;
    loop {
        match bind_once(addresses).await {
            Err(error)
                if error.kind() == ErrorKind::AddrInUse
                    && addresses.iter().any(|address| address.port() == 0)
                    && tries < TRIES =>
            {
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn bind_once(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut sockets: Vec<TcpListener> = Vec::with_capacity(addresses.len());
    let mut missing = None;
    for &(mut address) in addresses {
        if let Some(first) = sockets.first() {
            address.set_port(first.local_addr()?.port());
        }
        match TcpListener::bind(address).await {
            Ok(socket) => sockets.push(socket),
            // Clients would reach another program there, or none.
            Err(error)
                if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) =>
            {
                return Err(error);
            }
            // Names have IPv6 addresses even on machines that do not.
            Err(error) => {
                tracing::debug!(%address, %error, "an address of the host is not this machine's");
                missing = Some(error);
            }
        }
    }
    match missing {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn all_addresses_that_are_there_have_one_port() {
        // The second is reserved for documentation (RFC 5737).
        let [ours, nobodys] = ["127.0.0.1:0", "192.0.2.1:0"].map(address);
        // Linux has all of 127.0.0.0/8, others have [::1].
        let second = match TcpListener::bind("127.0.0.2:0").await {
            Ok(_) => address("127.0.0.2:0"),
            Err(_) => address("[::1]:0"),
        };
        let sockets = bind_all(&[nobodys, ours, second]).await.unwrap();
        let all: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        assert_eq!((all[0].ip(), all[1].ip()), (ours.ip(), second.ip()));
        assert_eq!(all[0].port(), all[1].port());
        let kind = bind_all(&[nobodys]).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::AddrNotAvailable);

        // Clients are accepted at both, in any order.
        let socket = Socket::Tcp(sockets, AtomicUsize::new(0));
        for address in [all[0], all[1], all[1], all[0]] {
            let client = TcpStream::connect(address).await.unwrap();
            let incoming = std::future::poll_fn(|cx| socket.poll_accept(cx)).await.unwrap();
            let Incoming::Tcp(_, peer) = incoming else { unreachable!() };
            assert_eq!(peer, client.local_addr().unwrap());
        }
    }

    #[tokio::test]
    async fn one_that_is_taken_is_an_error() {
        let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = held.local_addr().unwrap();
        let error = bind_all(&[address("192.0.2.1:1"), taken]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        drop(held);
    }
}
