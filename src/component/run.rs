//! Implements [`run`], which runs several components until all are done or a signal stops the
//! process.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::component::error::ComponentError;
use crate::component::logging::LogLevel;
use crate::component::{Component, Running};
use crate::error::debug_as_text;
use crate::rt::{BoxFuture, ShutdownSignals, Sleep};
use crate::uri::Uri;

/// By default the router has 3 s to answer a GOODBYE and 2 s to close; the rest is a margin.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs components concurrently until all of them are done. Equivalent of Autobahn's
/// `component.run`.
///
/// `components` is one [`Component`] or several. A failed component does not stop the others. Its
/// error is logged, and returned at the end.
///
/// SIGINT (Ctrl-C) and SIGTERM stop all components: they leave their realms with GOODBYE, and the
/// run ends with success. They have 10 s for this (see [`Run::stop_timeout`]); a second signal ends
/// the run immediately. Other listeners for these signals (by tokio or `signal-hook`) receive them
/// as well. A program that handles signals itself sets [`Run::signals`]`(false)` and stops
/// components with [`Component::stop`]. There are no signals in the browser.
///
/// # Signals after a run
/// From the start of the first run, tokio handles these signals until the process ends, so they no
/// longer end the process by default. While nothing runs, `run` replaces the default. After a run
/// that a signal ended, the next signal ends the process at once with status 128 plus its number.
/// After a run that ended by itself, the first signal is left to other listeners, and the second
/// one ends the process in this way.
///
/// # Errors
/// Returns [`RunError`] with each component that failed or did not stop in time, or if there are no
/// components. A `main`
/// that returns it exits with a status other than 0.
///
/// ```no_run
/// use wampwerk::component::{Component, LogLevel, RunError, run};
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let backend = Component::new("ws://127.0.0.1:8080/ws", "realm1")?;
///     backend.register("com.example.add", |a: i64, b: i64| async move { a + b });
///
///     let frontend = Component::builder()
///         .transports("ws://127.0.0.1:8080/ws")
///         .main(|session| async move {
///             let sum: i64 = session.call("com.example.add").args((2, 3)).value().await?;
///             println!("{sum}");
///             Ok::<_, wampwerk::Error>(())
///         })
///         .build()?;
///
///     run([backend, frontend], LogLevel::Info).await?;
///     Ok(())
/// }
/// ```
#[doc(alias = "react")]
pub fn run(components: impl IntoComponents, log_level: LogLevel) -> Run {
    Run {
        components: components.into_components(),
        log_level,
        signals: true,
        stop_timeout: STOP_TIMEOUT,
    }
}

/// One component, or several.
pub trait IntoComponents {
    /// Returns all components.
    fn into_components(self) -> Vec<Component>;
}

impl IntoComponents for Component {
    fn into_components(self) -> Vec<Component> {
        vec![self]
    }
}

impl IntoComponents for &Component {
    fn into_components(self) -> Vec<Component> {
        vec![self.clone()]
    }
}

impl IntoComponents for Vec<Component> {
    fn into_components(self) -> Vec<Component> {
        self
    }
}

impl IntoComponents for &[Component] {
    fn into_components(self) -> Vec<Component> {
        self.to_vec()
    }
}

impl<const N: usize> IntoComponents for [Component; N] {
    fn into_components(self) -> Vec<Component> {
        self.into()
    }
}

/// A builder for a run. Await it to run the components, or spawn it with
/// `tokio::spawn(run(components, level).into_future())`. See [`run`].
///
/// Dropping the future stops its components, unless there are other handles of them.
#[must_use = "nothing runs until it is awaited"]
#[derive(Debug)]
pub struct Run {
    components: Vec<Component>,
    log_level: LogLevel,
    signals: bool,
    stop_timeout: Duration,
}

impl Run {
    /// Sets whether SIGINT and SIGTERM stop the run. Default: true.
    pub fn signals(mut self, signals: bool) -> Self {
        self.signals = signals;
        self
    }

    /// Sets the maximum time for the components to stop after a signal. Default: 10 s.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.stop_timeout = timeout;
        self
    }
}

impl IntoFuture for Run {
    type Output = Result<(), RunError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.log_level.install();
            if self.components.is_empty() {
                return Err(RunError::default());
            }
            let signals = if self.signals { listen() } else { None };
            let running = self.components.iter().map(|one| Some(one.start())).collect();
            let stop_timeout = self.stop_timeout;
            let realms = self.components.iter().map(|one| one.realm().clone()).collect();
            let error = RunError { failed: Vec::new(), realms };
            All { running, signals, stop_timeout, patience: None, error }.await
        })
    }
}

fn listen() -> Option<ShutdownSignals> {
    ShutdownSignals::new()
        .inspect_err(|error| tracing::warn!(%error, "no signal can be heard"))
        .ok()
}

/// The running components.
struct All {
    /// `None` for a component that is done.
    running: Vec<Option<Running>>,
    signals: Option<ShutdownSignals>,
    stop_timeout: Duration,
    /// Started by the first signal.
    patience: Option<Sleep>,
    error: RunError,
}

impl Future for All {
    type Output = Result<(), RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let all = &mut *self;
        for (index, slot) in all.running.iter_mut().enumerate() {
            let Some(running) = slot else { continue };
            let Poll::Ready(end) = Pin::new(&mut *running).poll(cx) else { continue };
            if let Err(error) = end {
                all.error.failed.push((index, error));
            }
            *slot = None;
        }
        if all.running.iter().all(Option::is_none) {
            return Poll::Ready(all.end());
        }
        while let Some(signals) = &mut all.signals
            && let Poll::Ready(signal) = signals.poll_next(cx)
        {
            if all.patience.is_some() {
                tracing::warn!(signal, "a second signal: ending without waiting");
                return Poll::Ready(all.end());
            }
            tracing::info!(signal, "stopping");
            all.patience = Some(Sleep::new(all.stop_timeout));
            for running in all.running.iter().flatten() {
                // Not awaited; `running` reports the end.
                drop(running.component().stop());
            }
        }
        match &mut all.patience {
            Some(patience) => Pin::new(patience).poll(cx).map(|()| all.end()),
            None => Poll::Pending,
        }
    }
}

impl All {
    fn end(&mut self) -> Result<(), RunError> {
        let unfinished = self.running.iter().enumerate().filter(|(_, slot)| slot.is_some());
        self.error.failed.extend(unfinished.map(|(index, _)| (index, ComponentError::Unfinished)));
        if self.error.failed.is_empty() {
            return Ok(());
        }
        Err(self.error.clone())
    }
}

/// Components failed or did not stop in time, or there were none. `Debug` prints the text of the
/// error, because a `main` that returns it shows `Debug`.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RunError {
    /// Indices of the failed components and their errors, in the order of the failures; the last ones
    /// are those that did not stop in time ([`ComponentError::Unfinished`]). Empty if there were no
    /// components.
    pub failed: Vec<(usize, ComponentError)>,
    /// Realms of all components.
    realms: Vec<Uri>,
}

impl RunError {
    /// Returns the error of a run of one component.
    pub(super) fn into_only(mut self) -> ComponentError {
        self.failed.pop().map_or(ComponentError::Unfinished, |(_, error)| error)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failed.is_empty() {
            return f.write_str("no component to run");
        }
        let mut separator = "";
        for (index, error) in &self.failed {
            write!(f, "{separator}component {index}")?;
            match (error, self.realms.get(*index)) {
                (ComponentError::Unfinished, _) => f.write_str(" did not stop in time")?,
                (_, Some(realm)) => write!(f, " ({realm}) failed: {error}")?,
                (_, None) => write!(f, " failed: {error}")?,
            }
            separator = "; ";
        }
        Ok(())
    }
}

debug_as_text! { RunError }

/// The source is the error of the component that failed first.
impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let (_, first) = self.failed.first()?;
        Some(first)
    }
}
