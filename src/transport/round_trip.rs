//! Contains the time of the peer's last answer to a ping: a number that a transport writes and all
//! copies read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The last measured time. It does not count in comparisons: any two are equal.
#[derive(Clone, Default)]
pub(super) struct RoundTrip {
    /// Zero for none.
    nanoseconds: Arc<AtomicU64>,
}

impl RoundTrip {
    pub(super) fn last(&self) -> Option<Duration> {
        match self.nanoseconds.load(Ordering::Relaxed) {
            0 => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        }
    }

    pub(super) fn set(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.store(nanoseconds.max(1), Ordering::Relaxed);
    }
}

impl fmt::Debug for RoundTrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoundTrip({:?})", self.last())
    }
}

impl PartialEq for RoundTrip {
    fn eq(&self, _: &RoundTrip) -> bool {
        true
    }
}

impl Eq for RoundTrip {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_show_the_last_one() {
        let one = RoundTrip::default();
        let other = one.clone();
        assert_eq!(other.last(), None);
        for time in [Duration::from_millis(7), Duration::from_nanos(3), Duration::from_secs(9)] {
            one.set(time);
            assert_eq!(other.last(), Some(time));
        }
        // A coarse clock may measure zero, which still counts.
        one.set(Duration::ZERO);
        assert_eq!(other.last(), Some(Duration::from_nanos(1)));
        assert_eq!(one, RoundTrip::default());
    }
}
