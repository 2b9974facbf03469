//! The platform seam: tasks, time, randomness, and what must be `Send`.
//!
//! Owns every difference between tokio and the browser that is not a transport. The two modules
//! offer the same names.

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod web;
        pub use web::*;
    } else {
        mod native;
        pub use native::*;
    }
}
