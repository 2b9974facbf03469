//! WebSocket (RFC 6455), independent of WAMP: the opening handshake, the connection, and its end.

mod close_code;

pub use close_code::CloseCode;

/// Default of the longest time that closing takes, including sending what is left and the peer's
/// answer.
pub(crate) const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

cfg_if::cfg_if! {
    if #[cfg(not(target_arch = "wasm32"))] {
        pub(crate) mod closing;
        pub(crate) mod connection;
        mod control;
        pub(crate) mod handshake;
        mod masks;
        pub(crate) mod settings;
        pub use handshake::ConnectionResponse;
        #[cfg(feature = "router")]
        pub use handshake::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
    }
}
