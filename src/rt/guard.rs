//! Catches panics of the user's functions.
//!
//! The only place that asserts unwind safety. That is sound for every caller, because what panicked
//! is dropped or never called again. In the browser a panic ends the module, and nothing is caught.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::pin::{Pin, pin};
use std::sync::Once;
use std::task::{Context, Poll};

use crate::error::Cause;

/// A panic that was caught. Its text is `panicked: ` and the message of the panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    message: Option<String>,
    /// Place and stack, if [`record_panics`] was called before.
    pub(crate) trace: Vec<String>,
}

thread_local! {
    /// Number of functions that are being called, one within the other.
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// Place and stack of the last panic in them.
    static LAST: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Maximum number of lines of a stack.
const MAX_LINES: usize = 100;

/// Records the place of each later panic that is caught here, by a hook before the present one. Only the first call
/// has an effect.
pub(crate) fn record_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if CALLS.get() > 0 {
                let lines = trace_of(info);
                LAST.with_borrow_mut(|last| *last = lines);
            }
            before(info);
        }));
    });
}

/// Returns the place of a panic and its stack, without the functions of panicking.
fn trace_of(info: &PanicHookInfo<'_>) -> Vec<String> {
    let place = info.location().map(|place| format!("panicked at {place}"));
    let stack = Backtrace::force_capture().to_string();
    let lines: Vec<&str> = stack.lines().map(str::trim_end).collect();
    let begins = |line: &&str| line.contains("core::panicking::") || line.contains("panic_fmt");
    let last = lines.iter().rposition(begins);
    // The place of that function is on a line of its own.
    let first = last.map_or(0, |last| last + 1);
    let frames =
        lines.into_iter().skip(first).skip_while(|line| line.trim_start().starts_with("at "));
    let ours = frames.take_while(|line| !line.contains("::rt::guard::"));
    place.into_iter().chain(ours.map(ToOwned::to_owned)).take(MAX_LINES).collect()
}

/// Counts a function while it is called.
struct Called;

impl Called {
    fn now() -> Self {
        CALLS.set(CALLS.get() + 1);
        Called
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        CALLS.set(CALLS.get().saturating_sub(1));
    }
}

/// Calls a function that may panic.
pub(crate) fn catch<T>(function: impl FnOnce() -> T) -> Result<T, Panic> {
    let _called = Called::now();
    catch_unwind(AssertUnwindSafe(function)).map_err(|payload| Panic::new(payload.as_ref()))
}

/// Polls a future that may panic. After a panic the future must not be polled again.
pub(crate) fn poll_caught<F: Future + ?Sized>(
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panic>> {
    match catch(|| future.poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Drives a future that may panic.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panic> {
    let mut future = pin!(future);
    poll_fn(|cx| poll_caught(future.as_mut(), cx)).await
}

impl Panic {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let message = match payload.downcast_ref::<&str>() {
            Some(message) => Some((*message).to_owned()),
            None => payload.downcast_ref::<String>().cloned(),
        };
        Panic { message, trace: LAST.take() }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.message.as_deref().unwrap_or("no message"))
    }
}

impl std::error::Error for Panic {}

impl From<Panic> for Cause {
    fn from(panic: Panic) -> Self {
        Cause::new(panic)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::panic::panic_any;
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_panic_tells_its_message() {
        let text = |panic: Result<(), Panic>| panic.unwrap_err().to_string();
        assert_eq!(catch(|| 7), Ok(7));
        assert_eq!(text(catch(|| panic!("literal"))), "panicked: literal");
        let number = 7;
        assert_eq!(text(catch(|| panic!("number {number}"))), "panicked: number 7");
        assert_eq!(text(catch(|| panic_any(7))), "panicked: no message");
    }

    #[test]
    fn a_future_panics_at_any_poll() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut polls = 0;
        let mut future = pin!(caught(poll_fn(|_| -> Poll<()> {
            polls += 1;
            if polls == 2 {
                panic!("second poll");
            }
            Poll::Pending
        })));
        assert!(future.as_mut().poll(&mut cx).is_pending());
        let Poll::Ready(Err(panic)) = future.as_mut().poll(&mut cx) else { panic!("not caught") };
        assert_eq!(panic.to_string(), "panicked: second poll");
    }

    #[test]
    fn a_future_gives_its_output() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut future = Box::pin(async { 7 });
        assert_eq!(poll_caught(future.as_mut(), &mut cx), Poll::Ready(Ok(7)));
    }
}
