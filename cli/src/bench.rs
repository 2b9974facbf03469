//! `wampwerk bench`: measures calls, events or connections at a router.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinSet;
use wampwerk::session::{Connect, Subscription};
use wampwerk::{Dict, Payload, Session, Value};

use crate::connection::Connection;
use crate::failure::{Failure, Kind, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{Format, Output, print};
use crate::values;

/// Largest time that the histogram tells apart, in microseconds: ten minutes.
const LARGEST: u64 = 600_000_000;

/// Kinds of measurements.
#[derive(Subcommand, Debug)]
pub(crate) enum Bench {
    /// Calls of an echo procedure that this program registers: the time from the call to its result
    Calls(Box<Load>),
    /// Events from a publisher to a subscriber in this program: the time from one to the other
    Events(Box<Load>),
    /// Sessions: the time to connect, join and leave
    Connects(Box<Load>),
}

/// The load.
#[derive(Args, Debug)]
pub(crate) struct Load {
    /// Number of sessions that work beside each other, each with one operation at a time
    #[arg(short, long, value_name = "NUMBER", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
    /// Length of the binary argument; not for connects
    #[arg(short, long, value_name = "BYTES", default_value_t = 16)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=15_000_000))]
    size: u32,
    /// Time to measure
    #[arg(short, long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    duration: Duration,
    #[command(flatten)]
    connection: Connection,
}

/// Maximum time of one operation; an event may be lost.
const LONGEST: Duration = Duration::from_secs(30);

/// Maximum time to leave after an interruption.
const LEAVING: Duration = Duration::from_secs(5);

/// What all workers share.
#[derive(Default)]
struct Shared {
    /// Number of operations, for the progress bar.
    done: AtomicU64,
    /// True after an interruption.
    stop: AtomicBool,
}

/// What a worker has measured.
struct Measured {
    times: Histogram<u64>,
    failures: u64,
    /// The first failure.
    failure: Option<Failure>,
}

#[derive(Clone, Copy)]
enum What {
    Calls,
    Events,
    Connects,
}

pub(crate) async fn run(command: Bench) -> Outcome {
    let (what, load) = match command {
        Bench::Calls(load) => (What::Calls, load),
        Bench::Events(load) => (What::Events, load),
        Bench::Connects(load) => (What::Connects, load),
    };
    let request = load.connection.request()?;
    load.connection.start_trace();
    let output = load.connection.output();
    let mut interrupt = Interrupt::new()?;
    let shared = Arc::new(Shared::default());
    let mut measuring = std::pin::pin!(measure(what, &load, &request, &shared));
    let (mut measured, elapsed) = tokio::select! {
        measured = &mut measuring => measured?,
        () = interrupt.wait() => {
            shared.stop.store(true, Ordering::Relaxed);
            // The sessions leave. The time for it is bounded, and what it has measured is not asked for.
            let _ = tokio::time::timeout(LEAVING, measuring).await;
            return Err(Failure::interrupted());
        }
    };
    match measured.failure.take() {
        Some(failure) if measured.times.is_empty() => Err(failure),
        _ => report(what, &load, &measured, elapsed, output),
    }
}

/// Runs the workers to the end of the time, and adds up what they have measured.
async fn measure(
    what: What,
    load: &Load,
    request: &Connect<'static>,
    shared: &Arc<Shared>,
) -> Outcome<(Measured, Duration)> {
    let mut workers = Vec::new();
    for number in 0..load.concurrency {
        workers.push(Worker::start(what, load, request, number).await?);
    }
    let start = Instant::now();
    let end = start + load.duration;
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(worker.work(end, Arc::clone(shared)));
    }
    let bar = progress_bar(load);
    let mut measured = Measured::new()?;
    loop {
        tokio::select! {
            worker = tasks.join_next() => match worker {
                None => break,
                Some(worker) => {
                    let worker = worker.map_err(Failure::other)??;
                    measured.times.add(&worker.times).map_err(Failure::other)?;
                    measured.failures += worker.failures;
                    measured.failure = measured.failure.or(worker.failure);
                }
            },
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                let elapsed = start.elapsed();
                bar.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
                let count = shared.done.load(Ordering::Relaxed);
                bar.set_message(format!("{:.0}/s", count as f64 / elapsed.as_secs_f64()));
            }
        }
    }
    let elapsed = start.elapsed();
    bar.finish_and_clear();
    Ok((measured, elapsed))
}

/// A session, and what it does again and again.
struct Worker {
    what: What,
    request: Connect<'static>,
    /// Callers and publishers; a worker for connects makes its sessions in the time that is measured.
    session: Option<Session>,
    /// The other end: it registers, or it subscribes.
    events: Option<Subscription>,
    _callee: Option<Session>,
    uri: String,
    payload: Payload,
}

impl Worker {
    async fn start(
        what: What,
        load: &Load,
        request: &Connect<'static>,
        number: u32,
    ) -> Outcome<Self> {
        let argument = Value::Bytes(vec![0x5a; load.size as usize].into());
        let mut worker = Worker {
            what,
            session: None,
            events: None,
            _callee: None,
            // Several programs may measure at the same router.
            uri: format!("com.wampwerk.bench.p{}.n{number}", std::process::id()),
            payload: Payload::from_values(vec![argument], Dict::new()),
            request: request.clone(),
        };
        if let What::Connects = what {
            return Ok(worker);
        }
        worker.session = Some(worker.request.clone().await?);
        let other = worker.request.clone().await?;
        match what {
            What::Events => worker.events = Some(other.subscribe(worker.uri.as_str()).await?),
            _ => drop(
                other.register(worker.uri.as_str(), |payload: Payload| async { payload }).await?,
            ),
        }
        worker._callee = Some(other);
        Ok(worker)
    }

    async fn work(mut self, end: Instant, shared: Arc<Shared>) -> Outcome<Measured> {
        let mut measured = Measured::new()?;
        while Instant::now() < end && !shared.stop.load(Ordering::Relaxed) {
            let start = Instant::now();
            let late =
                |_| Err(Failure::new(Kind::Timeout, format_args!("none within {LONGEST:?}")));
            match tokio::time::timeout(LONGEST, self.operation()).await.unwrap_or_else(late) {
                Ok(()) => {
                    let time = u64::try_from(start.elapsed().as_micros()).unwrap_or(LARGEST);
                    measured.times.saturating_record(time.clamp(1, LARGEST));
                }
                // Without a session nothing more can be measured.
                Err(failure) if failure.kind == Kind::Lost => return Err(failure),
                Err(failure) => {
                    measured.failures += 1;
                    measured.failure.get_or_insert(failure);
                }
            }
            shared.done.fetch_add(1, Ordering::Relaxed);
        }
        for session in [self.session, self._callee].into_iter().flatten() {
            session.leave().await;
        }
        Ok(measured)
    }

    async fn operation(&mut self) -> Outcome {
        let payload = self.payload.clone();
        match (self.what, &self.session, &mut self.events) {
            (What::Calls, Some(session), _) => {
                session.call(self.uri.as_str()).payload(payload).await?;
            }
            (What::Events, Some(session), Some(events)) => {
                session.publish(self.uri.as_str()).payload(payload).await?;
                if events.next().await.is_none() {
                    return Err(Failure::new(Kind::Lost, "the subscription has ended"));
                }
            }
            _ => {
                self.request.clone().await?.leave().await;
            }
        }
        Ok(())
    }
}

impl Measured {
    fn new() -> Outcome<Self> {
        let times = Histogram::new_with_bounds(1, LARGEST, 3).map_err(Failure::other)?;
        Ok(Measured { times, failures: 0, failure: None })
    }
}

/// On terminals only.
fn progress_bar(load: &Load) -> ProgressBar {
    let length = u64::try_from(load.duration.as_millis()).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}% {msg}");
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}

fn report(
    what: What,
    load: &Load,
    measured: &Measured,
    elapsed: Duration,
    output: Output,
) -> Outcome {
    let times = &measured.times;
    let name = match what {
        What::Calls => "calls",
        What::Events => "events",
        What::Connects => "connects",
    };
    let milliseconds = |microseconds: u64| microseconds as f64 / 1000.0;
    let rate = (times.len() as f64 / elapsed.as_secs_f64() * 10.0).round() / 10.0;
    let mut record = Dict::new()
        .with("kind", name)
        .with("concurrency", load.concurrency)
        .with("size", load.size)
        .with("seconds", (elapsed.as_secs_f64() * 1000.0).round() / 1000.0)
        .with("count", times.len())
        .with("failures", measured.failures)
        .with("per_second", rate);
    for (key, quantile) in [("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99), ("p99_9_ms", 0.999)]
    {
        record.insert(key, milliseconds(times.value_at_quantile(quantile)));
    }
    record.insert("max_ms", milliseconds(times.max()));
    if output.format == Format::Text {
        print_histogram(times)?;
        let heads: Vec<&str> = record.iter().map(|(key, _)| key).collect();
        return output.table(&heads, std::slice::from_ref(&record));
    }
    output.line("", &record)
}

/// A bar for each doubling of the time.
fn print_histogram(times: &Histogram<u64>) -> Outcome {
    const WIDTH: u64 = 40;
    let steps: Vec<(u64, u64)> = times
        .iter_log(1, 2.0)
        .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
        .collect();
    let largest = steps.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let first = steps.iter().position(|(_, count)| *count > 0).unwrap_or(0);
    for (until, count) in &steps[first..] {
        let bar = "█".repeat(usize::try_from(count * WIDTH / largest).unwrap_or(0));
        print(format!("{:>11.3} ms {count:>9} {bar}", *until as f64 / 1000.0).trim_end())?;
    }
    Ok(())
}
