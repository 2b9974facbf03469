//! `Ending`: the end of a connection, for those who ask and those who wait.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use super::closed::Closed;
use crate::lock::Lock;

/// The end of a connection, once it is reached. Takes no memory of its own before a task waits.
#[derive(Default)]
pub(super) struct Ending {
    closed: OnceLock<Box<Closed>>,
    waiting: Lock<Waiting>,
}

/// Those who wait, by number.
#[derive(Default)]
struct Waiting {
    last: u64,
    wakers: BTreeMap<u64, Waker>,
}

/// The place of one who waits.
struct Place<'a> {
    ending: &'a Ending,
    number: Option<u64>,
}

impl Ending {
    /// The connection has ended. Only the first call counts.
    pub(super) fn set(&self, closed: Closed) {
        let _ = self.closed.set(Box::new(closed));
        let waiting = std::mem::take(&mut self.waiting.lock().wakers);
        waiting.into_values().for_each(Waker::wake);
    }

    /// Returns how it has ended, if it has.
    pub(super) fn get(&self) -> Option<&Closed> {
        self.closed.get().map(|closed| &**closed)
    }

    /// Waits for the end.
    pub(super) async fn wait(&self) -> Closed {
        let mut place = Place { ending: self, number: None };
        poll_fn(|cx| self.poll(&mut place.number, cx)).await
    }

    /// Ready at the end. `number` is that of who waits, and `None` before the first call;
    /// [`forget`](Self::forget) has to follow.
    pub(super) fn poll(&self, number: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<Closed> {
        let mut waiting = self.waiting.lock();
        // Looked at under the lock, which `set` takes to find who waits.
        if let Some(closed) = self.get() {
            return Poll::Ready(closed.clone());
        }
        let number = *number.get_or_insert_with(|| {
            waiting.last += 1;
            waiting.last
        });
        match waiting.wakers.get_mut(&number) {
            Some(waker) => waker.clone_from(cx.waker()),
            None => drop(waiting.wakers.insert(number, cx.waker().clone())),
        }
        Poll::Pending
    }

    /// Who had this number does not wait any more.
    pub(super) fn forget(&self, number: Option<u64>) {
        let _waker = number.and_then(|number| self.waiting.lock().wakers.remove(&number));
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.ending.forget(self.number.take());
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
        let mut place = Place { ending: &ending, number: None };
        for _ in 0..3 {
            assert_eq!((ending.poll(&mut place.number, cx), ending.get()), (Poll::Pending, None));
            // Who gives up leaves nothing.
            let mut other = Place { ending: &ending, number: None };
            assert_eq!(ending.poll(&mut other.number, cx), Poll::Pending);
            assert_eq!(ending.waiting.lock().wakers.len(), 2);
        }
        assert_eq!(ending.waiting.lock().wakers.len(), 1);
        let first = Closed::lost("first", None, None);
        ending.set(first.clone());
        ending.set(Closed::lost("second", None, None));
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        assert_eq!(ending.poll(&mut place.number, cx), Poll::Ready(first));
    }
}
