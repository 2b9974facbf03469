//! Tests of `future`, apart from it because only tokio has a clock that can be stopped.

use std::future::{pending, poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use super::future::*;
use crate::rt::{self, BoxFuture, Sleep};

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
