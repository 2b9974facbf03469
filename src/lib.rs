//! WAMP for Rust, everywhere.

pub mod codec;
pub mod core;
pub mod error;
pub mod message;
#[cfg(feature = "router")]
pub mod router;
pub mod rt;
pub mod session;
pub mod transport;
pub mod uri;
pub mod value;

cfg_if::cfg_if! {
    if #[cfg(all(feature = "router", not(target_arch = "wasm32")))] {
        mod server;
        pub use server::Listener;
    }
}

pub use error::*;
pub use message::{Payload, Serializer};
#[cfg(feature = "router")]
pub use router::{Router, RouterBuilder};
pub use session::Session;
#[cfg(feature = "client")]
pub use session::connect;
pub use uri::{Match, Uri, UriRule, uris};
pub use value::{Dict, List, Value};
