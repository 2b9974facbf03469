//! `Patience`: how long others wait for a peer that is slow.
//!
//! Who reads slowly but steadily is waited for as long as it takes. Who only pretends to read, a
//! message now and then, would hold everybody up who sends to it: time above the soft limit is
//! used up, and only what the peer takes gives it back.

use std::time::Duration;

/// A peer that has taken nothing for so long is not waited for, until it takes something again.
/// Long enough for one that is slow but steady: the system's buffers, too, show its reading only
/// in steps, which may be hundreds of kilobytes each.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// How long senders wait altogether for a peer that stays above the soft limit and takes less than
/// [`PACE`].
pub(super) const HOLD: Duration = Duration::from_secs(2);

/// Bytes a second that a peer has to take to be waited for without end.
const PACE: u64 = 128 << 10;

/// All times are of one clock that does not run backwards.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// When the transport last took something, as far as the load was above the soft limit.
    progress: Duration,
    /// How much of [`HOLD`] is used up, as of `reckoned`.
    used: Duration,
    reckoned: Duration,
    /// All of it was used up. It takes half of it to wait again, so that one message now and then
    /// does not buy a moment each time.
    spent: bool,
}

impl Patience {
    /// The load has risen above the soft limit. The time below it was nobody's loss.
    pub(super) fn rise(&mut self, now: Duration) {
        self.progress = now;
        self.give_back(now.saturating_sub(self.reckoned));
        self.reckoned = now;
    }

    /// The transport has taken so many bytes, and the load was above the soft limit.
    pub(super) fn take(&mut self, now: Duration, bytes: usize) {
        self.progress = now;
        self.reckon(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.give_back(Duration::from_micros(bytes.saturating_mul(1_000_000) / PACE));
    }

    /// Whether the peer reads at all.
    pub(super) fn is_alive(&self, now: Duration) -> bool {
        now.saturating_sub(self.progress) < PATIENCE
    }

    /// Whether senders wait, while the load is above the soft limit.
    pub(super) fn lasts(&mut self, now: Duration) -> bool {
        self.reckon(now);
        !self.spent && self.is_alive(now)
    }

    fn reckon(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.reckoned);
        self.used = self.used.saturating_add(passed).min(HOLD);
        self.spent |= self.used == HOLD;
        self.reckoned = self.reckoned.max(now);
    }

    fn give_back(&mut self, time: Duration) {
        self.used = self.used.saturating_sub(time);
        self.spent &= self.used > HOLD / 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `bytes` every `pause`, always above the soft limit; for how long it is waited for.
    fn waited(bytes: usize, pause: Duration) -> Option<Duration> {
        let start = Duration::from_secs(1000);
        let mut patience = Patience::default();
        patience.rise(start);
        let mut now = start;
        while now < start + Duration::from_secs(600) {
            now += pause;
            if !patience.lasts(now) {
                return Some(now - start);
            }
            patience.take(now, bytes);
        }
        None
    }

    #[test]
    fn who_keeps_the_pace_is_waited_for_without_end() {
        assert_eq!(waited(4_000, Duration::from_millis(25)), None);
        // As buffers of sockets show it.
        assert_eq!(waited(300_000, Duration::from_millis(900)), None);
        assert_eq!(waited(16 << 20, Duration::from_millis(900)), None);
    }

    #[test]
    fn who_does_not_is_waited_for_a_short_time_and_hardly_ever_again() {
        let pause = Duration::from_millis(800);
        assert!(waited(4_000, pause).is_some_and(|time| time <= HOLD + pause));
        assert!(waited(50_000, pause).is_some_and(|time| time <= HOLD * 3));

        let mut patience = Patience::default();
        patience.rise(pause);
        let mut now = pause;
        let mut waits = 0;
        for _ in 0..1000 {
            now += pause;
            waits += usize::from(patience.lasts(now));
            patience.take(now, 4_000);
            waits += usize::from(patience.lasts(now));
        }
        assert!(waits <= 6, "{waits}");
    }

    #[test]
    fn who_has_caught_up_is_waited_for_again() {
        let mut patience = Patience::default();
        patience.rise(HOLD);
        assert!(!patience.lasts(HOLD * 2));
        patience.take(HOLD * 2, 1000);
        assert!(!patience.lasts(HOLD * 2));
        // It reads all at once, or it was below the limit for a while.
        patience.take(HOLD * 2, 1 << 20);
        assert!(patience.lasts(HOLD * 2));
        assert!(!patience.lasts(HOLD * 4));
        patience.rise(HOLD * 5);
        assert!(patience.lasts(HOLD * 5));
    }
}
