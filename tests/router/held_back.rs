//! Who reads next to nothing, but never stops, holds its publishers back for a short time only.
//!
//! In paused time, which runs ahead when nothing else is left to do.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use wampwerk::message::*;
use wampwerk::{Dict, Match, Router, Value};

use crate::common::raw_end::Raw;
use crate::common::router_with;

const SIZE: usize = 4_000;
const EVENTS: u64 = 3_000;

/// Publishes to a reader that takes an event every so often, and says how long it took.
async fn publish_to(pause: Duration) -> (Router, Duration) {
    let router = router_with(|it| it.outbox_limit(4 << 20));
    let mut reader = Raw::join(&router).await;
    reader.subscribe(1, "com.", Match::Prefix).await;
    tokio::spawn(async move {
        while reader.next().await.is_some() {
            tokio::time::sleep(pause).await;
        }
    });
    let mut publisher = Raw::join(&router).await;
    let start = Instant::now();
    for request in 1..=EVENTS {
        let args = vec![Value::Bytes(Bytes::from(vec![7; SIZE]))];
        let payload = Payload::from_values(args, Dict::new());
        let mut options = PublishOptions::default();
        options.acknowledge = Some(true);
        publisher.send(Publish { request, options, topic: "com.a".into(), payload }).await;
        assert!(matches!(publisher.recv().await, Message::Published(_)));
    }
    publisher.assert_alive().await;
    (router, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn who_reads_next_to_nothing_is_not_waited_for_and_thrown_out() {
    let (router, took) = publish_to(Duration::from_millis(800)).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(router.statistics().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_but_fair_is_waited_for_as_long_as_it_takes() {
    let (router, took) = publish_to(Duration::from_millis(10)).await;
    assert!(took > Duration::from_secs(20), "{took:?}");
    assert_eq!(router.statistics().sessions, 2);
}
