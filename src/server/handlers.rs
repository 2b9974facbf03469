//! The handlers of one server: how they are made, and told of the server's end.

use std::future::{Future, pending};
use std::sync::Arc;

use crate::rt::BoxFuture;
use crate::server::TransportHandler;
use crate::server::attending::attend;
use crate::server::serve::Serve;
use crate::server::wamp_transport::Queue;
use crate::server::wire::Wire;
use crate::transport::Transport;

/// Makes a handler for each connection.
#[derive(Clone)]
pub(super) struct Handlers(Arc<dyn Fn(Wire) -> BoxFuture<'static, ()> + Send + Sync>);

impl Handlers {
    pub(super) fn new<F, H>(make: F) -> Self
    where
        F: Fn() -> H + Send + Sync + 'static,
        H: TransportHandler,
    {
        let make = Arc::new(make);
        Handlers(Arc::new(move |wire| {
            let make = Arc::clone(&make);
            Box::pin(attend(move || make(), wire))
        }))
    }
}

impl Serve for Handlers {
    type Run = BoxFuture<'static, ()>;
    type Handle = Arc<Queue>;

    fn serve(&self, transport: Box<dyn Transport>) -> (Self::Run, Arc<Queue>) {
        let wire = Wire::new(transport);
        let queue = wire.queue();
        ((self.0)(wire), queue)
    }

    fn end(&self, connections: Vec<Arc<Queue>>) {
        for queue in connections {
            queue.shut_down();
        }
    }

    /// Handlers have no end of their own.
    fn wait_down(&self) -> impl Future<Output = ()> + Send {
        pending()
    }
}
