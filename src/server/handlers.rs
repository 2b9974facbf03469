//! The handlers of one server: makes them, and tells them of the server's shutdown.
//!
//! Knows all parts of the server: listeners, mounts, and single streams.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use crate::rt::BoxFuture;
use crate::rt::lock::Lock;
use crate::server::TransportHandler;
use crate::server::attending::attend;
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
    parts: Lock<HandlersState>,
}

#[derive(Default)]
struct HandlersState {
    connections: Vec<Weak<Connections<Handlers>>>,
    /// One for each listener: closed when nothing is accepted any more.
    places: Vec<watch::Receiver<()>>,
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
                Box::pin(attend(move || make(), wire))
            }),
            server: Arc::new(Server { down: watch::channel(false).0, parts: Lock::default() }),
        }
    }

    /// Adds a listener; it listens until this is closed.
    pub(super) fn listens(&self, stopped: watch::Receiver<()>) {
        let mut parts = self.server.parts.lock();
        parts.places.retain(|place| place.has_changed().is_ok());
        parts.places.push(stopped);
    }

    pub(super) fn is_down(&self) -> bool {
        *self.server.down.borrow()
    }

    /// Ends all connections and listeners. Ready when the connections are gone and the ports free.
    pub(super) async fn shut_down(&self) {
        self.server.down.send_replace(true);
        let (connections, places) = {
            let parts = self.server.parts.lock();
            let connections: Vec<_> = parts.connections.iter().filter_map(Weak::upgrade).collect();
            (connections, parts.places.clone())
        };
        for connections in &connections {
            connections.dismiss();
        }
        for mut place in places {
            // Nothing is ever sent: the end is the signal.
            let _ = place.changed().await;
        }
        for connections in connections {
            connections.wait_none().await;
        }
    }
}

impl Serve for Handlers {
    type Run = BoxFuture<'static, ()>;
    type Handle = Arc<Queue>;

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
        let mut parts = self.server.parts.lock();
        parts.connections.retain(|one| one.strong_count() > 0);
        parts.connections.push(Arc::downgrade(connections));
        // A shutdown has seen the list before, or will find these, too.
        let down = self.is_down();
        drop(parts);
        if down {
            connections.dismiss();
        }
    }

    async fn wait_down(&self) {
        // The sender lives as long as we do.
        let _ = self.server.down.subscribe().wait_for(|down| *down).await;
    }
}
