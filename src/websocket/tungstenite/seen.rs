//! `Seen`: notices that a stream which cannot be asked has moved bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

use crate::lock::Lock;

/// Counts how often the stream wakes the task. It does so only when bytes have come, or can leave again:
/// a sign of life of the peer within a long message, which tungstenite does not show before its end.
pub(super) struct Seen {
    counter: Arc<Counter>,
    waker: Waker,
}

#[derive(Default)]
struct Counter {
    count: AtomicU64,
    task: Lock<Option<Waker>>,
}

impl Seen {
    pub(super) fn new() -> Self {
        let counter = Arc::new(Counter::default());
        Seen { waker: Waker::from(Arc::clone(&counter)), counter }
    }

    /// Returns the waker to poll the stream with. It wakes `task`.
    pub(super) fn waker(&self, task: &Waker) -> &Waker {
        let mut known = self.counter.task.lock();
        match &mut *known {
            Some(known) => known.clone_from(task),
            None => *known = Some(task.clone()),
        }
        &self.waker
    }

    pub(super) fn count(&self) -> u64 {
        self.counter.count.load(Ordering::Relaxed)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let task = self.task.lock().clone();
        // Outside the lock: a waker may run any code.
        if let Some(task) = task {
            task.wake();
        }
    }
}
