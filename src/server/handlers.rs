//! The handlers of one server: makes them, and tells them of the server's shutdown.
//!
//! Knows all parts of the server: listeners, mounts, and single streams.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use crate::lock::Lock;
use crate::rt::BoxFuture;
use crate::server::TransportHandler;
use crate::server::attending::run_handler;
use crate::server::connections::Connections;
use crate::server::serve::Serve;
use crate::server::wamp_transport::Queue;
use crate::server::wire::Wire;
use crate::transport::Transport;

/// Creates a handler for each connection.
#[derive(Clone)]
pub(super) struct Handlers {
    make: Arc<dyn Fn(Wire) -> BoxFuture<'static, ()> + Send + Sync>,
    server: Arc<Server>,
}

struct Server {
    /// True when the server shuts down.
    down: watch::Sender<bool>,
    state: Lock<HandlersState>,
}

#[derive(Default)]
struct HandlersState {
    connections: Vec<Weak<Connections<Handlers>>>,
    /// One for each listener: closed when nothing is accepted any more.
    listeners: Vec<watch::Receiver<()>>,
}

impl Handlers {
    pub(super) fn new<F, H>(make: F) -> Self
    where
        F: Fn() -> H + Send + Sync + 'static,
        H: TransportHandler,
    {
        let make = Arc::new(make);
        Handlers {
            make: Arc::new(move |wire| {
                let make = Arc::clone(&make);
                Box::pin(run_handler(move || make(), wire))
            }),
            server: Arc::new(Server { down: watch::channel(false).0, state: Lock::default() }),
        }
    }

    /// Adds a listener; it listens until this is closed.
    pub(super) fn add_listener(&self, stopped: watch::Receiver<()>) {
        let mut state = self.server.state.lock();
        state.listeners.retain(|listener| listener.has_changed().is_ok());
        state.listeners.push(stopped);
    }

    pub(super) fn is_down(&self) -> bool {
        *self.server.down.borrow()
    }

    /// Ends all connections and listeners. Ready when the connections are gone and the ports free.
    pub(super) async fn shut_down(&self) {
        self.server.down.send_replace(true);
        let (connections, listeners) = {
            let state = self.server.state.lock();
            let connections: Vec<_> = state.connections.iter().filter_map(Weak::upgrade).collect();
            (connections, state.listeners.clone())
        };
        for connections in &connections {
            connections.dismiss();
        }
        for mut listener in listeners {
            // Nothing is ever sent: the end is the signal.
            let _ = listener.changed().await;
        }
        for connections in connections {
            connections.wait_empty().await;
        }
    }
}

impl Serve for Handlers {
    type Run = BoxFuture<'static, ()>;
    type Handle = Arc<Queue>;
    type Guard = ();

    fn serve(&self, transport: Box<dyn Transport>) -> (Self::Run, Arc<Queue>) {
        let wire = Wire::new(transport);
        let queue = wire.queue();
        ((self.make)(wire), queue)
    }

    fn end(&self, connections: Vec<Arc<Queue>>) {
        for queue in connections {
            queue.shut_down();
        }
    }

    fn adopt(&self, connections: &Arc<Connections<Self>>) {
        let mut state = self.server.state.lock();
        state.connections.retain(|one| one.strong_count() > 0);
        state.connections.push(Arc::downgrade(connections));
        // A shutdown has seen the list before, or will find these, too.
        let down = self.is_down();
        drop(state);
        if down {
            connections.dismiss();
        }
    }

    async fn wait_shutdown(&self) {
        // The sender lives as long as we do.
        let _ = self.server.down.subscribe().wait_for(|down| *down).await;
    }

    fn guard(&self) {}
}
