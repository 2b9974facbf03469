//! Limits of a WebSocket connection, for both ends.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::CLOSE_TIMEOUT;
use crate::framing::websocket::Limits;
use crate::net::framed::TimeLimits;
use crate::net::limits::{DEFAULT_MAX_MESSAGE_SIZE, SEND_TIMEOUT};
use crate::net::liveness::AutoPing;
use crate::settings::{Ping, WebSocketOptions};

/// Limits of size and time. The default is that of a client.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Maximum length of a received message in bytes, whole or in fragments.
    pub(crate) max_message_size: usize,
    /// Maximum length of a sent message. `None`: the same as for a received one.
    pub(crate) max_send_size: Option<usize>,
    /// Maximum length of a received frame. `None`: that of a message.
    pub(crate) max_frame_size: Option<usize>,
    /// Longer messages are sent in frames of this many bytes. `None`: one frame each.
    pub(crate) auto_fragment_size: Option<NonZeroUsize>,
    pub(crate) auto_ping: Option<AutoPing>,
    /// Longest time in which the peer takes no byte of what is sent. `None`: unlimited.
    pub(crate) send_timeout: Option<Duration>,
    /// Longest time that closing takes, altogether.
    pub(crate) close_timeout: Duration,
    /// A failure ends the stream without a Close frame.
    pub(crate) fail_by_drop: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            max_send_size: None,
            max_frame_size: None,
            auto_fragment_size: None,
            auto_ping: AutoPing::of(&Ping::default(), true),
            send_timeout: Some(SEND_TIMEOUT),
            close_timeout: CLOSE_TIMEOUT,
            fail_by_drop: false,
        }
    }
}

/// Closing has two steps in Autobahn: until the server's Close frame, and until it ends TCP.
/// Default time limit of each.
const CLOSE_STEP: Duration = Duration::from_secs(1);

impl Settings {
    /// A client's.
    pub(crate) fn of(options: &WebSocketOptions) -> Self {
        let default = Settings::default();
        let steps = [options.close_handshake_timeout, options.server_connection_drop_timeout];
        let steps = steps.map(|step| step.unwrap_or(CLOSE_STEP)).into_iter().sum();
        Settings {
            max_message_size: options.max_message_payload_size.unwrap_or(default.max_message_size),
            max_send_size: options.max_send_size,
            max_frame_size: options.max_frame_payload_size,
            auto_fragment_size: options.auto_fragment_size.and_then(NonZeroUsize::new),
            auto_ping: AutoPing::of(&options.ping, true),
            send_timeout: options.send_timeout.unwrap_or(default.send_timeout),
            close_timeout: options.close_timeout.unwrap_or(steps),
            fail_by_drop: options.fail_by_drop.unwrap_or(false),
        }
    }

    /// The limits of time.
    pub(crate) fn times(&self) -> TimeLimits {
        TimeLimits {
            auto_ping: self.auto_ping,
            send_timeout: self.send_timeout,
            close_timeout: self.close_timeout,
        }
    }

    pub(crate) fn max_send(&self) -> usize {
        self.max_send_size.unwrap_or(self.max_message_size)
    }

    /// The limits of what is read.
    pub(crate) fn limits(&self) -> Limits {
        // The limit of messages bounds frames as well. A compressed frame may be longer than its message, and is
        // bounded while it is decompressed.
        Limits { frame: self.max_frame_size.unwrap_or(usize::MAX), message: self.max_message_size }
    }
}
