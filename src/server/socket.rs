//! `Socket`: what is listened on, TCP or unix.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, TcpStream};

use crate::error::ConnectError;
use crate::transport::unix;
use crate::transport::url::Host;

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    /// With what its clients are called, who have no addresses of their own.
    Unix(unix::Listener, String),
}

/// A client that has connected.
#[derive(Debug)]
pub(super) enum Incoming {
    Tcp(TcpStream, SocketAddr),
    Unix(unix::Stream, String),
}

impl Socket {
    /// With port 0 the system chooses one.
    pub(super) async fn tcp(host: &str, port: u16) -> Result<(Self, SocketAddr), ConnectError> {
        let failed = |error: io::Error| ConnectError::Listen {
            address: format!("{}:{port}", Host(host)),
            message: error.to_string(),
        };
        let socket = TcpListener::bind((host, port)).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok((Socket::Tcp(socket), address))
    }

    /// `mode`: the permissions of the file.
    pub(super) async fn unix(path: &str, mode: Option<u32>) -> Result<Self, ConnectError> {
        let bound = unix::Listener::bind(Path::new(path), mode).await;
        let failed = |message| ConnectError::Listen { address: path.to_owned(), message };
        Ok(Socket::Unix(bound.map_err(failed)?, format!("unix:{path}")))
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        Poll::Ready(Ok(match self {
            Socket::Tcp(socket) => {
                let (stream, peer) = ready!(socket.poll_accept(cx))?;
                Incoming::Tcp(stream, peer)
            }
            Socket::Unix(socket, peer) => {
                Incoming::Unix(ready!(socket.poll_accept(cx))?, peer.clone())
            }
        }))
    }
}
