//! WAMP for Rust, everywhere: routed remote procedure calls and publish & subscribe, natively on
//! tokio and as WebAssembly in the browser, with a router of its own.
//!
//! ```
//! # #[cfg(feature = "router")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wampwerk::{Router, connect};
//!
//! let router = Router::builder().realm("realm1").build()?;
//! let listener = router.listen("ws://127.0.0.1:0/ws").await?;
//!
//! let backend = connect(listener.url(), "realm1").await?;
//! backend.register("com.example.add", |a: i64, b: i64| async move { a + b }).await?;
//!
//! let frontend = connect(listener.url(), "realm1").await?;
//! let sum: i64 = frontend.call("com.example.add").args((2, 3)).value().await?;
//! assert_eq!(sum, 5);
//!
//! let mut news = frontend.subscribe("com.example.news").await?;
//! backend.publish("com.example.news").args(("it works",)).await?;
//! let event = news.next().await.expect("the session is open")?;
//! assert_eq!(event.decode::<String>()?, "it works");
//! # Ok(()) }
//! # #[cfg(not(feature = "router"))]
//! # fn main() {}
//! ```
//!
//! - [`connect`](fn@connect) gives a [`Session`]: calls, registrations, publications, subscriptions.
//! - [`Router`] is the embedded router; against another one, as Crossbar, the same client code runs.
//! - `server` has servers of one's own on the same transports, and WAMP within an HTTP server.
//! - [`Payload`] is what travels: bytes in the session's [`Serializer`], read into your types on
//!   demand.
//! - [`session::join`] runs a session over any [`transport::Transport`]; [`core`] holds the pure
//!   state machines for those who bring their own I/O.
//!
//! # Features
//! `client` (WebSocket and RawSocket client), `router`, `json`, `msgpack`, `cbor`, `tls`, `log` (all default; `log`
//! is the subscriber that [`component::run`](fn@component::run) installs natively); `cryptobox` adds
//! `session::cryptobox`, end-to-end encryption as Autobahn has it.
//!
//! # Logging
//! Through [`tracing`](https://docs.rs/tracing): what handlers cannot answer as warnings, what
//! components do at the levels that [`LogLevel`](component::LogLevel) tells, each message of a session
//! at level `trace` under the target `wampwerk::message`.
//!
//! [`component::run`](fn@component::run) and [`ApplicationRunner`](component::ApplicationRunner) show
//! it by themselves, as far as their `LogLevel` says; `LogLevel::Trace` shows messages. They do not
//! read `RUST_LOG`. A program that wants to choose by target installs a subscriber of its own before,
//! such as `tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).init()`
//! (tracing-subscriber's feature `env-filter`); then `RUST_LOG=wampwerk::message=trace` works.

pub mod auth;
pub mod codec;
pub mod component;
pub mod core;
pub mod error;
pub mod framing;
pub mod message;
#[cfg(feature = "router")]
pub mod router;
pub mod rt;
pub mod session;
pub mod transport;
pub mod uri;
mod url;
pub mod value;
mod websocket;

cfg_if::cfg_if! {
    if #[cfg(all(not(target_arch = "wasm32"), any(feature = "client", feature = "router")))] {
        mod net;
    }
}

cfg_if::cfg_if! {
    if #[cfg(all(feature = "router", not(target_arch = "wasm32")))] {
        pub mod server;
        pub use server::Listener;
    }
}

pub use component::Component;
pub use error::*;
pub use message::{Payload, Serializer};
#[cfg(feature = "router")]
pub use router::{Router, RouterBuilder};
pub use session::Session;
pub use session::connect;
pub use uri::{Captures, InvalidUri, Match, NamedPattern, Pattern, Uri, UriRule, uris};
pub use value::{Dict, List, Value};
