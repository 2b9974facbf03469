//! What a program in the browser needs that runs the library's tasks itself: the npm package. No stability is promised:
//! names change with any release.
//!
//! The program tells time, arms one timer and decides when tasks run; the library touches no JavaScript. It
//!
//! 1. passes the functions of its clock and its timer to [`host`], before it calls anything else of the library,
//! 2. calls [`timer`], [`later`] and [`went_online`] when what it was asked for has happened,
//! 3. does its own work within [`turn`], which also runs the tasks that are ready,
//! 4. implements [`Connector`](crate::transport::Connector) and [`Transport`](crate::transport::Transport) by
//!    JavaScript's WebSockets, with [`Batched`] around those with a batched subprotocol, and passes them to
//!    [`session::connect_with`](crate::session::connect_with) and [`builder_over`].
//!
//! ```
//! use wampwerk::hosted::{Host, host, spawn, turn};
//!
//! // Here the functions of JavaScript, imported by wasm-bindgen.
//! fn clock() -> f64 { 0.0 }
//! fn nothing() {}
//!
//! host(Host {
//!     clock,
//!     unix_clock: clock,
//!     schedule: nothing,
//!     idle: nothing,
//!     call_later: nothing,
//!     set_timer: |_millis| {},
//!     online: || true,
//! });
//! turn(|| spawn(async { /* what an event of the page begins */ }));
//! ```

pub use crate::codec::of_checked as payload_of_checked;
pub use crate::component::builder::builder_over;
pub use crate::core::ids::IdMap;
pub use crate::rt::{Host, Sleep, host, later, spawn, timer, turn, went_online};
pub use crate::transport::batched::Batched;
