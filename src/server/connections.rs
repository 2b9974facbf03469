//! `Connections`: the connections that are served together, however they came.
//!
//! Owns who they are, their number, and their end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use crate::router::ListenGuard;
use crate::rt;
use crate::rt::lock::Lock;
use crate::server::serve::Serve;
use crate::transport::Transport;

/// How long who was let in is waited for at the end: as long as a handshake may take by default.
const EXPECTED_TIME: Duration = Duration::from_secs(10);

pub(crate) struct Connections<S: Serve> {
    serve: S,
    state: Lock<State<S::Handle>>,
    /// How many there are.
    present: watch::Sender<usize>,
    /// How many were let in, and have not come yet.
    expected: Arc<watch::Sender<usize>>,
    /// Its end is the news.
    gone: watch::Sender<()>,
}

struct State<H> {
    all: HashMap<u64, H>,
    last: u64,
    /// Who comes now has to go at once.
    closed: bool,
}

/// One connection. Its end frees the room.
struct Connection<S: Serve> {
    connections: Arc<Connections<S>>,
    key: u64,
    _room: Option<OwnedSemaphorePermit>,
}

/// A connection that was let in, until it has come: only then is this dropped.
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

    /// A connection of its own, in a task that is no larger than it has to be.
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

    /// Lets a connection in that comes later; none any more at the end.
    pub(super) fn expect(&self) -> Option<Reservation> {
        let state = self.state.lock();
        if state.closed {
            return None;
        }
        self.expected.send_modify(|expected| *expected += 1);
        Some(Reservation(Arc::clone(&self.expected)))
    }

    /// Ends all, and who comes from now on.
    pub(super) fn dismiss(&self) {
        let all = {
            let mut state = self.state.lock();
            state.closed = true;
            std::mem::take(&mut state.all)
        };
        self.serve.end(all.into_values().collect());
    }

    /// Ready when there are none, and nobody is expected any more, unless that takes too long.
    pub(super) async fn wait_none(&self) {
        let mut expected = self.expected.subscribe();
        let _ = timeout(EXPECTED_TIME, expected.wait_for(|expected| *expected == 0)).await;
        // It ends with us only.
        let _ = self.present.subscribe().wait_for(|present| *present == 0).await;
    }

    /// Closed when neither they nor the place is left.
    pub(super) fn gone(&self) -> watch::Receiver<()> {
        self.gone.subscribe()
    }

    /// Ready when nobody is served any more.
    pub(super) async fn wait_down(&self) {
        self.serve.wait_down().await;
    }

    /// The guard that a listener of these connections holds.
    pub(super) fn guard(&self) -> Option<ListenGuard> {
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
