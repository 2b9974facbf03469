//! Runs tasks in the browser.
//!
//! All tasks share one queue. It is run by one microtask, whatever number of tasks was woken, or at once by
//! what is in a turn of its own already ([`turn`]). A microtask per task would take longer than most of
//! the tasks.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use super::{BoxFuture, platform};

/// Maximum number of polls in a turn. A task that wakes itself may wait for what another microtask does, or for
/// time to pass.
const POLLS: usize = 1024;

/// Calls `begin`, and runs the tasks that are ready and those that they wake. Within itself it calls
/// `begin` only.
pub fn turn<T>(begin: impl FnOnce() -> T) -> T {
    TASKS.with(|tasks| {
        let is_outer = !tasks.running.replace(true);
        tasks.scheduled.set(false);
        let begun = begin();
        if is_outer {
            tasks.run();
        }
        begun
    })
}

/// Returns the time, which is read once in a turn.
pub(super) fn time_of_turn(read: fn() -> Duration) -> Duration {
    TASKS.with(|tasks| {
        let time = tasks.time.get().unwrap_or_else(read);
        if tasks.running.get() {
            tasks.time.set(Some(time));
        }
        time
    })
}

/// Spawns a boxed future.
pub(super) fn spawn(future: BoxFuture<'static, ()>) {
    TASKS.with(|tasks| {
        let number = {
            let mut slots = tasks.slots.borrow_mut();
            match tasks.free.borrow_mut().pop() {
                Some(number) => number,
                None => {
                    slots.push(None);
                    slots.len() - 1
                }
            }
        };
        let task = Arc::new(Task { number, woken: AtomicBool::new(true) });
        if let Some(slot) = tasks.slots.borrow_mut().get_mut(number) {
            *slot = Some((Arc::clone(&task), Some(future)));
        }
        tasks.push(task);
    });
}

thread_local! {
    static TASKS: Tasks = Tasks::default();
}

/// A task and its future, which is absent while it is polled.
type Slot = (Arc<Task>, Option<BoxFuture<'static, ()>>);

#[derive(Default)]
struct Tasks {
    slots: RefCell<Vec<Option<Slot>>>,
    /// Numbers of the empty slots.
    free: RefCell<Vec<usize>>,
    ready: RefCell<VecDeque<Arc<Task>>>,
    running: Cell<bool>,
    time: Cell<Option<Duration>>,
    scheduled: Cell<bool>,
}

impl Tasks {
    fn push(&self, task: Arc<Task>) {
        self.ready.borrow_mut().push_back(task);
        if !self.running.get() && !self.scheduled.replace(true) {
            platform::schedule_turn();
        }
    }

    fn run(&self) {
        let mut left = POLLS;
        loop {
            while left > 0
                && let Some(task) = self.next()
            {
                left -= 1;
                self.poll(task);
            }
            // It may call the page, which may wake tasks.
            platform::idle();
            if left == 0 || self.ready.borrow().is_empty() {
                break;
            }
        }
        self.running.set(false);
        self.time.set(None);
        if !self.ready.borrow().is_empty() && !self.scheduled.replace(true) {
            platform::schedule_turn();
        }
    }

    fn next(&self) -> Option<Arc<Task>> {
        self.ready.borrow_mut().pop_front()
    }

    fn poll(&self, task: Arc<Task>) {
        let number = task.number;
        // Without it the task has ended; its slot may be that of another one.
        let taken = match self.slots.borrow_mut().get_mut(number) {
            Some(Some((owner, future))) if Arc::ptr_eq(owner, &task) => future.take(),
            _ => None,
        };
        let Some(mut future) = taken else { return };
        task.woken.store(false, Ordering::Relaxed);
        let waker = Waker::from(task);
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(number) else { return };
        if polled.is_pending() {
            if let Some((_, place)) = slot {
                *place = Some(future);
            }
            return;
        }
        *slot = None;
        self.free.borrow_mut().push(number);
        // A future that is dropped may spawn tasks.
        drop(slots);
        drop(future);
    }
}

/// What wakers refer to.
struct Task {
    number: usize,
    /// True while it is in the queue.
    woken: AtomicBool,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::Relaxed) {
            TASKS.with(|tasks| tasks.push(self));
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Arc::clone(self).wake();
    }
}
