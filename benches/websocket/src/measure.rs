//! Samples, and what is made of them.

use std::collections::HashMap;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::contenders::Contender;
use crate::work::Work;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// One measurement of a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Operations per second.
    pub(crate) rate: f64,
    /// Processor time of client and server in microseconds for each operation.
    pub(crate) micros: f64,
}

/// The samples of each cell, in the order of the rounds.
#[derive(Default)]
pub(crate) struct Results(HashMap<(Work, Contender), Vec<Option<Sample>>>);

impl Results {
    pub(crate) fn add(&mut self, work: Work, contender: Contender, sample: Option<Sample>) {
        self.0.entry((work, contender)).or_default().push(sample);
    }

    /// Median of what `value` takes from the samples of a cell.
    pub(crate) fn median(
        &self,
        work: Work,
        contender: Contender,
        value: fn(&Sample) -> f64,
    ) -> Option<f64> {
        let samples = self.0.get(&(work, contender))?;
        median(samples.iter().flatten().map(value).collect())
    }

    /// Median of the rounds' ratios between two contenders.
    pub(crate) fn ratio(
        &self,
        work: Work,
        ours: Contender,
        other: Contender,
        value: fn(&Sample) -> f64,
    ) -> Option<f64> {
        let (ours, other) = (self.0.get(&(work, ours))?, self.0.get(&(work, other))?);
        let pairs = ours.iter().zip(other);
        median(pairs.filter_map(|(a, b)| Some(value(a.as_ref()?) / value(b.as_ref()?))).collect())
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// Processor time of this process.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
