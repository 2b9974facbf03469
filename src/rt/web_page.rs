//! The page's or worker's own clock, timers and microtasks.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{EventTarget, MessageChannel, MessagePort, Performance};

use super::web::{now, wake_now};
use super::web_tasks::turn;

/// Maximum duration of a browser's timer; longer ones fire at once.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(turn: &JsValue);
}

/// Arranges a turn of the tasks.
pub(super) fn schedule_turn() {
    thread_local! {
        static TURN: Closure<dyn FnMut()> = Closure::new(|| turn(|| {}));
    }
    TURN.with(|turn| queue_microtask(turn.as_ref()));
}

/// Called in a turn when no task is ready any more.
pub(super) fn idle() {}

/// Returns the time in milliseconds since the start of the page or the worker.
pub(super) fn clock() -> f64 {
    thread_local! {
        // Looked up once, because nearly every turn of a session reads the time.
        static PERFORMANCE: Option<Performance> =
            js_sys::Reflect::get(&js_sys::global(), &"performance".into())
                .ok()
                .and_then(|value| value.dyn_into().ok());
    }
    // Every window and worker has `performance`; elsewhere use the date.
    PERFORMANCE.with(|performance| match performance {
        Some(performance) => performance.now(),
        None => js_sys::Date::now(),
    })
}

/// Returns the time in milliseconds since 1970-01-01 in UTC.
pub(super) fn unix_clock() -> f64 {
    js_sys::Date::now()
}

/// Something that calls a function in the next turn of the event loop. Timers would do so 4 ms later.
enum Later {
    /// `setImmediate`, which only servers have. It keeps no process alive afterwards.
    Immediate(Function, Closure<dyn FnMut()>),
    /// A message from one port to the other, whose listener is the function.
    Message {
        from: MessagePort,
        _to: MessagePort,
        _wake: Closure<dyn FnMut()>,
    },
    None,
}

/// Arranges a call of [`wake_now`] in the next turn of the event loop. Returns false if that is not possible.
pub(super) fn call_later() -> bool {
    thread_local! {
        static LATER: Later = Later::new();
    }
    LATER.with(|later| match later {
        Later::Immediate(immediate, wake) => {
            immediate.call1(&JsValue::UNDEFINED, wake.as_ref().unchecked_ref()).is_ok()
        }
        Later::Message { from, .. } => from.post_message(&JsValue::NULL).is_ok(),
        Later::None => false,
    })
}

impl Later {
    fn new() -> Self {
        let wake = Closure::new(wake_now);
        let immediate = js_sys::Reflect::get(&js_sys::global(), &"setImmediate".into());
        if let Some(immediate) = immediate.ok().and_then(|value| value.dyn_into().ok()) {
            return Later::Immediate(immediate, wake);
        }
        let Ok(channel) = MessageChannel::new() else { return Later::None };
        let (from, to) = (channel.port1(), channel.port2());
        to.set_onmessage(Some(wake.as_ref().unchecked_ref()));
        Later::Message { from, _to: to, _wake: wake }
    }
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
