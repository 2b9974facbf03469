//! The router: sessions, broker, dealer, realm, meta API.

mod authentication;
mod authentication_dynamic;
#[cfg(not(target_arch = "wasm32"))]
mod authentication_random;
mod authorization;
mod authorization_dynamic;
mod authorization_random;
mod cancel;
mod concurrency;
mod disclosure;
mod disclosure_pubsub;
mod dismiss;
mod held;
mod history;
mod leaving;
mod listing;
#[cfg(not(target_arch = "wasm32"))]
mod many_leave;
#[cfg(target_os = "linux")]
mod memory;
mod meta_calls;
mod meta_history;
mod meta_kill;
#[cfg(not(target_arch = "wasm32"))]
mod meta_random;
mod meta_registration;
mod meta_session;
mod meta_subscription;
mod passthru;
mod passthru_pubsub;
mod pattern_subscription;
mod patterns;
#[cfg(not(target_arch = "wasm32"))]
mod portions;
mod progress;
mod pubsub;
#[cfg(not(target_arch = "wasm32"))]
mod pubsub_random;
#[cfg(not(target_arch = "wasm32"))]
mod random;
#[cfg(not(target_arch = "wasm32"))]
mod random_rpc;
mod retained;
mod revocation;
mod rpc;
mod session;
mod sharing;
mod streaming;
mod strict;
mod testaments;
mod timeout;
mod unusable;
mod violations;
