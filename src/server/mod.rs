//! Servers: listeners of a router, servers within an HTTP server, and custom WAMP servers. Native only.
//!
//! - [`Router::listen`](crate::Router::listen) listens on TCP ports and unix sockets; [`Listener`] is
//!   the handle.
//! - [`Router::mount`](crate::Router::mount) makes a router a part of an HTTP server; see
//!   [`Mount`](crate::websocket::Mount).
//! - [`ServerOptions`](crate::transport::ServerOptions) contains the limits of a listener or factory
//!   (connections, sizes, times), its pings and its allowed origins.
//! - For a custom WAMP server, write a [`TransportHandler`] and give it to a
//!   [`WampWebSocketServerFactory`] or a [`WampRawSocketServerFactory`].

mod accepting;
mod attending;
mod connections;
mod factory;
mod handler;
mod handlers;
#[cfg(feature = "router")]
mod listen;
mod mounting;
mod read_ahead;
mod serve;
mod target;
mod wamp_transport;
mod wire;

pub use crate::net::listen::listener::Listener;
pub use factory::{WampRawSocketServerFactory, WampWebSocketServerFactory};
pub use handler::{HandlerError, TransportHandler};
#[cfg(feature = "router")]
pub use listen::Listen;
pub use wamp_transport::{SendError, WampTransport};
