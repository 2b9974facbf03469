//! Counting, clocks and flow control, the same for all contenders.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;

use crate::clients::{Cell, server_cpu};
use crate::plan::WINDOW;

/// Anything that can go wrong; it ends up as text under the table.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// What one cell gave in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Calls that came back, or events that arrived, per second.
    pub(crate) rate: f64,
    /// The median time of a call in µs; only of sequential calls.
    pub p50: Option<f64>,
    /// CPU time of the clients' thread per call or delivery, in µs.
    pub(crate) client_cpu: f64,
    /// The same of the thread of the router or relay.
    pub(crate) server_cpu: f64,
}

impl Sample {
    pub(crate) fn line(&self) -> String {
        let Sample { rate, p50, client_cpu, server_cpu } = self;
        let p50 = p50.map_or_else(|| "-".to_owned(), |p50| p50.to_string());
        format!("sample {rate} {client_cpu} {server_cpu} {p50}")
    }

    /// Reads what stands behind `sample`.
    pub(crate) fn parse(figures: &str) -> Option<Self> {
        let mut words = figures.split(' ');
        let mut next = || words.next()?.parse().ok();
        let (rate, client_cpu, server_cpu) = (next()?, next()?, next()?);
        Some(Sample { rate, p50: next(), client_cpu, server_cpu })
    }
}

/// What the tasks of one cell share: they count, and stop when told.
#[derive(Default)]
pub(crate) struct Meter {
    done: AtomicU64,
    stop: AtomicBool,
    times: Mutex<Vec<Duration>>,
}

impl Meter {
    /// `n` calls came back, or events arrived.
    pub(crate) fn count(&self, n: u64) {
        self.done.fetch_add(n, Relaxed);
    }

    /// One sequential call came back after `time`.
    pub(crate) fn count_timed(&self, time: Duration) {
        self.count(1);
        self.times.lock().unwrap().push(time);
    }

    /// Whether the measured time is over.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Warms up, measures, and ends the tasks. A task that ends before is an error.
    pub(crate) async fn run(
        &self,
        cell: &Cell,
        tasks: &mut JoinSet<Result<(), Error>>,
    ) -> Result<Sample, Error> {
        sleep_beside(cell.warm_up, tasks).await?;
        let server_before = server_cpu()?;
        self.times.lock().unwrap().clear();
        let (start, cpu, done) = (Instant::now(), thread_cpu(), self.done.load(Relaxed));

        sleep_beside(cell.time, tasks).await?;
        let done = self.done.load(Relaxed) - done;
        let (time, cpu) = (start.elapsed(), thread_cpu() - cpu);
        let server_cpu = server_cpu()? - server_before;
        self.stop.store(true, Relaxed);
        // Without it their sockets would stay open until the runtime runs again.
        tasks.shutdown().await;

        if done == 0 {
            return Err("nothing arrived in the measured time".into());
        }
        let per_operation = |time: Duration| time.as_secs_f64() * 1e6 / done as f64;
        let mut times = std::mem::take(&mut *self.times.lock().unwrap());
        times.sort_unstable();
        Ok(Sample {
            rate: done as f64 / time.as_secs_f64(),
            p50: times.get(times.len() / 2).map(|time| time.as_secs_f64() * 1e6),
            client_cpu: per_operation(cpu),
            server_cpu: per_operation(server_cpu),
        })
    }
}

async fn sleep_beside(time: Duration, tasks: &mut JoinSet<Result<(), Error>>) -> Result<(), Error> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        Some(ended) = tasks.join_next() => {
            ended??;
            Err("a client ended early".into())
        }
    }
}

/// CPU time of the calling thread.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How far a publisher may run ahead of its slowest subscriber.
pub(crate) struct Window {
    sent: AtomicU64,
    arrived: Vec<AtomicU64>,
    publisher: AtomicWaker,
    waiting: AtomicBool,
}

impl Window {
    pub(crate) fn new(subscribers: usize) -> Self {
        Window {
            sent: AtomicU64::new(0),
            arrived: (0..subscribers).map(|_| AtomicU64::new(0)).collect(),
            publisher: AtomicWaker::new(),
            waiting: AtomicBool::new(false),
        }
    }

    /// How many events may be sent now; never zero when ready.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<u64> {
        let slowest = self.arrived.iter().map(|arrived| arrived.load(Relaxed)).min().unwrap_or(0);
        let room = WINDOW - (self.sent.load(Relaxed) - slowest);
        if room > 0 {
            return Poll::Ready(room);
        }
        self.publisher.register(cx.waker());
        self.waiting.store(true, Relaxed);
        Poll::Pending
    }

    /// One event was sent.
    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Relaxed);
    }

    /// One event arrived at that subscriber. All clients are on one thread, so the publisher
    /// runs after this task's turn: a batch that is read at once wakes it once.
    pub(crate) fn arrived(&self, subscriber: usize) {
        self.arrived[subscriber].fetch_add(1, Relaxed);
        if self.waiting.swap(false, Relaxed) {
            self.publisher.wake();
        }
    }

    /// Waits for room. See [`poll_room`](Window::poll_room).
    pub(crate) async fn room(&self) -> u64 {
        std::future::poll_fn(|cx| self.poll_room(cx)).await
    }
}
