//! Implements permessage-deflate (RFC 7692): its parameters, and the compression of messages.
//!
//! - [`offer`], [`accept`] and [`check_response`] are the two sides of the negotiation. The outcome is
//!   an [`Agreement`], from which the [`Compressor`] and the [`Decompressor`] of a connection come.
//! - Both allocate nothing before the first compressed message. What they need then comes from a pool
//!   of the process and goes back after each message, or, with context takeover, by `release`.

mod compressor;
mod decompressor;
mod extensions;
mod history;
mod parameters;
mod pool;
#[cfg_attr(not(feature = "deflate"), path = "no_zlib.rs")]
mod zlib;

pub use compressor::{CompressError, Compressor, SharedCompressor, compress_shared};
pub use decompressor::{Decompressor, InflateError};
pub use extensions::{BadExtensions, Extension, parse};
pub use parameters::{Agreement, NAME, Parameters, accept, check_response, offer};
pub use zlib::MISSING;

/// The end of each compressed message, which is not sent (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
