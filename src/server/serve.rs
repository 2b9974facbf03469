//! `Serve`: the router or the handlers that serve accepted connections.

use std::future::Future;
use std::sync::Arc;

use crate::server::connections::Connections;
use crate::transport::Transport;

/// Serves connections.
pub(crate) trait Serve: Send + Sync + 'static {
    /// The future of one connection; it ends when the transport is closed.
    type Run: Future<Output = ()> + Send + 'static;
    /// Names a connection, so that it can be ended.
    type Handle: Send + 'static;
    /// Held by a listening socket: shutdown waits until it is dropped.
    type Guard: Send + 'static;

    /// Takes a connection. It is served while the future is polled.
    fn serve(&self, transport: Box<dyn Transport>) -> (Self::Run, Self::Handle);

    /// Ends connections gracefully, in bounded time. Some may have ended by themselves.
    fn end(&self, connections: Vec<Self::Handle>);

    /// Called before a group of connections is served, for servers that have to end the group later.
    fn adopt(&self, connections: &Arc<Connections<Self>>)
    where
        Self: Sized,
    {
        let _ = connections;
    }

    /// Ready when no connection is served any more.
    fn wait_shutdown(&self) -> impl Future<Output = ()> + Send;

    /// The guard of a new listening socket.
    fn guard(&self) -> Self::Guard;
}
