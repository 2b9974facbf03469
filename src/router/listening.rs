//! The parts of the router that listening needs: a target without sockets leaves them unused.

use std::sync::Arc;

use super::connection::Connection;
use super::hub::Hub;
use super::{Connections, Router, Settings};
use crate::core::router::ConnectionId;
use crate::transport::Transport;

impl Router {
    pub(crate) fn settings(&self) -> &Settings {
        &self.owner.settings
    }
}

impl Connections {
    /// Adds a connection, which the caller must run.
    pub(crate) fn take(&self, transport: Box<dyn Transport>) -> (Connection, ConnectionId) {
        self.connection(transport, None)
    }

    /// Sends GOODBYE to the sessions of these connections.
    pub(crate) fn dismiss(&self, connections: &[ConnectionId]) {
        self.hub.dismiss(connections);
    }

    /// Keeps [`Router::shutdown`] waiting until the returned value is dropped, as a connection
    /// does.
    pub(crate) fn guard(&self) -> ListenGuard {
        self.hub.hold();
        ListenGuard(Arc::clone(&self.hub))
    }

    /// Completes when the router shuts down.
    pub(crate) async fn wait_shutdown(&self) {
        self.hub.wait_shutdown().await;
    }
}

/// Keeps the router's shutdown waiting until it is dropped.
#[derive(Debug)]
pub(crate) struct ListenGuard(Arc<Hub>);

impl Drop for ListenGuard {
    fn drop(&mut self) {
        self.0.release();
    }
}
