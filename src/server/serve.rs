//! `Serve`: what becomes of the connections that a listener has accepted.

use std::future::Future;
use std::sync::Arc;

use crate::core::router::ConnectionId;
use crate::router::{self, Connection, ListenGuard};
use crate::server::connections::Connections;
use crate::transport::Transport;

/// Who serves the connections of a listener.
pub(crate) trait Serve: Send + Sync + 'static {
    /// One connection: ends when the transport is closed.
    type Run: Future<Output = ()> + Send + 'static;
    /// What names a connection that is to be ended.
    type Handle: Send + 'static;

    /// Takes a connection. It is served as long as the future is polled.
    fn serve(&self, transport: Box<dyn Transport>) -> (Self::Run, Self::Handle);

    /// Ends connections as gracefully as there is time for, which has to be bounded. Some may have
    /// gone by themselves.
    fn end(&self, connections: Vec<Self::Handle>);

    /// Connections that come together are about to be served. Who has an end of its own knows them by
    /// itself.
    fn adopt(&self, connections: &Arc<Connections<Self>>)
    where
        Self: Sized,
    {
        let _ = connections;
    }

    /// Ready when nobody is served any more.
    fn wait_down(&self) -> impl Future<Output = ()> + Send;

    /// What the end of who serves has to wait for, until it is dropped: a place that is listened on.
    fn guard(&self) -> Option<ListenGuard> {
        None
    }
}

impl Serve for router::Connections {
    type Run = Connection;
    type Handle = ConnectionId;

    fn serve(&self, transport: Box<dyn Transport>) -> (Connection, ConnectionId) {
        self.take(transport)
    }

    fn end(&self, connections: Vec<ConnectionId>) {
        self.dismiss(&connections);
    }

    async fn wait_down(&self) {
        self.wait_down().await;
    }

    fn guard(&self) -> Option<ListenGuard> {
        Some(self.guard())
    }
}
