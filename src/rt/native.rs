//! The native runtime: tokio.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tracing::Instrument;

/// `Send` natively, anything in the browser.
pub trait MaybeSend: Send {}

impl<T: Send + ?Sized> MaybeSend for T {}

/// `Sync` natively, anything in the browser.
pub trait MaybeSync: Sync {}

impl<T: Sync + ?Sized> MaybeSync for T {}

/// A boxed future that can go to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Monotonic time since the first call in this process.
///
/// It is tokio's clock, so that tests in paused time see no busy loop between a timer that has
/// fired and a clock that says it has not.
pub fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let now = Instant::now();
    // A runtime in paused time may be far ahead of the others in this process; a start in their
    // future would stop their clocks.
    let start = || now.min(Instant::from_std(std::time::Instant::now()));
    now.saturating_duration_since(*START.get_or_init(start))
}

/// What the system's clock says: time since the beginning of 1970 in UTC. It may jump, so it is good
/// for telling others when something was, and for nothing else.
pub fn unix_time() -> Duration {
    // A clock before 1970 is not set.
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Runs a future on its own, in the [`tracing`] span of the moment.
///
/// # Panics
/// Outside a tokio runtime.
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(future.in_current_span()));
}

/// Computes what takes long, on a thread for such things. Once begun it goes on to its end, even if
/// nobody waits any more.
///
/// # Errors
/// If it panics, or the runtime ends.
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

/// Whether there is a network; a machine does not say, so there is.
pub fn online() -> bool {
    true
}

/// Waits until there is a network again, which a machine does not say.
pub async fn wait_online() {
    std::future::pending().await
}

/// A timer.
#[derive(Debug)]
pub struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Sleep {
    /// Fires after `duration`.
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

/// Installs a subscriber for [`tracing`] that writes to the standard error, unless the program has
/// one. Without the crate's feature `log` it does nothing.
pub(crate) fn log_to_stderr(level: tracing::Level) {
    #[cfg(feature = "log")]
    {
        let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
        // An error says that there is one.
        let _ = lines.try_init();
    }
    #[cfg(not(feature = "log"))]
    let _ = level;
}
