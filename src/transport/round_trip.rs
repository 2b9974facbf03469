//! `RoundTrip`: the time of the peer's last answer to a ping.
//!
//! One number that a transport writes and all copies read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time from a ping to its answer, as last measured. Copies of it show the same.
///
/// It is measured by [`Ping`](crate::transport::Ping), so only native WebSocket and RawSocket
/// have one, and only once a ping was answered:
///
/// ```no_run
/// # async fn example() -> Result<(), wampwerk::error::ConnectError> {
/// let session = wampwerk::connect("ws://127.0.0.1:8080/ws", "realm1").await?;
/// match session.transport().round_trip.last() {
///     Some(time) => println!("the router answers within {time:?}"),
///     None => println!("there was no reason to ask yet"),
/// }
/// # Ok(())
/// # }
/// ```
///
/// It does not count in comparisons of [`TransportInfo`](crate::transport::TransportInfo): any two are
/// equal.
#[doc(alias = "onAutoPong")]
#[derive(Clone, Default)]
pub struct RoundTrip {
    /// Zero for none.
    nanoseconds: Arc<AtomicU64>,
}

impl RoundTrip {
    /// Creates a value without a measurement.
    pub fn new() -> Self {
        RoundTrip::default()
    }

    /// The last time, from when the ping was handed to the system. It includes the turns of both processes;
    /// load on either side makes it longer.
    pub fn last(&self) -> Option<Duration> {
        match self.nanoseconds.load(Ordering::Relaxed) {
            0 => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        }
    }

    /// Sets the time of an answered ping. For transports.
    pub fn set(&self, time: Duration) {
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
        let one = RoundTrip::new();
        let other = one.clone();
        assert_eq!(other.last(), None);
        for time in [Duration::from_millis(7), Duration::from_nanos(3), Duration::from_secs(9)] {
            one.set(time);
            assert_eq!(other.last(), Some(time));
        }
        // A coarse clock may measure zero, which still counts.
        one.set(Duration::ZERO);
        assert_eq!(other.last(), Some(Duration::from_nanos(1)));
        assert_eq!(one, RoundTrip::new());
    }
}
