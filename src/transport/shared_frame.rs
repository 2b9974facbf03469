//! Contains `SharedFrame`, a frame that several transports send.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::framing::websocket::Kind;
use crate::message::Serializer;
use crate::websocket::prepared::Prepared;

/// A frame for several receivers, as of an event with many subscribers. Its bytes are shared, and a
/// WebSocket compresses it once for all receivers that have agreed on the same size of the window. Cheap to
/// clone.
#[derive(Clone)]
pub struct SharedFrame(Arc<Prepared>);

impl SharedFrame {
    /// Creates the frame of a message in this serializer.
    pub fn new(serializer: Serializer, frame: Bytes) -> Self {
        let kind = if serializer.is_binary() { Kind::Binary } else { Kind::Text };
        SharedFrame(Arc::new(Prepared::new(kind, frame, false)))
    }

    /// Returns the bytes of the message.
    pub fn bytes(&self) -> &Bytes {
        self.0.payload()
    }
}

/// For the WebSocket transport.
#[doc(hidden)]
impl AsRef<Arc<Prepared>> for SharedFrame {
    fn as_ref(&self) -> &Arc<Prepared> {
        &self.0
    }
}

impl From<SharedFrame> for Bytes {
    fn from(frame: SharedFrame) -> Self {
        frame.bytes().clone()
    }
}

impl fmt::Debug for SharedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedFrame({} bytes)", self.bytes().len())
    }
}
