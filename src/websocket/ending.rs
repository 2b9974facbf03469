//! `Ending`: the end of a connection, for those who ask and those who wait.

use std::future::poll_fn;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use super::closed::Closed;
use crate::rt::lock::Lock;

/// The end of a connection, once it is reached. Takes no memory of its own before a task waits.
#[derive(Default)]
pub(super) struct Ending {
    closed: OnceLock<Box<Closed>>,
    waiting: Lock<Vec<Waker>>,
}

impl Ending {
    /// The connection has ended. Only the first call counts.
    pub(super) fn set(&self, closed: Closed) {
        let _ = self.closed.set(Box::new(closed));
        let waiting = std::mem::take(&mut *self.waiting.lock());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Returns how it has ended, if it has.
    pub(super) fn get(&self) -> Option<&Closed> {
        self.closed.get().map(|closed| &**closed)
    }

    /// Waits for the end.
    pub(super) async fn wait(&self) -> Closed {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Closed> {
        let mut waiting = self.waiting.lock();
        // Looked at under the lock, which `set` takes to find who waits.
        if let Some(closed) = self.get() {
            return Poll::Ready(closed.clone());
        }
        if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_first_end_counts_and_wakes_who_waits() {
        let (ending, task) = (Ending::default(), Arc::new(Task::default()));
        let waker = Arc::clone(&task).into();
        let cx = &mut Context::from_waker(&waker);
        for _ in 0..3 {
            assert_eq!((ending.poll(cx), ending.get()), (Poll::Pending, None));
        }
        let first = Closed::lost("first", None, None);
        ending.set(first.clone());
        ending.set(Closed::lost("second", None, None));
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        assert_eq!(ending.poll(cx), Poll::Ready(first));
    }
}
