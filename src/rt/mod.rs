//! The platform seam: tasks, time, randomness, and what must be `Send`.
//!
//! Contains every difference between tokio and the browser that is not a transport: the two modules
//! offer the same names. Beside it stands what all async code of the crate shares: caught panics
//! (`guard`), combined futures (`future`) and spans of the log (`span`).

pub(crate) mod future;
pub(crate) mod guard;
pub(crate) mod span;

use std::io;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod web;
        mod web_tasks;
        #[cfg_attr(feature = "hosted", path = "web_host.rs")]
        #[cfg_attr(not(feature = "hosted"), path = "web_page.rs")]
        mod platform;
        pub use platform::*;
        pub use web::*;
        pub use web_tasks::turn;
        pub(crate) use web::ShutdownSignals;
    } else {
        #[cfg(test)]
        mod future_tests;
        mod native;
        mod shutdown;
        pub use native::*;
        pub(crate) use shutdown::ShutdownSignals;
    }
}

cfg_if::cfg_if! {
    if #[cfg(unix)] {
        mod signal_unix;
        pub(crate) mod unix;
        use signal_unix::Signals;
    } else if #[cfg(not(target_arch = "wasm32"))] {
        mod no_unix;
        mod signal_other;
        pub(crate) use no_unix as unix;
        use signal_other::Signals;
    }
}

cfg_if::cfg_if! {
    if #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios", target_os = "windows", target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))] {
        pub(crate) mod keepalive;
    } else if #[cfg(not(target_arch = "wasm32"))] {
        mod keepalive_time;
        pub(crate) use keepalive_time as keepalive;
    }
}

/// Returns a random number from the system.
///
/// # Errors
/// Returns the error of the system if there is none.
pub fn random() -> io::Result<u64> {
    Ok(getrandom::u64()?)
}

/// Returns random octets from the system.
///
/// # Errors
/// Returns the error of the system if there are none.
pub fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}
