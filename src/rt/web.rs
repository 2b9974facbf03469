//! The browser's runtime: promises and timers of the page or the worker.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::JsCast;
use web_sys::Performance;

/// Anything in the browser, `Send` natively.
pub trait MaybeSend {}

impl<T: ?Sized> MaybeSend for T {}

/// Anything in the browser, `Sync` natively.
pub trait MaybeSync {}

impl<T: ?Sized> MaybeSync for T {}

/// A boxed future of this thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The longest timer that browsers keep: they fire later ones at once.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// Monotonic time since the page or the worker began.
pub fn now() -> Duration {
    thread_local! {
        // Looked up once: this is asked in every turn of a session.
        static PERFORMANCE: Option<Performance> =
            js_sys::Reflect::get(&js_sys::global(), &"performance".into())
                .ok()
                .and_then(|value| value.dyn_into().ok());
    }
    // Every window and worker has `performance`; the date is the next best where there is none.
    let millis = PERFORMANCE.with(|performance| match performance {
        Some(performance) => performance.now(),
        None => js_sys::Date::now(),
    });
    Duration::from_secs_f64((millis / 1000.0).max(0.0))
}

/// What the system's clock says: time since the beginning of 1970 in UTC. It may jump, so it is good
/// for telling others when something was, and for nothing else.
pub fn unix_time() -> Duration {
    Duration::from_secs_f64((js_sys::Date::now() / 1000.0).max(0.0))
}

/// Runs a future on its own.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(future);
}

/// Computes what takes long. The page waits meanwhile: it has no other thread.
///
/// # Errors
/// Never; natively there are some.
pub async fn work<T: 'static>(work: impl FnOnce() -> T + 'static) -> Result<T, String> {
    Ok(work())
}

/// A timer.
#[derive(Debug)]
pub struct Sleep {
    timer: TimeoutFuture,
    deadline: Duration,
}

impl Sleep {
    /// Fires after `duration`.
    pub fn new(duration: Duration) -> Self {
        Sleep { timer: timer(duration), deadline: now().saturating_add(duration) }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if Pin::new(&mut self.timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            // Either the timer was clamped, or the browser rounds down.
            let rest = self.deadline.saturating_sub(now());
            if rest.is_zero() {
                return Poll::Ready(());
            }
            self.timer = timer(rest);
        }
    }
}

fn timer(duration: Duration) -> TimeoutFuture {
    // Rounded up, so that a rest below a millisecond does not spin.
    let millis = duration.min(LONGEST).as_micros().div_ceil(1000);
    TimeoutFuture::new(u32::try_from(millis).unwrap_or(u32::MAX))
}
