//! Contains [`Prepared`], a message that is compressed once for many receivers.

use std::sync::OnceLock;

use bytes::Bytes;

use super::Kind;
use super::deflate::{Compressor, compress_shared};

/// Sizes of a window: 8 to 15 bits (RFC 7692, section 7.1.2).
const LEAST_WINDOW: u8 = 8;
const WINDOWS: usize = 8;

/// A message that many writers send. Its bytes are shared, and it is compressed once for all connections with
/// the same window. Each writer adds the header, which takes less time than to look one up.
#[derive(Debug)]
pub struct Prepared {
    pub(super) kind: Kind,
    pub(super) payload: Bytes,
    pub(super) uncompressed: bool,
    is_utf8: OnceLock<bool>,
    /// Made for the first connection with compression; most messages never need it.
    deflated: OnceLock<Box<Deflated>>,
}

/// The compressed message for each size of the window; `None` where compression makes it no shorter.
type Deflated = [OnceLock<Option<Bytes>>; WINDOWS];

impl Prepared {
    /// Creates a message. Text has to be UTF-8.
    pub fn new(kind: Kind, payload: Bytes, uncompressed: bool) -> Self {
        let (is_utf8, deflated) = (OnceLock::new(), OnceLock::new());
        Prepared { kind, payload, uncompressed, is_utf8, deflated }
    }

    /// Returns the kind of the message.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Returns whether the payload is UTF-8. That is checked once for all receivers.
    pub fn is_utf8(&self) -> bool {
        *self.is_utf8.get_or_init(|| crate::utf8::is_valid(&self.payload))
    }

    /// Returns whether the message is sent as it is, even if compression was agreed.
    pub fn is_uncompressed(&self) -> bool {
        self.uncompressed
    }

    /// Returns the compressed form, which refers to nothing before it; `None` if that is not shorter.
    pub(super) fn compressed(&self, deflate: &Compressor) -> Option<Bytes> {
        let (level, window) = deflate.shape();
        let index = usize::from(window.saturating_sub(LEAST_WINDOW)).min(WINDOWS - 1);
        let made = self.deflated.get_or_init(Box::default)[index]
            .get_or_init(|| compress_shared(&self.payload, level, window).map(Bytes::from));
        made.clone()
    }
}
