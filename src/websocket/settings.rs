//! What a WebSocket is told of limits, for both ends of it.

use std::num::NonZeroUsize;
use std::time::Duration;

use tungstenite::protocol::WebSocketConfig;

use super::CLOSE_TIMEOUT;
use crate::net::limits::{DEFAULT_MAX_MESSAGE_SIZE, HIGH_WATER, SEND_TIMEOUT};
use crate::net::liveness::AutoPing;

/// tungstenite clears as much memory before each read, and each connection keeps it. The size of one
/// system call is [`READ_SIZE`](super::io::READ_SIZE).
const READ_BUFFER: usize = 4 << 10;

/// Limits of size and time. What is not set is as for a client.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The longest message that is taken, in bytes, whole or in fragments.
    pub(crate) max_message_size: usize,
    /// The longest that is sent. `None`: as long as one that is taken.
    pub(crate) max_send_size: Option<usize>,
    /// The longest frame that is taken. `None`: as long as a message.
    pub(crate) max_frame_size: Option<usize>,
    /// Longer messages leave in frames of so many bytes. `None`: one frame each.
    pub(crate) auto_fragment_size: Option<NonZeroUsize>,
    pub(crate) auto_ping: Option<AutoPing>,
    /// How long the peer may take nothing of what is sent. `None`: for ever.
    pub(crate) send_timeout: Option<Duration>,
    /// How long closing takes at most, altogether.
    pub(crate) close_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            max_send_size: None,
            max_frame_size: None,
            auto_fragment_size: None,
            auto_ping: Some(AutoPing::default()),
            send_timeout: Some(SEND_TIMEOUT),
            close_timeout: CLOSE_TIMEOUT,
        }
    }
}

impl Settings {
    pub(crate) fn max_send(&self) -> usize {
        self.max_send_size.unwrap_or(self.max_message_size)
    }

    /// The part that is tungstenite's.
    pub(crate) fn framing(&self) -> WebSocketConfig {
        let message = self.max_message_size;
        WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(HIGH_WATER)
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(message))
            .max_frame_size(Some(self.max_frame_size.unwrap_or(message)))
    }
}
