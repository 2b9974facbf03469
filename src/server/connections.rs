//! `Connections`: the connections that are served together, from listeners, mounts or single streams.
//!
//! Counts them, and ends them together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use crate::lock::Lock;
use crate::rt;
use crate::server::serve::Serve;
use crate::transport::Transport;

/// Time that a shutdown waits for connections that were granted and have not come yet: as long as a
/// handshake may take by default.
const EXPECTED_TIME: Duration = Duration::from_secs(10);

pub(crate) struct Connections<S: Serve> {
    serve: S,
    state: Lock<State<S::Handle>>,
    /// Number of connections.
    present: watch::Sender<usize>,
    /// Number of connections that were granted and have not come yet.
    expected: Arc<watch::Sender<usize>>,
    /// Nothing is sent: its end is the signal.
    gone: watch::Sender<()>,
}

struct State<H> {
    all: HashMap<u64, H>,
    last: u64,
    /// True when connections that still come are ended at once.
    closed: bool,
}

/// One connection. Dropping it frees its room.
struct Connection<S: Serve> {
    connections: Arc<Connections<S>>,
    key: u64,
    _room: Option<OwnedSemaphorePermit>,
}

/// A granted connection, until it has come.
pub(super) struct Reservation(Arc<watch::Sender<usize>>);

impl<S: Serve> Connections<S> {
    pub(super) fn new(serve: S) -> Arc<Self> {
        let connections = Arc::new(Connections {
            serve,
            state: Lock::new(State { all: HashMap::new(), last: 0, closed: false }),
            present: watch::Sender::new(0),
            expected: Arc::new(watch::Sender::new(0)),
            gone: watch::Sender::new(()),
        });
        connections.serve.adopt(&connections);
        connections
    }

    /// Serves a connection in a task of its own.
    pub(super) fn take(
        self: &Arc<Self>,
        transport: Box<dyn Transport>,
        room: Option<OwnedSemaphorePermit>,
    ) {
        let (run, handle) = self.serve.serve(transport);
        let mut state = self.state.lock();
        state.last += 1;
        let key = state.last;
        let connection = Connection { connections: Arc::clone(self), key, _room: room };
        self.present.send_modify(|present| *present += 1);
        if state.closed {
            drop(state);
            self.serve.end(vec![handle]);
        } else {
            state.all.insert(key, handle);
            drop(state);
        }
        rt::spawn(async move {
            let _connection = connection;
            run.await;
        });
    }

    /// Grants a connection that comes later; returns `None` after the end.
    pub(super) fn expect(&self) -> Option<Reservation> {
        let state = self.state.lock();
        if state.closed {
            return None;
        }
        self.expected.send_modify(|expected| *expected += 1);
        Some(Reservation(Arc::clone(&self.expected)))
    }

    /// Ends all connections, and those that come from now on.
    pub(super) fn dismiss(&self) {
        let all = {
            let mut state = self.state.lock();
            state.closed = true;
            std::mem::take(&mut state.all)
        };
        self.serve.end(all.into_values().collect());
    }

    /// Waits until there are no connections, and for a bounded time for those that were granted.
    pub(super) async fn wait_empty(&self) {
        let mut expected = self.expected.subscribe();
        let _ = timeout(EXPECTED_TIME, expected.wait_for(|expected| *expected == 0)).await;
        // The sender lives as long as we do.
        let _ = self.present.subscribe().wait_for(|present| *present == 0).await;
    }

    /// Returns a receiver that is closed when neither connections nor listener are left.
    pub(super) fn gone(&self) -> watch::Receiver<()> {
        self.gone.subscribe()
    }

    /// Ready when no connection is served any more.
    pub(super) async fn wait_shutdown(&self) {
        self.serve.wait_shutdown().await;
    }

    /// The guard that a listener of these connections holds.
    pub(super) fn guard(&self) -> S::Guard {
        self.serve.guard()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.0.send_modify(|expected| *expected -= 1);
    }
}

impl<S: Serve> Drop for Connection<S> {
    fn drop(&mut self) {
        self.connections.state.lock().all.remove(&self.key);
        self.connections.present.send_modify(|present| *present -= 1);
    }
}
