//! WebSocket: the opening handshake, the connection, and its end.

mod close_code;

pub use close_code::CloseCode;

cfg_if::cfg_if! {
    if #[cfg(all(not(target_arch = "wasm32"), any(feature = "client", feature = "router")))] {
        mod closing;
        pub(crate) mod connection;
        mod control;
        pub(crate) mod handshake;
        mod io;
        #[cfg(feature = "router")]
        pub(crate) mod on_connect;
        #[cfg(feature = "router")]
        pub(crate) mod origins;
        pub(crate) mod settings;
    }
}
