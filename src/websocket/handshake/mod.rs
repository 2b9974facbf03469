//! The opening handshake over streams, for both sides: reads and writes heads, and asks the application.
//!
//! The rules are in `framing::websocket::handshake`.

mod answer;
mod head;
mod incoming;
mod on_connect;
mod opening;
mod origins;
mod peer;
mod request;
mod response;
mod terms;

pub use answer::{ConnectionAccept, ConnectionDeny};
pub(crate) use incoming::{Incoming, ReceiveError, receive};
pub(crate) use on_connect::OnConnect;
pub(crate) use opening::{Opened, OpeningError, open};
pub(crate) use origins::Origins;
pub use request::ConnectionRequest;
pub use response::ConnectionResponse;
pub(crate) use terms::{Terms, field};
