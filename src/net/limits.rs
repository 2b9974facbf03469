//! Limits that all native transports have in common.

use std::time::Duration;

/// Above this many unflushed bytes a transport is not ready. Below it nothing is written before
/// the flush: one system call per turn instead of one per message is the largest factor in speed.
/// Ready again means room below this, not an empty buffer: that is how the session or the router
/// sees that a slow peer reads.
pub(crate) const HIGH_WATER: usize = 1 << 20;

/// 16 MiB: what Autobahn's and Crossbar's users have settled on as the longest message.
pub(crate) const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 << 20;

/// TLS and the transport's opening handshake together.
pub(crate) const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the peer may take nothing of what is sent, where nothing else is set.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// How many frames without a message are handled before other tasks get their turn.
pub(crate) const EMPTY_FRAMES_PER_POLL: usize = 64;

/// How much is still read of a peer once writing to it has failed: what it had said before that, of
/// which the systems on both sides hold less than this. A peer that sends without a pause would
/// otherwise never be ended.
pub(crate) const LAST_WORDS: u64 = 16 << 20;

/// How many messages are read before it is looked whether a ping is due.
pub(crate) const MESSAGES_PER_LOOK: u8 = 64;
