//! `run`: several components at once, until all are done or the process is told to end.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::component::error::ComponentError;
use crate::component::logging::LogLevel;
use crate::component::{Component, Running};
use crate::rt::{BoxFuture, ShutdownSignals, Sleep};
use crate::uri::Uri;

/// The router has 3 s to answer a GOODBYE and 2 s to close by default, and there is other work.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs components, all at once, until all of them are done. Autobahn's `component.run`.
///
/// `components` is one [`Component`] or several. One that fails does not stop the others; what it
/// failed with is logged as with any component, and told in the end.
///
/// At SIGINT (Ctrl-C) or SIGTERM all components are stopped: they leave their realms with GOODBYE.
/// When they have, that is success. They have 10 s for it (see [`Run::stop_timeout`]); a second
/// signal does not wait for them. Others that listen for these signals (by tokio or by `signal-hook`,
/// in whatever order) hear them as well. A program that handles them itself says
/// [`Run::signals`]`(false)`, and stops components by [`Component::stop`]. In the browser there are no
/// signals.
///
/// From the beginning of the first run on, tokio handles these signals until the process ends, so by
/// themselves they do not end it any more. When nothing runs any more, `run` stands in: after a run
/// that was ended by a signal, the next one ends the process at once, with the status 128 + its
/// number, whatever it still does or waits for. After a run that ended by itself, the first signal is
/// left to others that listen, and the second one ends the process so.
///
/// # Errors
/// [`RunError`], with each component that failed, or if there is none to run; so a `main` that returns it exits with a status
/// other than 0.
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
pub fn run(components: impl IntoComponents, log_level: LogLevel) -> Run {
    Run {
        components: components.into_components(),
        log_level,
        signals: true,
        stop_timeout: STOP_TIMEOUT,
    }
}

/// What can be run: one component, or several.
pub trait IntoComponents {
    /// All of them.
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

/// Components that are going to run; `await` it to run them, or spawn it as
/// `tokio::spawn(run(components, level).into_future())`. See [`run`].
///
/// When the future is dropped, its components stop, unless there are other handles of them.
#[must_use = "nothing runs until it is awaited"]
#[derive(Debug)]
pub struct Run {
    components: Vec<Component>,
    log_level: LogLevel,
    signals: bool,
    stop_timeout: Duration,
}

impl Run {
    /// Whether to stop at SIGINT and SIGTERM. Default: yes.
    pub fn signals(mut self, signals: bool) -> Self {
        self.signals = signals;
        self
    }

    /// How long the components may take to stop after a signal. Default: 10 s.
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
                return Err(RunError { empty: true, failed: Vec::new(), unfinished: Vec::new() });
            }
            let signals = if self.signals { listen() } else { None };
            let running = self.components.iter().map(|one| Some(one.start())).collect();
            let stop_timeout = self.stop_timeout;
            let error = RunError { empty: false, failed: Vec::new(), unfinished: Vec::new() };
            All { running, signals, stop_timeout, patience: None, error }.await
        })
    }
}

fn listen() -> Option<ShutdownSignals> {
    ShutdownSignals::new()
        .inspect_err(|error| tracing::warn!(%error, "no signal can be heard"))
        .ok()
}

/// The components at work.
struct All {
    /// Nothing where one is done.
    running: Vec<Option<Running>>,
    signals: Option<ShutdownSignals>,
    stop_timeout: Duration,
    /// Since the first signal.
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
                let realm = running.component().realm().clone();
                all.error.failed.push(FailedComponent { index, realm, error });
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
                tracing::warn!(signal, "a second signal, so nobody is waited for");
                return Poll::Ready(all.end());
            }
            tracing::info!(signal, "stopping");
            all.patience = Some(Sleep::new(all.stop_timeout));
            for running in all.running.iter().flatten() {
                // It stops without being waited for; its end comes by `running`.
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
        let unfinished = self.running.iter().enumerate();
        self.error.unfinished =
            unfinished.filter_map(|(index, slot)| slot.as_ref().map(|_| index)).collect();
        if self.error.failed.is_empty() && self.error.unfinished.is_empty() {
            return Ok(());
        }
        Err(self.error.clone())
    }
}

/// Components failed, or did not stop in time, or there were none. Its `Debug` is its text, too, as a `main` that returns
/// it shows that.
#[derive(Clone)]
#[non_exhaustive]
pub struct RunError {
    /// There was no component to run.
    pub empty: bool,
    /// Those that failed, in the order in which they did.
    pub failed: Vec<FailedComponent>,
    /// Those that had not stopped in time after a signal, by their places among the components.
    pub unfinished: Vec<usize>,
}

/// A component that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedComponent {
    /// Its place among the components, from 0 on.
    pub index: usize,
    /// Its realm.
    pub realm: Uri,
    /// What it failed with.
    pub error: ComponentError,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.empty {
            return f.write_str("no component to run");
        }
        let mut separator = "";
        for FailedComponent { index, realm, error } in &self.failed {
            write!(f, "{separator}component {index} ({realm}) failed: {error}")?;
            separator = "; ";
        }
        for index in &self.unfinished {
            write!(f, "{separator}component {index} did not stop in time")?;
            separator = "; ";
        }
        Ok(())
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for RunError {}
