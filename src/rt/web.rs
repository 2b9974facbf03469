//! Implements the browser's runtime: promises and timers of the page or the worker.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::web_tasks;
use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, MessageChannel, MessagePort, Performance};

/// No requirement in the browser, `Send` natively.
pub trait MaybeSend {}

impl<T: ?Sized> MaybeSend for T {}

/// No requirement in the browser, `Sync` natively.
pub trait MaybeSync {}

impl<T: ?Sized> MaybeSync for T {}

/// A boxed future of this thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Maximum duration of a browser's timer; longer ones fire at once.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// Returns the monotonic time since the start of the page or the worker. It is the same during a turn.
pub fn now() -> Duration {
    web_tasks::time_of_turn(read_clock)
}

fn read_clock() -> Duration {
    thread_local! {
        // Looked up once, because nearly every turn of a session reads the time.
        static PERFORMANCE: Option<Performance> =
            js_sys::Reflect::get(&js_sys::global(), &"performance".into())
                .ok()
                .and_then(|value| value.dyn_into().ok());
    }
    // Every window and worker has `performance`; elsewhere use the date.
    let millis = PERFORMANCE.with(|performance| match performance {
        Some(performance) => performance.now(),
        None => js_sys::Date::now(),
    });
    Duration::from_secs_f64((millis / 1000.0).max(0.0))
}

/// Returns the system's clock: time since 1970-01-01 in UTC. It may jump, so use it only for
/// reported times.
pub fn unix_time() -> Duration {
    Duration::from_secs_f64((js_sys::Date::now() / 1000.0).max(0.0))
}

/// Spawns a future in the current [`tracing`] span.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    web_tasks::spawn(Box::pin(future));
}

/// As [`spawn`], from a destructor.
pub fn spawn_last(future: impl Future<Output = ()> + 'static) {
    spawn(future);
}

/// Wakes the task of `cx` after the other tasks that are ready, and after the page's: its promises
/// settle first. Tasks that wake each other at once would keep the page waiting.
pub fn wake_later(cx: &Context<'_>) {
    LATER.with(|later| later.wake(cx.waker().clone()));
}

thread_local! {
    static LATER: Later = Later::new();
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
        let turns = LATER.with(|later| later.turns.get());
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

/// The tasks that are woken in the next turn of the event loop.
struct Later {
    wakers: Rc<RefCell<Vec<Waker>>>,
    /// Number of times that tasks were woken.
    turns: Rc<Cell<u64>>,
    schedule: Schedule,
}

/// Something that calls a function in the next turn of the event loop. Timers would do so 4 ms later.
enum Schedule {
    /// `setImmediate`, which only servers have. It keeps no process alive afterwards.
    Immediate(Function, Closure<dyn FnMut()>),
    /// A message from one port to the other, whose listener is the function.
    Message { from: MessagePort, _to: MessagePort, _wake: Closure<dyn FnMut()> },
    /// Neither exists: tasks are woken at once.
    None,
}

impl Later {
    fn new() -> Self {
        let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
        let turns: Rc<Cell<u64>> = Rc::default();
        let (woken, turn) = (Rc::clone(&wakers), Rc::clone(&turns));
        let wake = Closure::new(move || {
            turn.set(turn.get() + 1);
            // Outside of the borrow: a task may come here again.
            let wakers = std::mem::take(&mut *woken.borrow_mut());
            wakers.into_iter().for_each(Waker::wake);
        });
        let immediate = js_sys::Reflect::get(&js_sys::global(), &"setImmediate".into());
        let schedule = match immediate.ok().and_then(|value| value.dyn_into().ok()) {
            Some(immediate) => Schedule::Immediate(immediate, wake),
            None => match MessageChannel::new() {
                Ok(channel) => {
                    let (from, to) = (channel.port1(), channel.port2());
                    to.set_onmessage(Some(wake.as_ref().unchecked_ref()));
                    Schedule::Message { from, _to: to, _wake: wake }
                }
                Err(_) => Schedule::None,
            },
        };
        Later { wakers, turns, schedule }
    }

    fn wake(&self, waker: Waker) {
        let mut wakers = self.wakers.borrow_mut();
        wakers.push(waker);
        if wakers.len() > 1 {
            return;
        }
        let scheduled = match &self.schedule {
            Schedule::Immediate(immediate, wake) => {
                immediate.call1(&JsValue::UNDEFINED, wake.as_ref().unchecked_ref()).is_ok()
            }
            Schedule::Message { from, .. } => from.post_message(&JsValue::NULL).is_ok(),
            Schedule::None => false,
        };
        if !scheduled {
            self.turns.set(self.turns.get() + 1);
            let wakers = std::mem::take(&mut *wakers);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

/// Runs a long computation. It blocks the page, which has no other thread.
///
/// # Errors
/// Never in the browser.
pub async fn work<T: 'static>(work: impl FnOnce() -> T + 'static) -> Result<T, String> {
    Ok(work())
}

/// Returns whether the browser reports a network (`navigator.onLine`). An environment without that
/// information is online.
pub fn online() -> bool {
    let global = js_sys::global();
    let online = js_sys::Reflect::get(&global, &"navigator".into())
        .and_then(|navigator| js_sys::Reflect::get(&navigator, &"onLine".into()));
    online.ok().and_then(|online| online.as_bool()).unwrap_or(true)
}

/// Waits for the next `online` event of the page or the worker.
pub async fn wait_online() {
    let waker: Rc<RefCell<(bool, Option<Waker>)>> = Rc::default();
    let seen = waker.clone();
    let listener = OnlineListener::new(move || {
        let mut seen = seen.borrow_mut();
        seen.0 = true;
        if let Some(waker) = seen.1.take() {
            waker.wake();
        }
    });
    poll_fn(|cx| {
        let mut waker = waker.borrow_mut();
        waker.1 = Some(cx.waker().clone());
        if waker.0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    drop(listener);
}

/// A listener that is removed when it is dropped.
struct OnlineListener {
    target: Option<EventTarget>,
    function: Closure<dyn FnMut()>,
}

impl OnlineListener {
    fn new(function: impl FnMut() + 'static) -> Self {
        let function = Closure::new(function);
        // Pages and workers are event targets; elsewhere the event never occurs.
        let target = js_sys::global().dyn_into::<EventTarget>().ok();
        let target = target.filter(|target| {
            let function = function.as_ref().unchecked_ref();
            target.add_event_listener_with_callback("online", function).is_ok()
        });
        OnlineListener { target, function }
    }
}

impl Drop for OnlineListener {
    fn drop(&mut self) {
        if let Some(target) = &self.target {
            let function = self.function.as_ref().unchecked_ref();
            // It exists, because it was added.
            drop(target.remove_event_listener_with_callback("online", function));
        }
    }
}

/// A timer.
#[derive(Debug)]
pub struct Sleep {
    timer: TimeoutFuture,
    deadline: Duration,
}

impl Sleep {
    /// Creates a timer that fires after `duration`.
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
            // The timer was clamped, or the browser rounds down.
            let rest = self.deadline.saturating_sub(now());
            if rest.is_zero() {
                return Poll::Ready(());
            }
            self.timer = timer(rest);
        }
    }
}

fn timer(duration: Duration) -> TimeoutFuture {
    // Rounded up, so that a rest below a millisecond does not loop.
    let millis = duration.min(LONGEST).as_micros().div_ceil(1000);
    TimeoutFuture::new(u32::try_from(millis).unwrap_or(u32::MAX))
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
