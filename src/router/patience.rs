//! Contains [`Patience`], the time that senders wait for a slow peer.
//!
//! Senders wait without limit for a peer that reads slowly but steadily. A peer that only reads a
//! message now and then would block all its senders. Therefore time above the soft limit is used
//! up, and only the bytes that the peer accepts give it back.

use std::time::Duration;

/// Senders do not wait for a peer that has accepted nothing for this time, until it accepts
/// something again. Long enough for slow but steady peers, because the system's buffers show
/// reading in steps of up to hundreds of kilobytes.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Total time that senders wait for a peer that stays above the soft limit and accepts less than
/// [`PACE`].
pub(super) const HOLD: Duration = Duration::from_secs(2);

/// Bytes per second that a peer must accept for its senders to wait without limit.
const PACE: u64 = 128 << 10;

/// All times are of one monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Time when the transport last accepted something while the load was above the soft limit.
    progress: Duration,
    /// Used part of [`HOLD`], as of `settled_at`.
    used: Duration,
    settled_at: Duration,
    /// True if all of it was used up. Waiting starts again only after half of it was given back, so
    /// that a single message does not buy a short wait each time.
    spent: bool,
}

impl Patience {
    /// Called when the load has risen above the soft limit. Time below it does not count.
    pub(super) fn begin_load(&mut self, now: Duration) {
        self.progress = now;
        self.give_back(now.saturating_sub(self.settled_at));
        self.settled_at = now;
    }

    /// Called when the transport has accepted bytes while the load was above the soft limit.
    pub(super) fn take(&mut self, now: Duration, bytes: usize) {
        self.progress = now;
        self.settle_until(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.give_back(Duration::from_micros(bytes.saturating_mul(1_000_000) / PACE));
    }

    /// Returns whether the peer reads at all.
    pub(super) fn is_alive(&self, now: Duration) -> bool {
        now.saturating_sub(self.progress) < PATIENCE
    }

    /// Returns whether senders wait while the load is above the soft limit.
    pub(super) fn senders_may_wait(&mut self, now: Duration) -> bool {
        self.settle_until(now);
        !self.spent && self.is_alive(now)
    }

    fn settle_until(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.settled_at);
        self.used = self.used.saturating_add(passed).min(HOLD);
        self.spent |= self.used == HOLD;
        self.settled_at = self.settled_at.max(now);
    }

    fn give_back(&mut self, time: Duration) {
        self.used = self.used.saturating_sub(time);
        self.spent &= self.used > HOLD / 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Simulates a peer that accepts `bytes` every `pause` above the soft limit, and returns how
    /// long senders wait.
    fn waited(bytes: usize, pause: Duration) -> Option<Duration> {
        let start = Duration::from_secs(1000);
        let mut patience = Patience::default();
        patience.begin_load(start);
        let mut now = start;
        while now < start + Duration::from_secs(600) {
            now += pause;
            if !patience.senders_may_wait(now) {
                return Some(now - start);
            }
            patience.take(now, bytes);
        }
        None
    }

    #[test]
    fn who_keeps_the_pace_is_waited_for_without_end() {
        assert_eq!(waited(4_000, Duration::from_millis(25)), None);
        // In the steps that socket buffers show.
        assert_eq!(waited(300_000, Duration::from_millis(900)), None);
        assert_eq!(waited(16 << 20, Duration::from_millis(900)), None);
    }

    #[test]
    fn who_does_not_is_waited_for_a_short_time_and_hardly_ever_again() {
        let pause = Duration::from_millis(800);
        assert!(waited(4_000, pause).is_some_and(|time| time <= HOLD + pause));
        assert!(waited(50_000, pause).is_some_and(|time| time <= HOLD * 3));

        let mut patience = Patience::default();
        patience.begin_load(pause);
        let mut now = pause;
        let mut waits = 0;
        for _ in 0..1000 {
            now += pause;
            waits += usize::from(patience.senders_may_wait(now));
            patience.take(now, 4_000);
            waits += usize::from(patience.senders_may_wait(now));
        }
        assert!(waits <= 6, "{waits}");
    }

    #[test]
    fn who_has_caught_up_is_waited_for_again() {
        let mut patience = Patience::default();
        patience.begin_load(HOLD);
        assert!(!patience.senders_may_wait(HOLD * 2));
        patience.take(HOLD * 2, 1000);
        assert!(!patience.senders_may_wait(HOLD * 2));
        // It reads everything at once, or was below the limit for a while.
        patience.take(HOLD * 2, 1 << 20);
        assert!(patience.senders_may_wait(HOLD * 2));
        assert!(!patience.senders_may_wait(HOLD * 4));
        patience.begin_load(HOLD * 5);
        assert!(patience.senders_may_wait(HOLD * 5));
    }
}
