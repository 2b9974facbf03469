//! Contains [`Prepared`], a message that is framed and compressed once for many receivers.

use std::sync::OnceLock;

use bytes::Bytes;

use super::Kind;
use super::deflate::{Compressor, compress_shared};
use super::frame::First;

/// Sizes of a window: 8 to 15 bits (RFC 7692, section 7.1.2).
const LEAST_WINDOW: u8 = 8;
const WINDOWS: usize = 8;

/// A message that many writers send. It is framed once for all servers, and compressed once for all
/// connections with the same window.
#[derive(Debug)]
pub struct Prepared {
    pub(super) kind: Kind,
    pub(super) payload: Bytes,
    pub(super) uncompressed: bool,
    plain: OnceLock<Bytes>,
    /// For each size of the window; `None` where compression makes it no shorter.
    deflated: [OnceLock<Option<Shared>>; WINDOWS],
}

/// A compressed message, and the frame of a server with it.
#[derive(Debug)]
struct Shared {
    payload: Bytes,
    frame: OnceLock<Bytes>,
}

impl Prepared {
    /// Creates a message. Text has to be UTF-8.
    pub fn new(kind: Kind, payload: Bytes, uncompressed: bool) -> Self {
        let (plain, deflated) = Default::default();
        Prepared { kind, payload, uncompressed, plain, deflated }
    }

    /// Returns the kind of the message.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Returns whether the message is sent as it is, even if compression was agreed.
    pub fn is_uncompressed(&self) -> bool {
        self.uncompressed
    }

    /// Returns the compressed form, which refers to nothing before it; `None` if that is not shorter.
    pub(super) fn compressed(&self, deflate: &Compressor) -> Option<Bytes> {
        let (level, window) = deflate.shape();
        let index = usize::from(window.saturating_sub(LEAST_WINDOW)).min(WINDOWS - 1);
        let made = self.deflated[index].get_or_init(|| {
            compress_shared(&self.payload, level, window).map(|octets| Shared::new(octets.into()))
        });
        made.as_ref().map(|shared| shared.payload.clone())
    }

    /// Returns the frame of a server.
    pub(super) fn frame(&self, first: First, payload: Bytes) -> Bytes {
        let make = || {
            let (octets, count) = first.header(true, None, payload.len() as u64).octets();
            [&octets[..count], &payload].concat().into()
        };
        if !first.compressed {
            return self.plain.get_or_init(make).clone();
        }
        let shared = self.deflated.iter().filter_map(|made| made.get()?.as_ref());
        let mut same = shared.filter(|shared| shared.payload.as_ptr() == payload.as_ptr());
        match same.next() {
            Some(shared) => shared.frame.get_or_init(make).clone(),
            None => make(),
        }
    }
}

impl Shared {
    fn new(payload: Bytes) -> Self {
        Shared { payload, frame: OnceLock::new() }
    }
}
