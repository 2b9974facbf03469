//! Where a component connects to, and how: transports from URLs, typed settings, or Autobahn's
//! dicts (JSON).
//!
//! Owns reading and checking. Everything that can be known before connecting is refused here, with
//! the path of the key and the reason; nothing that was set is ignored.

mod dict;
mod options;
mod read;
mod transports;
mod whole;

pub(super) use transports::behind;
