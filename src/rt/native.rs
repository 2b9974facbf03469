//! Implements the native runtime with tokio.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

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

/// Wakes the task of `cx` after the other tasks that are ready.
pub fn wake_later(cx: &Context<'_>) {
    cx.waker().wake_by_ref();
}

/// Runs a long computation on a blocking thread. Once started it runs to its end, even if the
/// result is no longer needed.
///
/// # Errors
/// Returns an error if it panics, or if the runtime ends.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn work<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| match error.is_panic() {
        true => "the computation panicked".to_owned(),
        false => "the runtime has ended".to_owned(),
    })
}

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

/// Installs a [`tracing`] subscriber that writes to standard error, unless the program has one.
/// Does nothing without the Cargo feature `log`.
pub(crate) fn log_to_stderr(level: tracing::Level) {
    #[cfg(feature = "log")]
    {
        let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
        // An error means that there is one.
        let _ = lines.try_init();
    }
    #[cfg(not(feature = "log"))]
    let _ = level;
}
