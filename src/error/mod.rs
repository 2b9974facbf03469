//! Errors: one enum per operation, and the reason why a session ended.
//!
//! | operation | error |
//! | --- | --- |
//! | connecting and joining | [`ConnectError`] |
//! | requests of a session | [`CallError`], [`PublishError`], [`SubscribeError`], [`RegisterError`], … |
//! | building a router | [`BuildError`] |
//! | listening | [`ListenError`] |
//! | accepting a stream of the program's own | [`AcceptError`] |
//! | sending to a client of a custom server | `SendError` in `server` |
//! | a WebSocket without WAMP | [`WebSocketError`](crate::websocket::WebSocketError) |
//! | a transport of any kind | [`TransportError`] |
//! | settings of every kind | [`ConfigError`], with the path of the setting |
//! | URLs | [`UrlError`] |
//!
//! The text of an error says everything, also why: print it by `{error}`. `Debug` adds what only a
//! cause says, and each text once. [`source`](std::error::Error::source) is the cause, for programs
//! that look for a type or an I/O error; printers of whole chains, such as `{:#}` of anyhow, repeat it.
//!
//! [`Error`](enum@Error) holds the errors of routers, listeners, settings and sessions, for programs
//! that handle all alike. No type of another crate is part of a signature; it may be behind a [`Cause`].

mod accept;
mod any;
mod application;
mod build;
mod call;
pub(crate) mod cause;
mod close;
mod config;
mod connect;
mod listen;
mod mapping;
mod passing_on;
pub(crate) mod payload;
mod raw_socket;
pub(crate) mod text;
pub(crate) mod traceback;
mod transport;
mod url;

pub use accept::AcceptError;
pub use any::Error;
pub use application::ApplicationError;
pub use build::BuildError;
pub(crate) use call::OperationError;
pub use call::{AllError, CallError, ProgressError, PublishError, RegisterError, SubscribeError};
pub use cause::{Cause, HttpRefusal};
pub use close::{CloseKind, CloseReason};
pub use config::ConfigError;
pub use connect::ConnectError;
pub use listen::ListenError;
#[doc(hidden)]
pub use mapping::{keyword, read_keyword, read_positional, with_fields};
pub use payload::{DecodeError, EncodeError, Violation};
pub use raw_socket::RawSocketRefusal;
pub(crate) use text::debug_as_text;
pub use transport::{Lagged, TransportError};
pub use url::UrlError;
