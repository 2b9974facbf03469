//! Liveness of a peer: whether it answers, how long a round trip takes, and whether it takes what this
//! side sends.
//!
//! Two timers compare counts of bytes, so that a slow transfer of a long message counts as a sign of
//! life. The caller reads and writes the frames. The clock is read when a ping has left and when it
//! is answered, never per message.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use crate::rt::{self, Sleep};
use crate::settings::{LONGEST, Ping};

/// When to ask the peer for a sign of life: the settings of [`Ping`], with the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AutoPing {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) size: usize,
    pub(crate) restart_on_traffic: bool,
}

impl AutoPing {
    /// `None` for no pings: at an interval of zero, or if there is none and they are not sent by
    /// default.
    pub(crate) fn of(ping: &Ping, by_default: bool) -> Option<Self> {
        let interval = match ping.interval {
            None if !by_default => return None,
            interval => interval.unwrap_or(Ping::DEFAULT_TIME),
        };
        let timeout = match ping.timeout.unwrap_or(Ping::DEFAULT_TIME) {
            // A peer that does not answer is not asked again, as in Autobahn.
            Duration::ZERO => LONGEST,
            timeout => timeout,
        };
        (!interval.is_zero()).then(|| AutoPing {
            interval: interval.max(LEAST_TIME),
            timeout: timeout.max(LEAST_TIME),
            size: ping.size.unwrap_or(Ping::MIN_SIZE),
            restart_on_traffic: ping.restart_on_traffic.unwrap_or(true),
        })
    }
}

const LEAST_TIME: Duration = Duration::from_millis(1);

/// Bytes that a peer works off within a second at least, on a slow line or a busy processor. While it is busy with
/// what this side has sent, it is not silent.
const LEAST_RATE: u64 = 256 << 10;

/// Most bytes that a peer is taken to be busy with, so that a lost one is noticed about a minute later at most.
const MOST_BUSY: u64 = 16 << 20;

/// The next step with a silent peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PingStep {
    /// Send a ping with this payload.
    Ping(Bytes),
    /// The peer did not answer in time.
    TimedOut,
}

/// The reading side: asks a silent peer, and measures its answers.
#[derive(Debug)]
pub(crate) struct PingTimer {
    times: AutoPing,
    timer: Sleep,
    seen: u64,
    /// True while an answer is awaited; then the timer is for it, once the ping was sent.
    asked: bool,
    pings: u32,
    /// The last ping until it is answered. Its answer may follow other signs of life.
    /// Boxed: most connections have none at most times.
    open: Option<Box<PendingPing>>,
    /// Time from the last ping that was answered to its answer.
    round_trip: Option<Duration>,
    /// What the peer may still be busy with.
    busy: Busy,
}

/// An estimate of the sent bytes that the peer has not worked off.
#[derive(Debug)]
struct Busy {
    bytes: u64,
    /// Number of all written bytes, and of those among them that are counted.
    written: u64,
    counted: u64,
    /// Time of the last count.
    at: Duration,
}

impl Busy {
    fn new() -> Self {
        Busy { bytes: 0, written: 0, counted: 0, at: rt::now() }
    }

    /// Counts what was written since the last time, and subtracts what was worked off meanwhile.
    fn count(&mut self) {
        let now = rt::now();
        let millis = now.saturating_sub(self.at).as_millis().min(u128::from(u32::MAX)) as u64;
        let left = self.bytes.saturating_sub(millis * LEAST_RATE / 1000);
        let more = self.written.saturating_sub(self.counted);
        self.bytes = left.saturating_add(more).min(MOST_BUSY);
        (self.counted, self.at) = (self.written, now);
    }

    /// Time that the peer may take for it.
    fn time(&self) -> Duration {
        Duration::from_millis(self.bytes * 1000 / LEAST_RATE)
    }

    /// The peer has worked off everything up to this byte.
    fn done(&mut self, until: u64) {
        self.bytes = 0;
        self.counted = until.min(self.written);
        self.at = rt::now();
    }
}

#[derive(Debug)]
struct PendingPing {
    payload: Bytes,
    /// Number of written bytes at which it has been sent.
    until: u64,
    /// Time when it was sent.
    left: Option<Duration>,
}

impl PingTimer {
    pub(crate) fn new(times: AutoPing) -> Self {
        let timer = Sleep::new(times.interval);
        PingTimer {
            times,
            timer,
            seen: 0,
            asked: false,
            pings: 0,
            open: None,
            round_trip: None,
            busy: Busy::new(),
        }
    }

    /// Polled only when everything that came has been read: otherwise this side would be the silent one.
    /// `read` counts all bytes since the start.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, read: u64) -> Poll<PingStep> {
        let read = if self.times.restart_on_traffic { read } else { self.seen };
        loop {
            // While no answer is awaited, the timer runs on: no timer is set per message.
            if self.asked && read != self.seen {
                self.listen(read);
            }
            if self.asked && self.open.as_ref().is_some_and(|ping| ping.left.is_none()) {
                // The peer cannot answer yet, and `left` wakes the task.
                return Poll::Pending;
            }
            ready!(Pin::new(&mut self.timer).poll(cx));
            if read != self.seen {
                self.listen(read);
            } else if self.asked {
                return Poll::Ready(PingStep::TimedOut);
            } else {
                return Poll::Ready(PingStep::Ping(self.ask()));
            }
        }
    }

    /// The payload of the ping that is due though messages come without a pause, so that
    /// [`poll`](Self::poll) is not called. Its answer may be among what is not read yet, so the
    /// peer is never given up here.
    pub(crate) fn poll_due_ping(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        if self.times.restart_on_traffic || self.asked {
            return Poll::Pending;
        }
        ready!(Pin::new(&mut self.timer).poll(cx));
        Poll::Ready(self.ask())
    }

    /// Records that the ping is queued and will have been sent with the byte of this number. Call
    /// it after each ping that is due.
    pub(crate) fn queued(&mut self, until: u64) {
        if let Some(ping) = &mut self.open {
            ping.until = until;
        }
    }

    /// Records the number of all written bytes. Call it after each attempt to write. If the ping
    /// has been sent, the time for its answer starts: the timeout, and the time for what the peer reads before.
    pub(crate) fn left(&mut self, cx: &mut Context<'_>, written: u64) {
        self.busy.written = written;
        let Some(ping) = &mut self.open else { return };
        if ping.left.is_some() || written < ping.until {
            return;
        }
        ping.left = Some(rt::now());
        if self.asked {
            self.busy.count();
            let timeout = self.times.timeout.saturating_add(self.busy.time());
            self.timer = Sleep::new(timeout);
            // It was polled before and may not be polled again in this turn. If it has fired, the
            // next poll reports it.
            if Pin::new(&mut self.timer).poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
    }

    /// Takes a pong; returns how long the answer took if it answers the last ping.
    pub(crate) fn handle_pong(&mut self, payload: &[u8]) -> Option<Duration> {
        let ping = self.open.take_if(|ping| ping.payload == payload)?;
        let now = rt::now();
        let time = now.saturating_sub(ping.left.unwrap_or(now));
        self.round_trip = Some(time);
        self.busy.done(ping.until);
        if !self.times.restart_on_traffic {
            self.listen(self.seen);
        }
        Some(time)
    }

    /// Returns whether a ping is open and none has ever been answered.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.open.is_some() && self.round_trip.is_none()
    }

    fn listen(&mut self, read: u64) {
        self.busy.count();
        self.seen = read;
        self.asked = false;
        self.timer = Sleep::new(self.times.interval);
    }

    fn ask(&mut self) -> Bytes {
        self.asked = true;
        self.pings = self.pings.wrapping_add(1);
        // Random, so that a peer cannot answer before it is asked. Without it the number must do.
        let random = rt::random().unwrap_or_default();
        let mut payload = Vec::with_capacity(Ping::MAX_SIZE);
        payload.extend_from_slice(&self.pings.to_be_bytes());
        payload.extend_from_slice(&random.to_be_bytes());
        payload.resize(self.times.size.clamp(Ping::MIN_SIZE, Ping::MAX_SIZE), 0);
        let payload = Bytes::from(payload);
        let ping = PendingPing { payload: payload.clone(), until: u64::MAX, left: None };
        self.open = Some(Box::new(ping));
        payload
    }
}

/// The writing side: detects a peer that takes nothing. Polled only while the socket takes nothing more.
#[derive(Debug)]
pub(crate) struct StallTimer {
    limit: Option<Duration>,
    since: Option<(Sleep, u64)>,
}

impl StallTimer {
    /// Creates the state. Without `limit` there is no limit.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        StallTimer { limit, since: None }
    }

    /// Ready when no byte was taken for too long. `written` counts all bytes taken since the start.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, written: u64) -> Poll<()> {
        let Some(limit) = self.limit else { return Poll::Pending };
        loop {
            let (timer, seen) = self.since.get_or_insert_with(|| (Sleep::new(limit), written));
            ready!(Pin::new(timer).poll(cx));
            if *seen == written {
                return Poll::Ready(());
            }
            self.since = None;
        }
    }

    /// Resets the timer after everything was accepted.
    pub(crate) fn reset(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(3);
    const TIMEOUT: Duration = Duration::from_secs(5);

    fn silence(set: impl FnOnce(Ping) -> Ping) -> PingTimer {
        let Some(times) = AutoPing::of(&set(Ping::new(INTERVAL, TIMEOUT)), false) else {
            unreachable!("there is an interval")
        };
        PingTimer::new(times)
    }

    /// One that leaves at once.
    async fn ping(silence: &mut PingTimer, read: u64) -> Bytes {
        let ping = queued(silence, read, 1).await;
        written(silence, 1).await;
        ping
    }

    /// One that leaves with this byte.
    async fn queued(silence: &mut PingTimer, read: u64, until: u64) -> Bytes {
        let beat = poll_fn(|cx| silence.poll(cx, read)).await;
        silence.queued(until);
        match beat {
            PingStep::Ping(payload) => payload,
            PingStep::TimedOut => Bytes::new(),
        }
    }

    async fn written(silence: &mut PingTimer, bytes: u64) {
        poll_fn(|cx| {
            silence.left(cx, bytes);
            Poll::Ready(())
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn pings_have_their_size_and_differ() {
        for (asked, size) in [(0, 12), (12, 12), (13, 13), (125, 125), (999, 125)] {
            let mut silence = silence(|ping| ping.size(asked));
            let first = ping(&mut silence, 0).await;
            assert_eq!(first.len(), size);
            let second = ping(&mut silence, 1).await;
            assert_eq!(second.len(), size);
            assert_ne!(first, second);
            assert_eq!(first[..4], [0, 0, 0, 1]);
            assert_eq!(second[..4], [0, 0, 0, 2]);
        }
        // The field can be set to anything.
        let wrong = |mut ping: Ping| {
            ping.size = Some(4000);
            ping
        };
        assert_eq!(ping(&mut silence(wrong), 0).await.len(), 125);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_answer_to_the_last_ping_is_a_round_trip() {
        let mut silence = silence(|ping| ping);
        assert_eq!(silence.handle_pong(b""), None);
        let first = ping(&mut silence, 0).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(silence.handle_pong(b"unasked"), None);
        // Other bytes are a sign of life, and the ping is still open.
        let second = ping(&mut silence, 100).await;
        assert_eq!(silence.handle_pong(&first), None);
        assert_eq!(silence.round_trip, None);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(silence.handle_pong(&second), Some(Duration::from_secs(2)));
        assert_eq!(silence.round_trip, Some(Duration::from_secs(2)));
        // One answer is enough.
        assert_eq!(silence.handle_pong(&second), None);
    }

    #[tokio::test(start_paused = true)]
    async fn any_byte_is_a_sign_of_life_unless_only_the_answer_counts() {
        let begin = rt::now();
        let mut any = silence(|ping| ping);
        let _ = ping(&mut any, 0).await;
        assert_eq!(rt::now() - begin, INTERVAL);
        // Seen at once, so the next ping is an interval later, and the next silence is the last.
        let _ = ping(&mut any, 1).await;
        assert_eq!(rt::now() - begin, 2 * INTERVAL);
        assert_eq!(poll_fn(|cx| any.poll(cx, 1)).await, PingStep::TimedOut);
        assert_eq!(rt::now() - begin, 2 * INTERVAL + TIMEOUT);

        let begin = rt::now();
        let mut strict = silence(|ping| ping.restart_on_traffic(false));
        let first = ping(&mut strict, 1_000).await;
        assert_eq!(rt::now() - begin, INTERVAL);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(strict.handle_pong(&first), Some(Duration::from_secs(1)));
        let _ = ping(&mut strict, 2_000).await;
        assert_eq!(rt::now() - begin, 2 * INTERVAL + Duration::from_secs(1));
        // However much comes.
        assert_eq!(poll_fn(|cx| strict.poll(cx, 3_000)).await, PingStep::TimedOut);
        assert_eq!(rt::now() - begin, 2 * INTERVAL + TIMEOUT + Duration::from_secs(1));
        assert_eq!(strict.round_trip, Some(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_busy_with_a_long_message_is_not_silent() {
        let mib = 1 << 20;
        let begin = rt::now();
        let mut silence = silence(|ping| ping);
        let first = queued(&mut silence, 0, 10 * mib).await;
        written(&mut silence, 10 * mib).await;
        assert_eq!(rt::now() - begin, INTERVAL);
        // 10 MiB take 40 s at 256 KiB/s.
        tokio::time::sleep(TIMEOUT + Duration::from_secs(39)).await;
        assert!(poll_fn(|cx| Poll::Ready(silence.poll(cx, 0))).await.is_pending());
        assert!(silence.handle_pong(&first).is_some());
        // What is answered is done with: the usual time counts again.
        let asked = {
            queued(&mut silence, 1, 10 * mib + 1).await;
            written(&mut silence, 10 * mib + 1).await;
            rt::now()
        };
        assert_eq!(poll_fn(|cx| silence.poll(cx, 1)).await, PingStep::TimedOut);
        assert_eq!(rt::now() - asked, TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_peer_that_was_sent_much_is_noticed_a_minute_later_at_most() {
        let mut silence = silence(|ping| ping);
        let much = 1 << 40;
        queued(&mut silence, 0, much).await;
        written(&mut silence, much).await;
        let asked = rt::now();
        assert_eq!(poll_fn(|cx| silence.poll(cx, 0)).await, PingStep::TimedOut);
        assert_eq!(rt::now() - asked, TIMEOUT + Duration::from_secs(64));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_awaited_only_when_the_ping_has_left() {
        let mut silence = silence(|ping| ping);
        let first = queued(&mut silence, 0, 100).await;
        for bytes in [0, 50, 99] {
            written(&mut silence, bytes).await;
            let waits = tokio::time::timeout(10 * TIMEOUT, poll_fn(|cx| silence.poll(cx, 0)));
            assert!(waits.await.is_err());
        }
        written(&mut silence, 100).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        written(&mut silence, 200).await;
        assert_eq!(silence.handle_pong(&first), Some(Duration::from_secs(1)));
        assert_eq!(silence.round_trip, Some(Duration::from_secs(1)));
        // The same for one that is not answered.
        let _ = queued(&mut silence, 1, 300).await;
        written(&mut silence, 300).await;
        let begin = rt::now();
        assert_eq!(poll_fn(|cx| silence.poll(cx, 1)).await, PingStep::TimedOut);
        assert_eq!(rt::now() - begin, TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn busy_readers_ask_only_where_the_answer_counts() {
        let mut any = silence(|ping| ping);
        let mut strict = silence(|ping| ping.restart_on_traffic(false));
        tokio::time::sleep(2 * INTERVAL).await;
        poll_fn(|cx| {
            assert!(any.poll_due_ping(cx).is_pending());
            assert!(strict.poll_due_ping(cx).is_ready());
            assert!(strict.poll_due_ping(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        tokio::time::sleep(2 * TIMEOUT).await;
        poll_fn(|cx| {
            assert!(strict.poll_due_ping(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
}
