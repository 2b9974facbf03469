//! One session.

mod authentication;
mod cancel;
mod heartbeat;
mod interrupt;
mod late_replies;
mod lifecycle;
mod progress;
#[cfg(not(target_arch = "wasm32"))]
mod random;
mod registrations;
mod rejoin;
mod requests;
mod revocation;
mod streaming;
mod subscriptions;
mod unsendable;
mod unusable;
