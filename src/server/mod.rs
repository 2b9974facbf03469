//! Listening: from a socket to who serves its connections. Native only.
//!
//! Owns the sockets, the loop that accepts, its limits and its end. The opening handshakes are the
//! transports', and what follows is that of who serves: the router, or handlers.

mod attending;
mod factory;
mod guests;
mod handler;
mod handlers;
mod listen;
mod listener;
mod mount;
mod place;
mod serve;
mod socket;
mod target;
mod wamp_transport;
mod wire;

pub use factory::{WampRawSocketServerFactory, WampWebSocketServerFactory};
pub use handler::{HandlerError, TransportHandler};
pub use listen::Listen;
pub use listener::Listener;
pub use mount::{Mount, Upgrade};
pub use wamp_transport::{SendError, WampTransport};
