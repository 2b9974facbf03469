//! Catches panics of the user's functions.
//!
//! The only place that asserts unwind safety. That is sound for every caller, because what panicked
//! is dropped or never called again. In the browser a panic ends the module, and nothing is caught.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::error::Cause;

/// A panic that was caught. Its text is `panicked: ` and the message of the panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    message: Option<String>,
}

/// Calls a function that may panic.
pub(crate) fn catch<T>(function: impl FnOnce() -> T) -> Result<T, Panic> {
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
        Panic { message }
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
