//! Turns the streams that a listener accepts into the server's connections.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use crate::net::listen::accept_loop::Accept;
use crate::router::ListenGuard;
use crate::server::connections::Connections;
use crate::server::serve::Serve;
use crate::transport::native::accept::Acceptor;

/// The handshakes and connections of one listener.
pub(super) struct Accepting<S: Serve> {
    pub(super) acceptor: Acceptor,
    pub(super) connections: Arc<Connections<S>>,
}

impl<S: Serve> Accept for Accepting<S> {
    type Guard = Option<ListenGuard>;

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

    fn guard(&self) -> Option<ListenGuard> {
        self.connections.guard()
    }
}
