//! Contains the parts below the public interface, for programs that bring their own I/O. No stability
//! is promised: names change with any release.
//!
//! A program that drives a session or a router by itself needs the state machines ([`core`]), the
//! serializers ([`codec`]) and the framing of byte streams ([`framing`]). All others need nothing of
//! this.

pub use crate::message::parts::MAX_ID;

/// The computations of the authentication methods, step by step.
pub mod auth {
    pub use crate::auth::context::ChallengeContext;
    #[cfg(feature = "cryptosign")]
    pub use crate::auth::cryptosign::{
        challenge::{response, to_be_signed},
        public_key::{public_key_from_hex, to_hex, verify},
    };
    pub use crate::auth::exchange::Exchange;
    #[cfg(feature = "scram")]
    pub use crate::auth::scram::client::ClientExchange;
    #[cfg(feature = "scram")]
    pub use crate::auth::scram::kdf::{
        MAX_ARGON2_MEMORY, MAX_ARGON2_WORK, MAX_PBKDF2_ITERATIONS, MIN_ARGON2_WORK,
        MIN_PBKDF2_ITERATIONS, salted_password,
    };
    #[cfg(feature = "scram")]
    pub use crate::auth::scram::keys::{AuthMessage, Binding, Keys, saslprep};
    pub use crate::auth::secret::constant_time_eq;

    /// The client's answer by WAMP-CRA.
    pub mod wampcra {
        pub use crate::auth::wampcra::answer::answer;
    }
}

/// Messages to bytes, and back.
pub mod codec {
    pub use crate::codec::*;
}

/// The state machines of client and router.
pub mod core {
    pub use crate::core::*;
}

/// The framing of WebSocket (frames, handshakes, compression) and RawSocket, and the batches of the batched subprotocols.
pub mod framing {
    pub use crate::framing::*;
}

/// The platform: tasks, time, randomness.
pub mod rt {
    pub use crate::rt::*;
}

/// Sources of errors, to downcast to.
pub mod error {
    pub use crate::error::cause::SocksRefusal;
}

/// Components over connectors only.
pub mod component {
    pub use crate::component::builder::builder_over;
}

/// Frames that several transports send, transports whose messages are batches, and, natively, the protocols of
/// proxies.
pub mod transport {
    pub use crate::transport::batched::Batched;
    #[allow(unused_imports, unreachable_pub, reason = "the browser has none")]
    pub use crate::transport::proxies::*;
    pub use crate::transport::shared_frame::SharedFrame;
}

/// The URLs of transports, taken apart.
pub mod url {
    pub use crate::url::{RawSocketUrl, WebSocketUrl};
}
