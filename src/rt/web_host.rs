//! Clock, timers and turns that the program provides. It needs one timer only, and no closure of JavaScript.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::web::{now, wake_now};
use super::web_tasks::turn;

/// The functions of the program. None of them calls this module.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Returns the monotonic time in milliseconds.
    pub clock: fn() -> f64,
    /// Returns the time since 1970-01-01 in UTC, in milliseconds.
    pub unix_clock: fn() -> f64,
    /// Arranges a [`turn`] after what runs now.
    pub schedule: fn(),
    /// Called in a turn when no task is ready any more. May begin a turn, and wake tasks.
    pub idle: fn(),
    /// Arranges a call of [`later`] after the page's tasks that are ready.
    pub call_later: fn(),
    /// Arranges a call of [`timer`] in this number of milliseconds, instead of an earlier arrangement. A negative
    /// number: no call.
    pub set_timer: fn(f64),
    /// Returns whether there is a network, as far as that is known.
    pub online: fn() -> bool,
}

thread_local! {
    static STATE: State = const { State {
        host: Cell::new(None),
        timers: RefCell::new(Vec::new()),
        last: Cell::new(0),
        armed: Cell::new(None),
        offline: RefCell::new(Vec::new()),
        onlines: Cell::new(0),
    } };
}

struct State {
    host: Cell<Option<Host>>,
    /// The timers that are waited for, in the order of their deadlines and numbers.
    timers: RefCell<Vec<(Duration, u64, Waker)>>,
    /// Number of the last timer, or wait for a network.
    last: Cell<u64>,
    /// Deadline of the program's timer.
    armed: Cell<Option<Duration>>,
    /// The tasks that wait for a network; they have no deadlines.
    offline: RefCell<Vec<(Duration, u64, Waker)>>,
    /// Number of calls of [`went_online`].
    onlines: Cell<u64>,
}

/// Sets the functions of the program, before anything else of this library is called.
pub fn host(host: Host) {
    STATE.with(|state| state.host.set(Some(host)));
}

/// Wakes what waits for timers that are due. To be called when the program's timer fires.
pub fn timer() {
    turn(|| {
        STATE.with(|state| state.armed.set(None));
        let now = now();
        let due = STATE.with(|state| {
            let mut timers = state.timers.borrow_mut();
            let count = timers.partition_point(|(deadline, ..)| *deadline <= now);
            timers.drain(..count).collect()
        });
        wake(due);
    });
}

/// Wakes what waits for the page's tasks.
pub fn later() {
    turn(wake_now);
}

/// Wakes what waits for a network.
pub fn went_online() {
    turn(|| {
        STATE.with(|state| state.onlines.set(state.onlines.get() + 1));
        wake(STATE.with(|state| state.offline.take()));
    });
}

fn wake(waiting: Vec<(Duration, u64, Waker)>) {
    waiting.into_iter().for_each(|(_, _, waker)| waker.wake());
}

/// Finds the place of a timer, or the one where it belongs.
fn place(
    timers: &[(Duration, u64, Waker)],
    deadline: Duration,
    number: u64,
) -> Result<usize, usize> {
    timers.binary_search_by(|(other, another, _)| (*other, *another).cmp(&(deadline, number)))
}

fn add(
    timers: &RefCell<Vec<(Duration, u64, Waker)>>,
    deadline: Duration,
    number: u64,
    waker: &Waker,
) {
    let mut timers = timers.borrow_mut();
    match place(&timers, deadline, number) {
        Ok(place) => timers[place].2.clone_from(waker),
        // Most have the same length, so the last is the one that ends last.
        Err(place) => timers.insert(place, (deadline, number, waker.clone())),
    }
}

fn remove(timers: &RefCell<Vec<(Duration, u64, Waker)>>, deadline: Duration, number: u64) {
    let mut timers = timers.borrow_mut();
    if let Ok(place) = place(&timers, deadline, number) {
        timers.remove(place);
    }
}

fn next_number() -> u64 {
    STATE.with(|state| {
        state.last.set(state.last.get() + 1);
        state.last.get()
    })
}

fn get() -> Option<Host> {
    STATE.with(|state| state.host.get())
}

pub(super) fn clock() -> f64 {
    get().map_or(0.0, |host| (host.clock)())
}

pub(super) fn unix_clock() -> f64 {
    get().map_or(0.0, |host| (host.unix_clock)())
}

pub(super) fn schedule_turn() {
    if let Some(host) = get() {
        (host.schedule)();
    }
}

/// Sets the program's timer, and calls its function.
pub(super) fn idle() {
    let Some(host) = get() else { return };
    (host.idle)();
    STATE.with(|state| {
        let next = state.timers.borrow().first().map(|(deadline, ..)| *deadline);
        if next != state.armed.replace(next) {
            let rest = |deadline: Duration| deadline.saturating_sub(now()).as_secs_f64() * 1000.0;
            // Rounded up, so that it does not fire too early.
            (host.set_timer)(next.map_or(-1.0, |deadline| rest(deadline).ceil()));
        }
    });
}

pub(super) fn call_later() -> bool {
    get().is_some_and(|host| {
        (host.call_later)();
        true
    })
}

/// Returns whether there is a network, as far as that is known.
pub fn online() -> bool {
    get().is_none_or(|host| (host.online)())
}

/// Waits for the next call of [`went_online`].
pub async fn wait_online() {
    Online { number: next_number(), before: STATE.with(|state| state.onlines.get()) }.await;
}

struct Online {
    number: u64,
    /// Number of calls of [`went_online`] when the wait began.
    before: u64,
}

impl Future for Online {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        STATE.with(|state| {
            if state.onlines.get() != self.before {
                return Poll::Ready(());
            }
            add(&state.offline, Duration::ZERO, self.number, cx.waker());
            Poll::Pending
        })
    }
}

impl Drop for Online {
    fn drop(&mut self) {
        STATE.with(|state| remove(&state.offline, Duration::ZERO, self.number));
    }
}

/// A timer.
#[derive(Debug)]
pub struct Sleep {
    deadline: Duration,
    /// Its number while it is waited for.
    number: Option<u64>,
}

impl Sleep {
    /// Creates a timer that fires after `duration`.
    pub fn new(duration: Duration) -> Self {
        Sleep { deadline: now().saturating_add(duration), number: None }
    }

    fn forget(&mut self) {
        if let Some(number) = self.number.take() {
            STATE.with(|state| remove(&state.timers, self.deadline, number));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.deadline <= now() {
            self.forget();
            return Poll::Ready(());
        }
        let number = *self.number.get_or_insert_with(next_number);
        STATE.with(|state| add(&state.timers, self.deadline, number, cx.waker()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}
