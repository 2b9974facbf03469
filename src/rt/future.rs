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
