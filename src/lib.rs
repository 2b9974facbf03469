//! WAMP for Rust, everywhere.

pub mod codec;
pub mod core;
pub mod error;
pub mod message;
pub mod rt;
pub mod session;
pub mod transport;
pub mod uri;
pub mod value;

pub use error::*;
pub use message::{Payload, Serializer};
pub use session::Session;
#[cfg(feature = "client")]
pub use session::connect;
pub use uri::{Match, Uri, UriRule, uris};
pub use value::{Dict, List, Value};
