//! Listening: from a socket to who serves its connections. Native only.
//!
//! Owns the sockets, the loop that accepts, its limits and its end. The opening handshakes are the
//! transports', and what follows is that of who [serves](serve::Serve): the router, or handlers.

mod listen;
mod listener;
mod place;
mod serve;
mod socket;
mod target;

pub use listen::Listen;
pub use listener::Listener;
