//! Limits that all protocols over a byte stream share.

use std::time::Duration;

/// Above this many unflushed bytes a connection is not ready. Below it nothing is written before
/// the flush: one system call per turn instead of one per message is the largest factor in speed.
/// Ready again means room below this, not an empty buffer: that is how the
/// sender sees that a slow peer reads.
pub(crate) const HIGH_WATER: usize = 1 << 20;

/// Default of the longest message: 16 MiB, the usual value with Autobahn and Crossbar.
pub(crate) const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 << 20;

/// Default time limit of TLS and the opening handshake together.
pub(crate) const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Default of the longest time in which the peer takes no byte of what is sent.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Number of frames without a message after which other tasks get their turn.
pub(crate) const EMPTY_FRAMES_PER_POLL: usize = 64;

/// Number of bytes still read from a peer once writing to it has failed. It is more than the systems
/// on both sides hold of what the peer said before. Without this limit, a peer that sends without a
/// pause would never be disconnected.
pub(crate) const LAST_WORDS: u64 = 16 << 20;

/// Number of messages read between two looks whether a ping is due.
pub(crate) const MESSAGES_PER_LOOK: u8 = 64;
