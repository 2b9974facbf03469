//! `TrafficStats`: what a connection has sent and received.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of a connection since its opening handshake. Autobahn's `trafficStats`.
#[doc(alias = "trafficStats")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrafficStats {
    /// Number of messages that came.
    pub messages_in: u64,
    /// Number of messages that were sent.
    pub messages_out: u64,
    /// Number of frames of messages that came; control frames are not counted. In the browser and over
    /// tokio-tungstenite 0.
    pub frames_in: u64,
    /// Number of frames of messages that were sent. In the browser and over tokio-tungstenite 0.
    pub frames_out: u64,
    /// Bytes of the messages that came, decompressed.
    pub payload_in: u64,
    /// Bytes of the messages that were sent, before compression.
    pub payload_out: u64,
    /// Bytes that came from the stream, control frames and headers among them. In the browser and over
    /// tokio-tungstenite 0.
    pub wire_in: u64,
    /// Bytes that the stream took. In the browser and over tokio-tungstenite 0.
    pub wire_out: u64,
}

impl TrafficStats {
    /// Returns the ratio of the bytes of sent messages to those on the wire; above 1 if compression saves more
    /// than headers cost. `None` if nothing was sent.
    pub fn ratio_out(&self) -> Option<f64> {
        (self.wire_out > 0).then(|| self.payload_out as f64 / self.wire_out as f64)
    }

    /// Returns the ratio of the bytes of received messages to those on the wire. `None` if nothing came.
    pub fn ratio_in(&self) -> Option<f64> {
        (self.wire_in > 0).then(|| self.payload_in as f64 / self.wire_in as f64)
    }
}

/// The counts, which one task changes and all handles read.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) messages_in: Counter,
    pub(super) messages_out: Counter,
    pub(super) frames_in: Counter,
    pub(super) frames_out: Counter,
    pub(super) payload_in: Counter,
    pub(super) payload_out: Counter,
    pub(super) wire_in: Counter,
    pub(super) wire_out: Counter,
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: usize) {
        // One task writes.
        self.set(self.get() + count as u64);
    }

    pub(super) fn set(&self, count: u64) {
        self.0.store(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn read(&self) -> TrafficStats {
        TrafficStats {
            messages_in: self.messages_in.get(),
            messages_out: self.messages_out.get(),
            frames_in: self.frames_in.get(),
            frames_out: self.frames_out.get(),
            payload_in: self.payload_in.get(),
            payload_out: self.payload_out.get(),
            wire_in: self.wire_in.get(),
            wire_out: self.wire_out.get(),
        }
    }
}
