//! Implements the loop of attempts and the delays between them.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;

use crate::component::Shared;
use crate::component::attempt::{Attempt, Outcome, failed, handler_failed, run_last_listeners};
use crate::component::callback::{Callback, call};
use crate::component::error::{AttemptError, ComponentError};
use crate::component::listeners::Listener;
use crate::component::retry_notice::{RetryDecision, RetryNotice};
use crate::component::state::ComponentState;
use crate::component::stop::Stop;
use crate::core::retry::{Next, Rotation};
use crate::error::{ApplicationError, Cause};
use crate::rt::future::{Race, all, race};
use crate::rt::guard::{catch, caught};
use crate::rt::span::in_span;
use crate::rt::{self, BoxFuture, Sleep};
use crate::session::SessionConfig;

/// The state that a run shares with its handles.
pub(super) struct Signals {
    pub(super) stop: Stop,
    /// Set at the end, before the end is visible to handles.
    pub(super) over: Arc<AtomicBool>,
}

/// The end of the previous run.
type Previous = watch::Receiver<Option<Result<(), ComponentError>>>;

/// Runs the component from start to end.
pub(super) async fn run(
    shared: Arc<Shared>,
    signals: Signals,
    previous: Option<Previous>,
) -> Result<(), ComponentError> {
    if let Some(mut previous) = previous {
        drop(previous.wait_for(Option::is_some).await);
    }
    let Signals { stop, over } = signals;
    let _ended = EndGuard { shared: &shared, over };
    let end = Run { shared: &shared, stop }.run().await;
    match &end {
        Ok(()) => tracing::debug!("the component is done"),
        // No other code logs this error.
        Err(error) => tracing::error!(%error, "a component failed"),
    }
    end
}

/// Reports the end of a run in every case, also when its runtime is shut down.
struct EndGuard<'a> {
    shared: &'a Shared,
    over: Arc<AtomicBool>,
}

impl Drop for EndGuard<'_> {
    fn drop(&mut self) {
        *self.shared.session.lock() = None;
        self.over.store(true, Ordering::Release);
        self.shared.state.send_replace(ComponentState::Done);
    }
}

struct Run<'a> {
    shared: &'a Shared,
    stop: Stop,
}

impl Run<'_> {
    async fn run(&self) -> Result<(), ComponentError> {
        let settings = &self.shared.settings;
        let policy = |place: usize| {
            let own = settings.transports.get(place).and_then(|entry| entry.policy.as_ref());
            own.unwrap_or(&settings.retry)
        };
        let policies = (0..settings.transports.len()).map(|place| policy(place).clone());
        let mut rotation = Rotation::new(policies, settings.seed);
        if self.stop.is_set() {
            return Ok(());
        }
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::Start(callback) => Some(callback.clone()),
            _ => None,
        });
        let started = self.shared.fire("on_start", listeners, (), &settings.session);
        self.stop.bound(started).await;
        let mut plan = rotation.next();
        while let Next::Connect { transport, .. } = plan {
            let Some(entry) = settings.transports.get(transport) else { break };
            if self.stop.is_set() {
                return Ok(());
            }
            let attempt = Attempt { shared: self.shared, stop: &self.stop, entry };
            // A panic of user code that is not caught elsewhere ends the attempt, not the run.
            let span = || tracing::error_span!("attempt", transport = entry.name);
            let fate = caught(in_span(attempt.run(), span)).await;
            *self.shared.session.lock() = None;
            let fate =
                fate.unwrap_or_else(|panic| failed(handler_failed("the attempt", panic.into())));
            let (error, joined, left) = match fate {
                Outcome::Done => return Ok(()),
                Outcome::Failed { error, joined, left } => (error, joined, left),
            };
            // From here on `retry_now` has an effect.
            let retry = self.shared.retry_now.subscribe();
            if joined {
                rotation.joined(transport);
            }
            rotation.failed(transport);
            let fatal = left || self.is_fatal(&error);
            if fatal {
                rotation.give_up(transport);
            }
            let ends = fatal && (left || !error.is_of_transport());
            plan = if ends { Next::Exhausted } else { rotation.next() };
            let delay = self.failed(&error, &entry.name, &plan, rotation.failures()).await;
            let (last, attempts) = (error, rotation.failures());
            match (delay, &plan) {
                _ if self.stop.is_set() => return Ok(()),
                (_, Next::Exhausted) if ends => return Err(ComponentError::Fatal(last)),
                (_, Next::Exhausted) => return Err(ComponentError::Exhausted { last, attempts }),
                (None, _) => return Err(ComponentError::Vetoed { last, attempts }),
                (Some(delay), _) => self.wait(delay, retry).await,
            }
        }
        Ok(())
    }

    /// Reports a failed attempt and asks for a decision: the delay, or no further attempt.
    async fn failed(
        &self,
        error: &AttemptError,
        transport: &str,
        plan: &Next,
        failures: u32,
    ) -> Option<Duration> {
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::ConnectFailure(callback) => Some(callback.clone()),
            _ => None,
        });
        let config = &self.shared.settings.session;
        let told = self.shared.fire("on_connect_failure", listeners, error.clone(), config);
        run_last_listeners("on_connect_failure", told, config).await;
        let mut notice = RetryNotice {
            transport: transport.to_owned(),
            failed_transport: transport.to_owned(),
            attempt: 0,
            failures,
            delay: Duration::ZERO,
            error: error.clone(),
            will_retry: false,
        };
        if let Next::Connect { transport, attempt, delay } = *plan {
            let entries = &self.shared.settings.transports;
            let name = entries.get(transport).map(|entry| entry.name.clone());
            notice.transport = name.unwrap_or_default();
            (notice.attempt, notice.delay, notice.will_retry) = (attempt, delay, true);
        }
        let decision = self.decide(&notice).await;
        if !notice.will_retry {
            // The end is logged elsewhere.
            return None;
        }
        let delay = match decision {
            RetryDecision::Retry => notice.delay,
            RetryDecision::After(delay) => delay,
            RetryDecision::Stop => return None,
        };
        tracing::warn!(transport, %error, ?delay, next = notice.transport, "an attempt failed");
        Some(delay)
    }

    /// Skips the question when the component was told to stop.
    async fn decide(&self, notice: &RetryNotice) -> RetryDecision {
        let hooks = self.shared.listeners(|listener| match listener {
            Listener::Retry(hook) => Some(hook.clone()),
            _ => None,
        });
        let mut decision = RetryDecision::Retry;
        for hook in hooks {
            let decided = race(self.stop.wait(), call(&hook, notice.clone()));
            let Race::Second(decided) = decided.await else { return decision };
            match decided {
                Ok(RetryDecision::Retry) => {}
                Ok(RetryDecision::Stop) => return RetryDecision::Stop,
                Ok(after) => decision = after,
                Err(error) => {
                    let config = &self.shared.settings.session;
                    config.tell_user_error(&"on_retry".into(), error.to_application());
                }
            }
        }
        decision
    }

    fn is_fatal(&self, error: &AttemptError) -> bool {
        let Some(hook) = &self.shared.settings.is_fatal else {
            return error.is_fatal_by_default();
        };
        catch(|| hook.is_fatal(error)).unwrap_or_else(|panic| {
            let config = &self.shared.settings.session;
            config.tell_user_error(&"is_fatal".into(), ApplicationError::runtime(panic));
            error.is_fatal_by_default()
        })
    }

    /// Waits for the next attempt. `retry_now`, the browser's online event and a stop end the delay
    /// early. While the browser is offline, the wait continues.
    async fn wait(&self, delay: Duration, mut retry: watch::Receiver<u64>) {
        self.shared.state.send_replace(ComponentState::Waiting { delay });
        let asked = async {
            // The sender lives as long as the component.
            if retry.changed().await.is_err() {
                pending::<()>().await;
            }
        };
        let mut woken = pin!(race(self.stop.wait(), asked));
        let pause = race(pause_for(delay), rt::wait_online());
        if let Race::First(_) = race(woken.as_mut(), pause).await {
            return;
        }
        if !rt::online() {
            self.shared.state.send_replace(ComponentState::Offline);
            let _ = race(woken, rt::wait_online()).await;
        }
    }
}

impl Shared {
    /// Calls listeners concurrently, waits for all, and reports errors.
    pub(super) async fn fire<A: Clone + 'static>(
        &self,
        name: &'static str,
        listeners: Vec<Callback<A, ()>>,
        argument: A,
        config: &SessionConfig,
    ) -> Vec<Cause> {
        let calls: Vec<BoxFuture<'_, _>> = listeners
            .iter()
            .map(|listener| -> BoxFuture<'_, _> { Box::pin(call(listener, argument.clone())) })
            .collect();
        drop(argument);
        let errors: Vec<_> = all(calls).await.into_iter().filter_map(Result::err).collect();
        for error in &errors {
            config.tell_user_error(&name.into(), error.to_application());
        }
        errors
    }

    /// Returns the current listeners of one kind.
    pub(super) fn listeners<T>(&self, kind: impl FnMut(&Listener) -> Option<T>) -> Vec<T> {
        self.listeners.lock().of(kind)
    }
}

/// Waits for a delay, and yields to other tasks even if the delay is zero.
async fn pause_for(delay: Duration) {
    let mut yielded = false;
    poll_fn(|cx| match std::mem::replace(&mut yielded, true) {
        true => Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
    Sleep::new(delay).await;
}
