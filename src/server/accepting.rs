//! Turns the streams that a listener accepts into the server's connections.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use crate::error::ListenError;
use crate::net::listen::accept_loop::{self, Accept};
use crate::net::listen::listener::Listener;
use crate::net::listen::socket::Socket;
use crate::server::connections::Connections;
use crate::server::serve::Serve;
use crate::server::target::Target;
use crate::transport::native::accept::Acceptor;

/// Opens the listener and serves its connections.
pub(super) async fn open<S: Serve>(target: Target, serve: S) -> Result<Listener, ListenError> {
    let options = target.options.clone();
    let (mut url, acceptor) = target.check()?;
    let (socket, local_addr) = match url.unix() {
        Some(path) => (Socket::unix(path, options.mode()).await?, None),
        None => {
            let (host, port) = url.address();
            let (socket, address) = Socket::tcp(host, port).await?;
            url.set_port(address.port());
            (socket, Some(address))
        }
    };
    let (url, raw_socket_url) = url.shown();
    tracing::info!(%url, "listening");
    let connections = Connections::new(serve);
    let gone = connections.gone();
    let accepting = Accepting { acceptor, connections };
    let control = accept_loop::start(socket, accepting, options.connections());
    Ok(Listener { url, raw_socket_url, local_addr, control, gone })
}

/// The handshakes and connections of one listener.
pub(super) struct Accepting<S: Serve> {
    pub(super) acceptor: Acceptor,
    pub(super) connections: Arc<Connections<S>>,
}

impl<S: Serve> Accept for Accepting<S> {
    type Guard = S::Guard;

    async fn accept<T>(&self, stream: T, peer: &str, permit: OwnedSemaphorePermit)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        match self.acceptor.accept(stream, peer).await {
            Ok(transport) => self.connections.take(transport, Some(permit)),
            Err(error) => tracing::debug!(peer, %error, "connection refused"),
        }
    }

    async fn refuse_excess<T>(&self, stream: T, peer: &str)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        // The refusal stands, whether or not the client reads it.
        let _ = self.acceptor.refuse_excess(stream, peer).await;
    }

    fn dismiss(&self) {
        self.connections.dismiss();
    }

    async fn wait_shutdown(&self) {
        self.connections.wait_shutdown().await;
    }

    fn guard(&self) -> S::Guard {
        self.connections.guard()
    }
}
