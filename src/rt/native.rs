//! Implements the native runtime with tokio.

use std::future::Future;
use std::pin::Pin;
use std::sync::{LazyLock, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;
use tracing::Instrument;

/// `Send` natively, no requirement in the browser.
pub trait MaybeSend: Send {}

impl<T: Send + ?Sized> MaybeSend for T {}

/// `Sync` natively, no requirement in the browser.
pub trait MaybeSync: Sync {}

impl<T: Sync + ?Sized> MaybeSync for T {}

/// A boxed future that is `Send`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Returns the monotonic time since the first call in this process.
///
/// It is tokio's clock, so that tests in paused time do not loop between a fired timer and a clock
/// that has not reached it.
pub fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let now = Instant::now();
    // A runtime in paused time may be far ahead of the others in this process; a start in their
    // future would stop their clocks.
    let start = || now.min(Instant::from_std(std::time::Instant::now()));
    now.saturating_duration_since(*START.get_or_init(start))
}

/// Returns the time since the first call in this process, which passes also where tests have paused [`now`].
pub fn real_time() -> Duration {
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Returns the system's clock: time since 1970-01-01 in UTC. It may jump, so use it only for
/// reported times.
pub fn unix_time() -> Duration {
    // A clock before 1970 is not set.
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Spawns a future in the current [`tracing`] span.
///
/// # Panics
/// Outside a tokio runtime.
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(future.in_current_span()));
}

/// As [`spawn`], from a destructor: without a runtime the future is dropped.
pub fn spawn_last(future: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        drop(runtime.spawn(future.in_current_span()));
    }
}

/// Bounds nothing: tokio runs other tasks in between. In the browser it does.
#[derive(Default)]
pub struct Pace {}

impl Pace {
    /// Returns true.
    pub fn allows(&mut self, _cx: &Context<'_>) -> bool {
        true
    }

    /// Does nothing.
    pub fn count(&mut self) {}
}

/// Wakes the task of `cx` after the other tasks that are ready.
pub fn wake_later(cx: &Context<'_>) {
    cx.waker().wake_by_ref();
}

/// Runs a long computation on a thread of its own. As many run at once as there are processors; the
/// others wait, and are not begun if their future is dropped meanwhile. Once begun, a computation runs
/// to its end, but keeps no runtime from ending.
///
/// # Errors
/// Returns an error if it panics, or if the runtime ends.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn work<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    // The paused clock of tests stands still while a blocking task runs. This one ends with the future.
    let (_alive, held) = std::sync::mpsc::channel::<()>();
    drop(tokio::task::spawn_blocking(move || held.recv().is_err()));
    let permit = PROCESSORS.acquire().await.map_err(|error| error.to_string())?;
    let (sender, result) = oneshot::channel();
    let compute = move || {
        let _permit = permit;
        // The receiver may be gone.
        drop(sender.send(work()));
    };
    let thread = std::thread::Builder::new().name("wampwerk work".to_owned());
    thread.spawn(compute).map_err(|error| format!("no thread for the computation: {error}"))?;
    result.await.map_err(|_| "the computation panicked".to_owned())
}

/// Computations that may run at once. Each may take hundreds of megabytes.
static PROCESSORS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));

/// Returns whether there is a network. Natively always true, because the system does not report it.
pub fn online() -> bool {
    true
}

/// Waits until there is a network; natively never, because the system does not report it.
pub async fn wait_online() {
    std::future::pending().await
}

/// A timer.
#[derive(Debug)]
pub struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Sleep {
    /// Creates a timer that fires after `duration`.
    pub fn new(duration: Duration) -> Self {
        Sleep(Box::pin(tokio::time::sleep(duration)))
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// Installs a [`tracing`] subscriber that writes to standard error, unless the program has one. Lines
/// below [`INFO`](tracing::Level::INFO) are those of this crate only: other crates log what they read
/// and write, secrets included. Does nothing without the Cargo feature `log`.
pub(crate) fn log_to_stderr(level: tracing::Level) {
    #[cfg(feature = "log")]
    {
        use std::io::IsTerminal;
        use tracing_subscriber::filter::Targets;
        use tracing_subscriber::layer::{Layer, SubscriberExt};
        use tracing_subscriber::util::SubscriberInitExt;

        let targets = Targets::new()
            .with_default(level.min(tracing::Level::INFO))
            .with_target(env!("CARGO_PKG_NAME"), level);
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        // A program may have switched colors on in the shared dependency. Files show none.
        let lines = if std::io::stderr().is_terminal() { lines } else { lines.with_ansi(false) };
        // An error means that there is one.
        let _ = tracing_subscriber::registry().with(lines.with_filter(targets)).try_init();
    }
    #[cfg(not(feature = "log"))]
    let _ = level;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;

    #[test]
    fn row11_a_computation_that_nobody_waits_for_keeps_no_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        runtime.block_on(async {
            let mut computation = Box::pin(work(move || {
                begun.send(()).unwrap();
                waits.recv().is_ok()
            }));
            let once = std::future::poll_fn(|cx| {
                assert!(computation.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            });
            once.await;
            has_begun.recv().unwrap();
        });
        // With a blocking task of tokio it would wait here for ever.
        drop(runtime);
        go_on.send(()).unwrap();
    }

    #[test]
    fn row11_results_and_panics_of_computations_are_told() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(work(|| 7)), Ok(7));
        let panicked = runtime.block_on(work(|| std::panic::resume_unwind(Box::new("so"))));
        assert_eq!(panicked, Err::<(), _>("the computation panicked".to_owned()));
    }
}
