//! Our WebSocket, without WAMP, and other implementations.

pub(crate) mod autobahn;
mod exchange;
pub(crate) mod nginx;
mod peer;
mod roles;
pub(crate) mod tungstenite;
pub(crate) mod websockets;
pub(crate) mod ws;
