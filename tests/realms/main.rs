//! Two realms do not wait for each other: on two cores they do the work of two.
//!
//! `cargo test --test realms -- --help` tells what can be asked for; `make load` runs it in release and for longer. A
//! program of its own, as counting the heap, which tests/load does, makes all threads wait for each other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wampwerk::{Router, Session};

type Error = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
usage: realms [--seconds S] [--strict] [FILTER]
  --seconds S    how long it is measured; default 1
  --strict       checks how much two realms do on two cores
  FILTER         as `cargo test` gives it: does nothing unless \"realms\" contains it";

const REALMS: [&str; 2] = ["realm1", "realm2"];

/// Pairs of a caller and a callee in each realm, and calls of a caller at the same time.
const PAIRS: usize = 8;
const CALLS: usize = 4;

/// Each rate is the best of so many.
const ROUNDS: usize = 5;

/// Two realms do at least so many times the calls of one.
const LEAST: f64 = 1.7;

fn main() -> ExitCode {
    let (mut time, mut strict) = (Duration::from_secs(1), false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => match words.next().and_then(|value| value.parse().ok()) {
                Some(seconds) => time = Duration::from_secs(seconds),
                None => return misused("--seconds wants a number"),
            },
            "--strict" => strict = true,
            "--help" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            "--list" => {
                println!("realms: test");
                return ExitCode::SUCCESS;
            }
            // What `cargo test` gives to every test; there is nothing to be done about it here.
            "--nocapture" | "--include-ignored" | "--quiet" | "--exact" => {}
            "--test-threads" | "--skip" | "--format" | "--color" => drop(words.next()),
            word if word.starts_with("--") => return misused(&format!("what is {word}?")),
            filter if !"realms".contains(filter) => {
                println!("realms: left out, as another test was named");
                return ExitCode::SUCCESS;
            }
            _ => {}
        }
    }
    run(time, strict);
    ExitCode::SUCCESS
}

fn misused(why: &str) -> ExitCode {
    eprintln!("{why}\n{USAGE}");
    ExitCode::from(2)
}

/// What a realm did in a time.
struct Done {
    calls: u64,
    time: Duration,
    /// Part of this time in which its thread was ready, and other work had the processor.
    preempted: Duration,
}

impl Done {
    fn per_second(&self) -> f64 {
        self.calls as f64 / self.time.as_secs_f64()
    }

    /// The same without the time that others took. Time in which it waited for a lock counts.
    fn per_own_second(&self) -> f64 {
        self.calls as f64 / self.time.saturating_sub(self.preempted).as_secs_f64()
    }
}

/// Measures the calls of one realm and of two in one router. Each realm has a thread, which runs its
/// clients and their connections. With `strict`, two do at least [`LEAST`] times as much.
fn run(time: Duration, strict: bool) {
    let mut router = Router::builder();
    for realm in REALMS {
        router = router.realm(realm);
    }
    let router = router.build().unwrap();
    let time = time / (2 * ROUNDS as u32);
    let (mut alone, mut both) = (Best::default(), Best::default());
    for _ in 0..ROUNDS {
        alone.note(&work(&router, &REALMS[..1], time));
        both.note(&work(&router, &REALMS, time));
    }
    let ratio = both.own / alone.own;
    println!(
        "one realm: {:.0} calls/s; two realms: {:.0} calls/s, {:.2} times; {ratio:.2} times without what other work took",
        alone.all,
        both.all,
        both.all / alone.all
    );
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(
        !strict || cores < 2 || ratio >= LEAST,
        "two realms on {cores} cores: {ratio:.2} times"
    );
}

/// The best rates of all rounds.
#[derive(Default)]
struct Best {
    all: f64,
    own: f64,
}

impl Best {
    fn note(&mut self, done: &[Done]) {
        self.all = self.all.max(done.iter().map(Done::per_second).sum());
        self.own = self.own.max(done.iter().map(Done::per_own_second).sum());
    }
}

/// What these realms did at the same time.
fn work(router: &Router, realms: &[&'static str], time: Duration) -> Vec<Done> {
    let begin = Arc::new(Barrier::new(realms.len()));
    let threads: Vec<_> = realms
        .iter()
        .map(|&realm| {
            let (router, begin) = (router.clone(), Arc::clone(&begin));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(calls(&router, realm, &begin, time))
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
}

/// Time in which this thread was ready, and other work had the processor; zero if the system does not tell.
fn preempted() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').nth(1).and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

async fn calls(
    router: &Router,
    realm: &str,
    begin: &Barrier,
    time: Duration,
) -> Result<Done, Error> {
    let mut sessions = Vec::new();
    for pair in 0..PAIRS {
        let callee = router.connect(realm).await?;
        callee
            .register(format!("com.example.add{pair}"), |a: i64, b: i64| async move { a + b })
            .await?;
        sessions.push((callee, router.connect(realm).await?));
    }
    begin.wait();
    let stop = Arc::new(AtomicBool::new(false));
    let (began, preempted_before) = (Instant::now(), preempted());
    let mut callers = JoinSet::new();
    for (pair, (_, caller)) in sessions.iter().enumerate() {
        for _ in 0..CALLS {
            callers.spawn(call(
                caller.clone(),
                format!("com.example.add{pair}"),
                Arc::clone(&stop),
            ));
        }
    }
    tokio::time::sleep(time).await;
    stop.store(true, Relaxed);
    let mut count = 0;
    while let Some(done) = callers.join_next().await {
        count += done??;
    }
    let (time, preempted) = (began.elapsed(), preempted().saturating_sub(preempted_before));
    for (callee, caller) in sessions {
        callee.leave().await;
        caller.leave().await;
    }
    Ok(Done { calls: count, time, preempted })
}

async fn call(session: Session, procedure: String, stop: Arc<AtomicBool>) -> Result<u64, Error> {
    let mut count = 0;
    while !stop.load(Relaxed) {
        let sum: i64 = session.call(procedure.as_str()).args((count as i64, 1)).value().await?;
        assert_eq!(sum, count as i64 + 1);
        count += 1;
    }
    Ok(count)
}
