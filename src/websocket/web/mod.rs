//! The browser's WebSocket: what a page can have of a connection.
//!
//! Contains every use of `web_sys` for a connection. The transports above it use it, too.

mod driver;
mod opening;
mod response;
mod settings;
mod socket;

pub(super) use driver::drive;
pub(crate) use opening::Opening;
pub use response::ConnectionResponse;
pub(crate) use settings::{REFUSED, refused_option, refused_url};
pub(crate) use socket::Socket;
