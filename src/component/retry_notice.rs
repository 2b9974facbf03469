//! Contains [`RetryNotice`], the report of a failed attempt, and the possible decisions.

use std::time::Duration;

use crate::component::error::AttemptError;

/// The report of a failed attempt or a lost session.
#[doc(alias("retry_count", "retry_delay", "will_retry"))]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryNotice {
    /// Name of the transport that is tried next, or of the failed one if no attempt follows.
    pub transport: String,
    /// Name of the transport that failed or whose session was lost.
    pub failed_transport: String,
    /// Number of the next attempt over that transport since the start or the last join; the first
    /// is 1.
    pub attempt: u32,
    /// Number of failed attempts over all transports since the start or the last join.
    pub failures: u32,
    /// Delay before the next attempt.
    pub delay: Duration,
    /// Error of the attempt.
    pub error: AttemptError,
    /// True if another attempt follows. If false, the decision has no effect.
    pub will_retry: bool,
}

/// The decision about a [`RetryNotice`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryDecision {
    /// Makes the next attempt as planned.
    #[default]
    Retry,
    /// Makes the next attempt after this delay.
    After(Duration),
    /// Makes no further attempt. The component ends with
    /// [`ComponentError::Vetoed`](super::ComponentError::Vetoed).
    Stop,
}
