//! `Listener`: the handle of a listening socket.

use std::net::SocketAddr;

use tokio::sync::watch;

use super::accept_loop::{AcceptHandle, End};

/// A listening socket. Dropping the handle changes nothing: connections are accepted until
/// [`close`](Listener::close), [`shutdown`](Listener::shutdown), or the end of the server that listens. A server ends
/// by its own shutdown, or, if its documentation says so, when its last handle is dropped.
#[derive(Debug)]
pub struct Listener {
    pub(crate) url: String,
    pub(crate) raw_socket_url: Option<String>,
    pub(crate) local_addr: Option<SocketAddr>,
    pub(crate) control: AcceptHandle,
    /// Closed when no connection is left.
    pub(crate) gone: watch::Receiver<()>,
}

impl Listener {
    /// Returns the URL to connect to, with the actual port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL to connect to by RawSocket, if this listener accepts it: the same as [`url`](Self::url), or
    /// the second URL of a [universal](crate::server::Listen::universal) listener.
    pub fn raw_socket_url(&self) -> Option<&str> {
        self.raw_socket_url.as_deref()
    }

    /// The address of the socket; `None` for a unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// Stops accepting connections, and returns when the port is free or the unix socket's file removed.
    /// Existing connections continue; from now on only the server that listened can end all of them.
    pub async fn close(self) {
        self.end(End::Close).await;
    }

    /// Stops accepting connections, ends those that this listener accepted, and returns when they are
    /// gone. The server closes each connection as its protocol demands, after all waiting messages; peers have some
    /// seconds to answer and to read, all at the same time. Other connections continue.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::websocket::{self, WebSocketServerProtocol};
    ///
    /// struct Silent;
    ///
    /// impl WebSocketServerProtocol for Silent {}
    ///
    /// let listener = websocket::listen("ws://127.0.0.1:0/").listen_protocol(|| Silent).await?;
    /// let mut client = websocket::connect(listener.url()).await?;
    ///
    /// listener.shutdown().await;
    /// assert!(client.next().await.is_none());
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(self) {
        let mut gone = self.gone.clone();
        self.end(End::Shutdown).await;
        // Nothing is ever sent: the end is the signal.
        let _ = gone.changed().await;
    }

    /// Stops accepting connections, without waiting.
    pub(crate) fn stop(self) {
        // It fails only if it has already ended.
        let _ = self.control.end.send(End::Close);
    }

    async fn end(self, end: End) {
        let AcceptHandle { end: sender, mut stopped } = self.control;
        // Both fail only if it has already ended.
        let _ = sender.send(end);
        let _ = stopped.changed().await;
    }
}
