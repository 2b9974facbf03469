//! `RetryNotice`: what a component says before it tries again, and what may be answered.

use std::time::Duration;

use crate::component::error::AttemptError;

/// An attempt failed, or a session was lost.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryNotice {
    /// The name of the transport that is tried next; if there is none, of the one that failed.
    pub transport: String,
    /// The name of the transport that failed, or whose session was lost.
    pub failed_transport: String,
    /// Which attempt over that transport comes next, from 1 on: since the start or the last join.
    pub attempt: u32,
    /// How many attempts have failed since the start or the last join, over all transports.
    pub failures: u32,
    /// How long it is going to wait before.
    pub delay: Duration,
    /// What went wrong.
    pub error: AttemptError,
    /// Whether there will be another attempt. If not, the decision does not matter.
    pub will_retry: bool,
}

/// What is to be done after a [`RetryNotice`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryDecision {
    /// As it was going to be.
    #[default]
    Retry,
    /// Another attempt, after this delay.
    After(Duration),
    /// No other attempt: the component ends with
    /// [`ComponentError::Vetoed`](super::ComponentError::Vetoed).
    Stop,
}
