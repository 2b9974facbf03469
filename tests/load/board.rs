//! What all sessions count on.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Shared by all tasks of the clients.
#[derive(Default)]
pub(crate) struct Board {
    /// Of each session: calls that came back.
    calls: Vec<AtomicU64>,
    pub(crate) published: AtomicU64,
    pub(crate) events: AtomicU64,
    times: Mutex<Vec<Duration>>,
    stop: AtomicBool,
}

/// What happened between two looks.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    pub(crate) time: Duration,
    /// Of each session.
    pub(crate) calls: Vec<u64>,
    pub(crate) events: u64,
    /// Sorted.
    pub(crate) times: Vec<Duration>,
}

/// A beginning.
pub(crate) struct Mark {
    calls: Vec<u64>,
    events: u64,
    since: std::time::Instant,
}

impl Board {
    pub(crate) fn new(sessions: usize) -> Self {
        Board { calls: (0..sessions).map(|_| AtomicU64::new(0)).collect(), ..Board::default() }
    }

    pub(crate) fn called(&self, session: usize, time: Duration) {
        self.calls[session].fetch_add(1, Relaxed);
        self.times.lock().unwrap().push(time);
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub(crate) fn mark(&self) -> Mark {
        self.times.lock().unwrap().clear();
        Mark {
            calls: self.calls(),
            events: self.events.load(Relaxed),
            since: std::time::Instant::now(),
        }
    }

    pub(crate) fn since(&self, mark: &Mark) -> Rates {
        let mut times = std::mem::take(&mut *self.times.lock().unwrap());
        times.sort_unstable();
        let calls = self.calls().iter().zip(&mark.calls).map(|(now, then)| now - then).collect();
        let events = self.events.load(Relaxed) - mark.events;
        Rates { time: mark.since.elapsed(), calls, events, times }
    }

    /// Calls of the session in the middle.
    pub(crate) fn median_since(&self, mark: &Mark) -> u64 {
        let mut calls: Vec<_> =
            self.calls().iter().zip(&mark.calls).map(|(now, then)| now - then).collect();
        calls.sort_unstable();
        calls[calls.len() / 2]
    }

    fn calls(&self) -> Vec<u64> {
        self.calls.iter().map(|calls| calls.load(Relaxed)).collect()
    }
}

impl Rates {
    pub(crate) fn calls_per_second(&self) -> f64 {
        self.calls.iter().sum::<u64>() as f64 / self.time.as_secs_f64()
    }

    /// Least, middle and most calls of a session.
    pub(crate) fn spread(&self) -> [u64; 3] {
        let mut calls = self.calls.clone();
        calls.sort_unstable();
        [calls[0], calls[calls.len() / 2], calls[calls.len() - 1]]
    }

    /// A part of all calls took no longer.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        let place = (self.times.len() as f64 * part) as usize;
        self.times.get(place).or(self.times.last()).copied().unwrap_or_default()
    }

    pub(crate) fn line(&self) -> String {
        let [least, middle, most] = self.spread();
        let ms = |part| self.quantile(part).as_secs_f64() * 1e3;
        format!(
            "{:.0} calls/s and {:.0} events/s; calls of a session: least {least}, median {middle}, \
             most {most}; a call takes {:.1} ms (median), {:.1} ms (99 %), {:.1} ms (longest)",
            self.calls_per_second(),
            self.events as f64 / self.time.as_secs_f64(),
            ms(0.5),
            ms(0.99),
            ms(1.0),
        )
    }
}
