//! Settings of connections as plain data, the same on every target.
//!
//! Contains one type per thing that can be set, its setters and the checks that need no system. The
//! transports resolve them; a target refuses by name what it cannot do.

mod deflate;
mod endpoint;
mod ping;
pub(crate) mod proxy;
pub(crate) mod tls;
mod websocket;

use std::time::Duration;

pub(crate) use deflate::WINDOW_BITS;
pub use deflate::{Deflate, DeflateOffer, DeflateParameters};
pub use endpoint::{Endpoint, IpVersion};
pub use ping::Ping;
pub use proxy::Proxy;
pub use tls::{Tls, TlsServer};
pub use websocket::WebSocketOptions;

/// Maximum time that can be set: one year.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// Maximum message size that can be set. Both ends hold a message in memory.
pub(crate) const LARGEST: usize = (1 << 31) - 1;

/// Checks that a time is at most a year and, with `never_zero`, not zero.
pub(crate) fn check_time(time: Duration, never_zero: bool) -> Result<(), &'static str> {
    if time > LONGEST {
        return Err("it is longer than a year");
    }
    if never_zero && time.is_zero() {
        return Err("it must be more than 0 s");
    }
    Ok(())
}
