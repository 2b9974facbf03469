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
//!
//! # In the browser
//!
//! A page has the client's half, over the browser's own WebSocket: text and binary messages, subprotocols,
//! close codes and reasons, limits of size, and bounded queues. The rest is the browser's. What a page cannot have
//! is refused by name: the other [settings](WebSocketClientFactory), [`SendOptions`], messages in frames and
//! in parts, pings and pongs. The browser offers compression by itself, requires that the server chooses a
//! subprotocol if some are offered, and does not tell why it could not connect. A close code of this library,
//! such as 1009, is sent as 4009.

mod close_code;
mod closed;
mod connecting;
mod ending;
mod factory;
mod message;
#[macro_use]
mod protocol;
mod queue;
mod sender;
mod socket;
mod stats;

cfg_if::cfg_if! {
    if #[cfg(not(target_arch = "wasm32"))] {
        pub(crate) mod channel;
        mod client;
        pub(crate) mod closing;
        mod compressing;
        pub(crate) mod connection;
        mod control;
        mod driver;
        pub(crate) mod handshake;
        pub(crate) mod prepared;
        mod masks;
        mod mount;
        mod mounting;
        pub(crate) mod settings;
        #[cfg(feature = "tokio-tungstenite")]
        pub(crate) mod tungstenite;
        pub(crate) mod wire;
        use client::{NO_PARTS, TlsReady, check_client, open_client, open_client_protocol};
        pub use handshake::ConnectionResponse;
        mod serving;
        mod server_factory;
        pub(crate) mod server_options;
        mod server_protocol;
        pub use handshake::{ConnectionAccept, ConnectionDeny, ConnectionRequest};
        pub use server_factory::{IncomingRequest, IncomingRequests, WebSocketServerFactory, listen};
        pub(crate) use mount::{Grant, Mounted, ServeStream};
        pub use mount::{Mount, Upgrade};
        pub use server_protocol::WebSocketServerProtocol;
    } else {
        #[allow(dead_code, reason = "a page has whole messages only")]
        mod channel;
        mod client_web;
        #[allow(dead_code, reason = "the browser compresses")]
        pub(crate) mod prepared;
        pub(crate) mod web;
        use client_web::{NO_PARTS, TlsReady, check_client, open_client, open_client_protocol};
        pub use web::ConnectionResponse;
    }
}

pub use crate::settings::{Deflate, DeflateOffer, DeflateParameters, WebSocketOptions};
pub use close_code::CloseCode;
pub(crate) use closed::CLOSE_TIMEOUT;
pub use closed::{Closed, WebSocketError};
pub use connecting::ConnectingRequest;
pub use factory::{WebSocketClientFactory, connect};
pub use message::{Message, Part, PreparedMessage, SendOptions};
pub use protocol::WebSocketClientProtocol;
pub use sender::{MessageWriter, Sender};
pub use socket::WebSocket;
pub use stats::TrafficStats;
