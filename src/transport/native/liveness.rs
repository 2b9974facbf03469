//! Liveness: is the peer still there, and does it take what we send?
//!
//! Owns two timers and compares counts of bytes; a slow transfer of a long message is life, too.
//! It reads no clock per message.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::rt::Sleep;

/// When to ask a silent peer for a sign of life (RFC 6455, section 5.5.2), and how long to wait.
///
/// Default: every 10 s, for 10 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutoPing {
    /// A ping is sent after an interval in which nothing came; the intervals follow each other, so
    /// that is up to two of them after the last sign of life.
    pub interval: Duration,
    /// The connection counts as lost when nothing came for so long after the ping.
    pub timeout: Duration,
}

impl AutoPing {
    /// Times below a millisecond count as one.
    pub fn new(interval: Duration, timeout: Duration) -> Self {
        let least = Duration::from_millis(1);
        AutoPing { interval: interval.max(least), timeout: timeout.max(least) }
    }

    /// How long a peer may take nothing of what is sent.
    pub(super) fn patience(self) -> Duration {
        self.interval.saturating_add(self.timeout)
    }
}

impl Default for AutoPing {
    fn default() -> Self {
        AutoPing::new(Duration::from_secs(10), Duration::from_secs(10))
    }
}

/// What silence calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Ping,
    Dead,
}

/// The reading side. Polled only when everything that came has been read: otherwise it would be us
/// who do not listen.
#[derive(Debug)]
pub(super) struct Silence {
    times: AutoPing,
    timer: Sleep,
    seen: u64,
    asked: bool,
}

impl Silence {
    pub(super) fn new(times: AutoPing) -> Self {
        Silence { times, timer: Sleep::new(times.interval), seen: 0, asked: false }
    }

    /// `read` counts all bytes that ever came.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, read: u64) -> Poll<Beat> {
        loop {
            // While nothing is asked, the timer runs through: no timer is set per message.
            if self.asked && read != self.seen {
                self.listen(read);
            }
            ready!(Pin::new(&mut self.timer).poll(cx));
            if read != self.seen {
                self.listen(read);
            } else if self.asked {
                return Poll::Ready(Beat::Dead);
            } else {
                self.asked = true;
                self.timer = Sleep::new(self.times.timeout);
                return Poll::Ready(Beat::Ping);
            }
        }
    }

    fn listen(&mut self, read: u64) {
        self.seen = read;
        self.asked = false;
        self.timer = Sleep::new(self.times.interval);
    }
}

/// The writing side. Polled only while the socket takes nothing more.
#[derive(Debug)]
pub(super) struct Stall {
    patience: Option<Duration>,
    since: Option<(Sleep, u64)>,
}

impl Stall {
    /// Without `patience` it never ends.
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Stall { patience, since: None }
    }

    /// Ready when not a byte was taken for too long. `written` counts all that were ever taken.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, written: u64) -> Poll<()> {
        let Some(patience) = self.patience else { return Poll::Pending };
        loop {
            let (timer, seen) = self.since.get_or_insert_with(|| (Sleep::new(patience), written));
            ready!(Pin::new(timer).poll(cx));
            if *seen == written {
                return Poll::Ready(());
            }
            self.since = None;
        }
    }

    /// Everything was taken.
    pub(super) fn reset(&mut self) {
        self.since = None;
    }
}
