//! The opening handshake over streams, for both sides: reads and writes heads, and asks the application.
//!
//! The rules are in `framing::websocket::handshake`.

#[cfg(feature = "router")]
mod answer;
mod head;
#[cfg(feature = "router")]
mod incoming;
#[cfg(feature = "router")]
mod on_connect;
mod opening;
#[cfg(feature = "router")]
mod origins;
#[cfg(feature = "router")]
mod peer;
#[cfg(feature = "router")]
mod request;
mod response;
#[cfg(feature = "router")]
mod terms;

#[cfg(feature = "router")]
pub use answer::{ConnectionAccept, ConnectionDeny};
#[cfg(feature = "router")]
pub(crate) use incoming::{Incoming, ReceiveError, receive};
#[cfg(feature = "router")]
pub(crate) use on_connect::OnConnect;
pub(crate) use opening::{Opened, OpeningError, open};
#[cfg(feature = "router")]
pub(crate) use origins::Origins;
#[cfg(feature = "router")]
pub use request::ConnectionRequest;
pub use response::ConnectionResponse;
#[cfg(feature = "router")]
pub(crate) use terms::{Terms, field};
