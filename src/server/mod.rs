//! The side that others connect to. Native only.
//!
//! A router listens by [`Router::listen`](crate::Router::listen) and is mounted into somebody else's
//! HTTP server by [`Router::mount`](crate::Router::mount). Whoever wants another WAMP server than
//! that writes a [`TransportHandler`] and gives it to a [`WampWebSocketServerFactory`] or a
//! [`WampRawSocketServerFactory`]; everything up to the messages is the same.
//!
//! Owns the sockets, the loop that accepts, its limits and its end. The opening handshakes are the
//! transports', and what follows is that of who serves: the router, or handlers.

mod accepting;
mod attending;
mod connections;
mod factory;
mod handler;
mod handlers;
mod listen;
mod listener;
mod mount;
mod read_ahead;
mod serve;
mod target;
mod wamp_transport;
mod wire;

pub use factory::{WampRawSocketServerFactory, WampWebSocketServerFactory};
pub use handler::{HandlerError, TransportHandler};
pub use listen::Listen;
pub use listener::Listener;
pub use mount::{Mount, Upgrade};
pub use wamp_transport::{SendError, WampTransport};
