//! The schedule of attempts over several transports. Pure: time is an argument, randomness a seed.
//!
//! Contains the round robin over transports, their counters and the back-off. The user of this
//! module decides which errors are worth another attempt.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::ids::RandomIds;
use crate::error::ConfigError;

/// Maximum deviation of a delay, in standard deviations.
const MAX_DEVIATION: f64 = 3.0;

/// Minimum of a delay with jitter, as a part of the delay without.
const LEAST_PART: f64 = 0.1;

/// Maximum of a configured delay.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Default of [`RetryPolicy::initial_delay`] in Autobahn's `ApplicationRunner`.
pub(crate) const RUNNER_DELAY: Duration = Duration::from_secs(1);

/// Range of [`RetryPolicy::growth`].
pub(crate) const GROWTH: (f64, f64) = (1.0, 1000.0);

/// Range of [`RetryPolicy::jitter`].
pub(crate) const JITTER: (f64, f64) = (0.0, 1.0);

/// Number and delays of the retries over one transport.
///
/// The first attempt over each transport since the start has no delay. The `n`th retry waits
/// `initial_delay * growth^(n - 1)`, at most `max_delay`, spread by `jitter`; `n` counts the failed
/// attempts since the start or the last join. These are Autobahn's parameters and documented
/// defaults; Autobahn itself waits `initial_delay * growth` first.
///
/// ```
/// use std::time::Duration;
/// use wampwerk::component::RetryPolicy;
///
/// let policy = RetryPolicy::default().max_retries(5).initial_delay(Duration::from_millis(200));
/// assert_eq!(policy.max_delay, Duration::from_secs(300));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Maximum number of retries after a failed attempt; with `Some(0)` there is one attempt.
    /// Default: `None`, no limit.
    pub max_retries: Option<u32>,
    /// Delay of the first retry, at most a year. Default: 1.5 s.
    #[doc(alias = "initial_retry_delay")]
    pub initial_delay: Duration,
    /// Maximum delay, jitter included, at most a year. Default: 300 s. A delay that jitter would make longer is as
    /// much shorter.
    #[doc(alias = "max_retry_delay")]
    pub max_delay: Duration,
    /// Factor from one delay to the next, 1 to 1000. Default: 1.5.
    #[doc(alias = "retry_delay_growth")]
    pub growth: f64,
    /// Standard deviation of the delay, as a part of it, 0 to 1. Default: 0.1. The distribution is
    /// normal, cut at three standard deviations and at a tenth of the delay.
    #[doc(alias = "retry_delay_jitter")]
    pub jitter: f64,
    /// Time that is added to each delay, in place of `jitter`.
    pub(crate) added: Added,
}

/// A time that is added to each delay. That of [`ApplicationRunner`](crate::component::ApplicationRunner)
/// is evenly distributed up to 1 s, or what a function returns.
#[derive(Clone, Default)]
pub(crate) enum Added {
    #[default]
    Nothing,
    /// Up to this time, evenly distributed.
    UpTo(Duration),
    /// The function returns the time in seconds.
    By(Arc<dyn Fn() -> f64 + Send + Sync>),
}

impl Added {
    /// Returns the time of one delay in seconds.
    fn seconds(&self, random: &mut RandomIds) -> f64 {
        match self {
            Added::Nothing => 0.0,
            Added::UpTo(most) => most.as_secs_f64() * even(random),
            // Of what is no number, `max` returns the other.
            Added::By(function) => function().max(0.0).min(LONGEST.as_secs_f64()),
        }
    }
}

impl fmt::Debug for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Added::Nothing => f.write_str("Nothing"),
            Added::UpTo(most) => f.debug_tuple("UpTo").field(most).finish(),
            Added::By(_) => f.write_str("By(…)"),
        }
    }
}

/// Functions are equal only to themselves.
impl PartialEq for Added {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Added::Nothing, Added::Nothing) => true,
            (Added::UpTo(one), Added::UpTo(other)) => one == other,
            (Added::By(one), Added::By(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_retries: None,
            initial_delay: Duration::from_millis(1500),
            max_delay: Duration::from_secs(300),
            growth: 1.5,
            jitter: 0.1,
            added: Added::Nothing,
        }
    }
}

impl RetryPolicy {
    /// Sets [`max_retries`](Self::max_retries).
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// Sets [`initial_delay`](Self::initial_delay).
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets [`max_delay`](Self::max_delay).
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets [`growth`](Self::growth).
    #[must_use]
    pub fn growth(mut self, growth: f64) -> Self {
        self.growth = growth;
        self
    }

    /// Sets [`jitter`](Self::jitter).
    #[must_use]
    pub fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// Checks the ranges: `growth` from 1 to 1000, `jitter` from 0 to 1, delays up to a year.
    ///
    /// # Errors
    /// If a parameter is out of its range. The path is its key in Autobahn's transport dict, such
    /// as `retry_delay_growth`.
    pub fn check(&self) -> Result<(), ConfigError> {
        let delays =
            [(self.initial_delay, "initial_retry_delay"), (self.max_delay, "max_retry_delay")];
        for (delay, key) in delays {
            if delay > LONGEST {
                return Err(ConfigError::new(key, "it is longer than a year"));
            }
        }
        let numbers = [
            (self.growth, GROWTH, "retry_delay_growth"),
            (self.jitter, JITTER, "retry_delay_jitter"),
        ];
        for (number, (least, most), key) in numbers {
            if !(least..=most).contains(&number) {
                // Whole numbers.
                let text = format!("it must be {} to {}", least as u32, most as u32);
                return Err(ConfigError::new(key, text));
            }
        }
        Ok(())
    }

    /// Delay without jitter of the retry after `failures` failed attempts.
    fn nominal(&self, failures: u32) -> f64 {
        let steps = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let delay = self.initial_delay.as_secs_f64() * self.growth.powi(steps);
        // Zero times infinity is not a number, and `min` would return the other operand.
        if self.initial_delay.is_zero() { 0.0 } else { delay.min(self.max_delay.as_secs_f64()) }
    }

    fn delay(&self, failures: u32, random: &mut RandomIds) -> Duration {
        let nominal = self.nominal(failures);
        let deviation = normal(random).clamp(-MAX_DEVIATION, MAX_DEVIATION) * self.jitter;
        let mut drawn = nominal * (1.0 + deviation) + self.added.seconds(random);
        let most = self.max_delay.as_secs_f64();
        if drawn > most {
            // As far below, or all clients of a router would come back at the same time.
            drawn = most - (drawn - most);
        }
        let drawn = Duration::try_from_secs_f64(drawn.max(nominal * LEAST_PART));
        drawn.map_or(self.max_delay, |drawn| drawn.min(self.max_delay))
    }
}

/// The round robin over the transports of a component.
///
/// It goes on from the next transport, also after a join; no transport is preferred.
#[derive(Debug)]
pub struct Rotation {
    slots: Vec<Slot>,
    /// Index of the next transport.
    turn: usize,
    random: RandomIds,
    failures: u32,
}

#[derive(Debug)]
struct Slot {
    policy: RetryPolicy,
    tried: bool,
    /// Since the start or the last join.
    failures: u32,
    given_up: bool,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is nothing else to do")]
pub enum Next {
    /// Try a transport.
    Connect {
        /// Index of the transport in the list.
        transport: usize,
        /// Number of this attempt over this transport since the start or the last join; the first
        /// is 1.
        attempt: u32,
        /// Delay before the attempt.
        delay: Duration,
    },
    /// No transport has an attempt left.
    Exhausted,
}

impl Rotation {
    /// Creates a rotation over transports with these policies. The same seed and the same outcomes
    /// give the same schedule.
    pub fn new(policies: impl IntoIterator<Item = RetryPolicy>, seed: u64) -> Self {
        let slot = |policy| Slot { policy, tried: false, failures: 0, given_up: false };
        Rotation {
            slots: policies.into_iter().map(slot).collect(),
            turn: 0,
            random: RandomIds::new(seed),
            failures: 0,
        }
    }

    /// Chooses the next transport and its delay.
    #[allow(clippy::should_implement_trait, reason = "it may go on after `Exhausted`")]
    pub fn next(&mut self) -> Next {
        let count = self.slots.len();
        for step in 0..count {
            let transport = (self.turn + step) % count;
            let slot = &mut self.slots[transport];
            if !slot.is_left() {
                continue;
            }
            let delay = match std::mem::replace(&mut slot.tried, true) {
                true => slot.policy.delay(slot.failures, &mut self.random),
                false => Duration::ZERO,
            };
            self.turn = (transport + 1) % count;
            return Next::Connect { transport, attempt: slot.failures.saturating_add(1), delay };
        }
        Next::Exhausted
    }

    /// Notes that an attempt over the transport has failed, or that its session was lost.
    pub fn failed(&mut self, transport: usize) {
        self.failures = self.failures.saturating_add(1);
        if let Some(slot) = self.slots.get_mut(transport) {
            slot.failures = slot.failures.saturating_add(1);
        }
    }

    /// Excludes the transport from further attempts.
    pub fn give_up(&mut self, transport: usize) {
        if let Some(slot) = self.slots.get_mut(transport) {
            slot.given_up = true;
        }
    }

    /// Notes that a session was joined over the transport: counters and delays of all transports
    /// start anew, since the network works. Excluded transports stay excluded.
    pub fn joined(&mut self, transport: usize) {
        self.failures = 0;
        for slot in &mut self.slots {
            slot.failures = 0;
        }
        if let Some(slot) = self.slots.get_mut(transport) {
            slot.tried = true;
        }
    }

    /// Number of failed attempts since the start or the last join, over all transports.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

impl Slot {
    fn is_left(&self) -> bool {
        !self.given_up && self.policy.max_retries.is_none_or(|retries| self.failures <= retries)
    }
}

/// A random number from 0 to 1.
fn even(random: &mut RandomIds) -> f64 {
    random.next() as f64 / (1_u64 << 53) as f64
}

/// A random number with the standard normal distribution (Marsaglia's polar method, 1964, which needs
/// no trigonometry).
fn normal(random: &mut RandomIds) -> f64 {
    const HALF: f64 = (1_u64 << 52) as f64;
    // Four of five points are in the circle.
    for _ in 0..64 {
        let (x, y) = (random.next() as f64 / HALF - 1.0, random.next() as f64 / HALF - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
    0.0
}
