//! WebSocket without WAMP, as a client and as a server, on native targets and in the browser.
//!
//! [`connect`](fn@connect) opens a [`WebSocket`]: a stream of messages and a sink for them.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wampwerk::websocket;
//!
//! let mut socket = websocket::connect("wss://example.com/echo").await?;
//! socket.send("hello").await?;
//! let answer = socket.next().await;
//! socket.close(1000, "").await?;
//! # Ok(()) }
//! ```
//!
//! - A [`Sender`] sends from anywhere: whole messages, [prepared](PreparedMessage) ones, and messages
//!   [in frames](MessageWriter).
//! - [`WebSocketClientFactory`] has the settings of a client.
//! - [`WebSocketClientProtocol`] is for code that prefers methods to a stream, as in Autobahn.
//! - [`Closed`] tells how a connection ended.

mod close_code;

pub use close_code::CloseCode;

/// Default of the longest time that closing takes, including sending what is left and the peer's
/// answer.
pub(crate) const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

cfg_if::cfg_if! {
    if #[cfg(not(target_arch = "wasm32"))] {
        mod channel;
        mod closed;
        mod connecting;
        mod factory;
        mod message;
        mod protocol;
        mod queue;
        mod sender;
        mod socket;
        mod stats;
        pub use closed::{Closed, WebSocketError};
        pub use connecting::ConnectingRequest;
        pub use factory::{WebSocketClientFactory, connect};
        pub use message::{Message, Part, PreparedMessage, SendOptions};
        pub use protocol::WebSocketClientProtocol;
        pub use sender::{MessageWriter, Sender};
        pub use socket::WebSocket;
        pub use stats::TrafficStats;
        mod client;
        pub(crate) mod closing;
        pub(crate) mod connection;
        mod control;
        mod driver;
        pub(crate) mod handshake;
        mod masks;
        pub(crate) mod settings;
        use client::{check_client, open_client, open_client_protocol};
        pub use handshake::ConnectionResponse;
        #[cfg(feature = "router")]
        mod serving;
        #[cfg(feature = "router")]
        mod server_factory;
        #[cfg(feature = "router")]
        mod server_options;
        #[cfg(feature = "router")]
        mod server_protocol;
        #[cfg(feature = "router")]
        pub use handshake::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
        #[cfg(feature = "router")]
        pub use server_factory::{IncomingRequest, IncomingRequests, WebSocketServerFactory, listen};
        #[cfg(feature = "router")]
        pub use server_options::ServerOptions;
        #[cfg(feature = "router")]
        pub use server_protocol::WebSocketServerProtocol;

        /// Messages can be sent in parts, and control frames.
        const NO_PARTS: Option<&str> = None;
    }
}
