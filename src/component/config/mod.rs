//! Contains the settings of a component's transports: URLs, typed settings, and Autobahn's dicts
//! (JSON).
//!
//! Everything that can be known before connecting is checked here. An error has the path of the key
//! and the reason; no setting is ignored.

mod deflate;
mod dict;
mod options;
mod read;
mod transports;
mod whole;

pub(super) use transports::behind;
