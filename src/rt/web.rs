//! Implements the browser's runtime. Clock, timers and turns come from `platform`: the page itself, or, with the
//! feature `hosted`, the program.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tracing::Span;

use super::platform;
use super::web_tasks;
use crate::rt::span::in_span;

/// No requirement in the browser, `Send` natively.
pub trait MaybeSend {}

impl<T: ?Sized> MaybeSend for T {}

/// No requirement in the browser, `Sync` natively.
pub trait MaybeSync {}

impl<T: ?Sized> MaybeSync for T {}

/// A boxed future of this thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Returns the monotonic time since the start of the page or the worker. It is the same during a turn.
pub fn now() -> Duration {
    web_tasks::time_of_turn(|| of_millis(platform::clock()))
}

/// Returns the monotonic time since the start of the page or the worker, also within a turn.
pub fn real_time() -> Duration {
    of_millis(platform::clock())
}

/// Returns the system's clock: time since 1970-01-01 in UTC. It may jump, so use it only for
/// reported times.
pub fn unix_time() -> Duration {
    of_millis(platform::unix_clock())
}

fn of_millis(millis: f64) -> Duration {
    Duration::from_secs_f64((millis / 1000.0).max(0.0))
}

/// Spawns a future in the current [`tracing`] span.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    web_tasks::spawn(in_span(future, Span::current));
}

/// As [`spawn`], from a destructor.
pub fn spawn_last(future: impl Future<Output = ()> + 'static) {
    spawn(future);
}

thread_local! {
    /// The tasks that are woken in the next turn of the event loop.
    static LATER: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    /// Number of times that they were woken.
    static TURNS: Cell<u64> = const { Cell::new(0) };
}

/// Wakes the task of `cx` after the other tasks that are ready, and after the page's: its promises
/// settle first. Tasks that wake each other at once would keep the page waiting.
pub fn wake_later(cx: &Context<'_>) {
    let is_first = LATER.with_borrow_mut(|wakers| {
        wakers.push(cx.waker().clone());
        wakers.len() == 1
    });
    if is_first && !platform::call_later() {
        wake_now();
    }
}

/// Bounds the number of messages that are read before the page has had a turn of the event loop. Deno
/// delivers what a socket has received by promises, one message after the other, and runs no
/// handler to its end in between.
#[derive(Default)]
pub struct Pace {
    read: usize,
    /// The turn of the event loop in which the bound was reached.
    reached: Option<u64>,
}

impl Pace {
    /// Maximum number of messages. Below the capacity of an event queue.
    const MOST: usize = 256;

    /// Returns whether a message may be read now; otherwise the task is woken when one may.
    pub fn allows(&mut self, cx: &Context<'_>) -> bool {
        let turns = TURNS.get();
        if self.reached.is_some_and(|turn| turn != turns) {
            *self = Pace::default();
        }
        if self.read < Self::MOST {
            return true;
        }
        if self.reached.is_none() {
            self.reached = Some(turns);
            wake_later(cx);
        }
        false
    }

    /// Counts a message that was read.
    pub fn count(&mut self) {
        self.read += 1;
    }
}

/// Wakes what [`wake_later`] was called for.
pub(super) fn wake_now() {
    TURNS.set(TURNS.get() + 1);
    // Outside of the borrow: a task may come here again.
    LATER.take().into_iter().for_each(Waker::wake);
}

/// Runs a long computation. It blocks the page, which has no other thread.
///
/// # Errors
/// Never in the browser.
pub async fn work<T: 'static>(work: impl FnOnce() -> T + 'static) -> Result<T, String> {
    Ok(work())
}

/// The signals that end a process: none in the browser.
pub(crate) struct ShutdownSignals;

impl ShutdownSignals {
    /// Starts listening.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(ShutdownSignals)
    }

    /// Never ready.
    pub(crate) fn poll_next(&mut self, _cx: &mut Context<'_>) -> Poll<&'static str> {
        Poll::Pending
    }
}

/// Does nothing: the page determines logging in the browser.
pub(crate) fn log_to_stderr(_level: tracing::Level) {}
