//! WAMP for Rust: routed remote procedure calls and publish & subscribe, natively on tokio and as
//! WebAssembly in the browser, with an embedded router.
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
//! - [`connect`](fn@connect) opens a [`Session`], which calls, registers, publishes and subscribes.
//!   See [`session`].
//! - [`Component`] is a session that reconnects. See [`component`].
//! - [`Router`] is the embedded router. The same client code runs against other routers, such as
//!   Crossbar.io.
//! - `server` contains servers of your own on the same transports, and WAMP inside an HTTP server.
//! - [`Payload`] contains the arguments of a message: bytes in the session's [`Serializer`], decoded
//!   into your types on demand.
//! - [`session::join`] runs a session over any [`transport::Transport`].
//!
//! The repository contains a guide in `docs/` and programs in `examples/`.
//!
//! # Paths
//! A name has one home: the module of its subject. The root repeats only the names that most programs
//! start with.
//!
//! # Cargo features
//! - `router`: embedded router
//! - `json`, `msgpack`, `cbor`: serializers; at least one is needed
//! - `tls`: TLS for native transports
//! - `deflate`: compression of WebSocket messages (permessage-deflate)
//! - `scram`, `cryptosign`: these authentication methods; the others are always available
//! - `log`: the subscriber that [`component::run`](fn@component::run) installs natively
//! - `cryptobox`: `session::cryptobox`, end-to-end encryption as in Autobahn
//! - `tokio-tungstenite`: `transport::TungsteniteTransport` and `WebSocket::from_tungstenite`, over streams of
//!   that crate; native
//! - `internals`: `internals`, the parts below for programs with their own I/O. Not stable
//! - `hosted`: `hosted`, in the browser: clock, timers and turns by the program, as in the npm package. Not stable
//!
//! All but `cryptobox`, `tokio-tungstenite`, `internals` and `hosted` are enabled by default.
//!
//! # Logging
//! The crate logs through [`tracing`](https://docs.rs/tracing). Errors of handlers are warnings. Each
//! message of a session is logged at level `trace` under the target `wampwerk::message`.
//! [`LogLevel`](component::LogLevel) describes what components log.
//!
//! [`component::run`](fn@component::run) and [`ApplicationRunner`](component::ApplicationRunner)
//! install a subscriber with their `LogLevel`. They do not read `RUST_LOG`. To filter by target,
//! install a subscriber before, such as
//! `tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).init()` (feature
//! `env-filter` of tracing-subscriber); then `RUST_LOG=wampwerk::message=trace` has an effect.

#![cfg_attr(
    not(feature = "internals"),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "only the feature `internals` offers all of it"
    )
)]

pub mod auth;
mod codec;
pub mod component;
mod core;
pub mod error;
mod framing;
#[cfg(feature = "internals")]
pub mod internals;
mod lock;
pub mod message;
#[cfg(feature = "router")]
pub mod router;
mod rt;
pub mod session;
mod settings;
pub mod transport;
pub mod uri;
mod url;
mod utf8;
pub mod value;
pub mod websocket;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod decimal_web;
        use decimal_web as decimal;
        #[cfg(feature = "hosted")]
        pub mod hosted;
    } else {
        mod decimal;
        mod net;
        pub mod server;
    }
}

pub use component::Component;
pub use error::{ApplicationError, Error};
pub use message::{Payload, Serializer};
#[cfg(feature = "router")]
pub use router::Router;
pub use session::{Session, connect};
pub use uri::{Match, Uri};
pub use value::{Dict, List, Value};

/// Compiles the examples of the README and of the guide.
#[cfg(all(doctest, feature = "router", feature = "tls"))]
mod guide {
    macro_rules! pages {
        ($($name:ident $path:literal;)*) => {
            $(#[doc = include_str!($path)] mod $name {})*
        };
    }

    pages! {
        readme "../README.md";
        connecting "../docs/connecting.md";
        calls "../docs/calls.md";
        pubsub "../docs/pubsub.md";
        components "../docs/components.md";
        authentication "../docs/authentication.md";
        router "../docs/router.md";
        past_one_machine "../docs/cluster.md";
        servers "../docs/servers.md";
        websocket_without_wamp "../docs/websocket.md";
    }
}
