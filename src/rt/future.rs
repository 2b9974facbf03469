//! Combines futures: the first of two, a time limit, many at once.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::rt::Sleep;

/// The output of the future that was ready first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Race<A, B> {
    First(A),
    Second(B),
}

/// Drives two futures until one is ready, and drops the other. If both are ready, the first counts,
/// and the second is not polled.
pub(crate) async fn race<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Race<A, B> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| match first.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Race::First(output)),
        Poll::Pending => second.as_mut().poll(cx).map(Race::Second),
    })
    .await
}

/// Returns the future's output, or nothing if it is not ready within `limit`. The time runs from the
/// first poll on.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match race(future, Sleep::new(limit)).await {
        Race::First(output) => Some(output),
        Race::Second(()) => None,
    }
}

/// Drives all futures at the same time until each is ready. They are begun in their order, and the
/// outputs are in that order.
pub(crate) async fn all<F: Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    drive(futures, &mut outputs, None).await;
    outputs.into_iter().flatten().collect()
}

/// Drives all futures like [`all`], but ends when no future has become ready for `patience`. The
/// futures that are not ready then are dropped and have no output.
pub(crate) async fn all_within<F: Future + Unpin>(
    futures: Vec<F>,
    patience: Duration,
) -> Vec<Option<F::Output>> {
    let mut outputs = Vec::new();
    drive(futures, &mut outputs, Some(patience)).await;
    outputs
}

/// Drives all futures like [`all`], but stores each output in `outputs` at once. The outputs remain
/// there if this future is dropped before its end.
pub(crate) async fn all_into<F: Future + Unpin>(
    futures: Vec<F>,
    outputs: &mut Vec<Option<F::Output>>,
) {
    drive(futures, outputs, None).await;
}

async fn drive<F: Future + Unpin>(
    futures: Vec<F>,
    outputs: &mut Vec<Option<F::Output>>,
    patience: Option<Duration>,
) {
    outputs.clear();
    outputs.resize_with(futures.len(), || None);
    let mut running: Vec<Option<F>> = futures.into_iter().map(Some).collect();
    let mut timer = patience.map(Sleep::new);
    poll_fn(|cx| {
        let (mut open, mut progress) = (false, false);
        for (slot, output) in running.iter_mut().zip(outputs.iter_mut()) {
            let Some(future) = slot else { continue };
            match Pin::new(future).poll(cx) {
                Poll::Ready(ready) => {
                    (*output, *slot) = (Some(ready), None);
                    progress = true;
                }
                Poll::Pending => open = true,
            }
        }
        if !open {
            return Poll::Ready(());
        }
        if progress {
            timer = patience.map(Sleep::new);
        }
        match &mut timer {
            Some(timer) => Pin::new(timer).poll(cx),
            None => Poll::Pending,
        }
    })
    .await;
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::rt::{self, BoxFuture};

    const SECOND: Duration = Duration::from_secs(1);

    fn after(delay: Duration, output: u32) -> BoxFuture<'static, u32> {
        Box::pin(async move {
            Sleep::new(delay).await;
            output
        })
    }

    #[tokio::test]
    async fn the_first_of_two_counts() {
        assert_eq!(race(ready(1), pending::<()>()).await, Race::First(1));
        assert_eq!(race(pending::<()>(), ready(2)).await, Race::Second(2));
        let unpolled = poll_fn(|_| -> Poll<()> { panic!("polled") });
        assert_eq!(race(ready(1), unpolled).await, Race::First(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_time() {
        assert_eq!(within(SECOND, ready(1)).await, Some(1));
        assert_eq!(within(2 * SECOND, after(SECOND, 1)).await, Some(1));
        let began = rt::now();
        assert_eq!(within(SECOND, pending::<()>()).await, None);
        assert!(rt::now() - began >= SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn all_at_once_in_their_order() {
        let began = rt::now();
        let outputs = all(vec![after(2 * SECOND, 1), after(SECOND, 2), after(3 * SECOND, 3)]).await;
        assert_eq!(outputs, [1, 2, 3]);
        assert!(rt::now() - began < 4 * SECOND);
        assert!(all(Vec::<BoxFuture<'_, ()>>::new()).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_begins_again_with_each_output() {
        let futures = vec![after(2 * SECOND, 1), Box::pin(pending()), after(4 * SECOND, 3)];
        let outputs = all_within(futures, 3 * SECOND).await;
        assert_eq!(outputs, [Some(1), None, Some(3)]);
    }

    #[tokio::test(start_paused = true)]
    async fn outputs_survive_a_drop() {
        let mut outputs = Vec::new();
        let futures = vec![after(SECOND, 1), after(3 * SECOND, 2)];
        assert_eq!(within(2 * SECOND, all_into(futures, &mut outputs)).await, None);
        assert_eq!(outputs, [Some(1), None]);
    }
}
