//! Large events in a row, or at once, disconnect no client that reads.

use bytes::Bytes;
use wampwerk::message::*;
use wampwerk::websocket::CloseCode;
use wampwerk::{Dict, Match, Router, Value};

use crate::common::raw_end::Raw;
use crate::common::router_with;

/// A few of them are more than an outbox may hold; one is more than lets a publisher wait.
const LIMIT: usize = 4 << 20;
const LARGE: usize = 3 << 19;
const EVENTS: u64 = 6;

fn router() -> Router {
    router_with(|it| it.outbox_limit(LIMIT))
}

fn large(request: u64) -> Publish {
    let args = vec![request.into(), Value::Bytes(Bytes::from(vec![7; LARGE]))];
    let payload = Payload::from_values(args, Dict::new());
    let options = PublishOptions::default();
    Publish { request, options, topic: "com.a".into(), payload }
}

async fn number(subscriber: &mut Raw) -> u64 {
    let Message::Event(event) = subscriber.recv().await else { panic!() };
    event.payload.args::<(u64, Value)>().unwrap().0
}

#[tokio::test]
async fn large_events_of_one_turn_reach_who_reads() {
    let router = router();
    let mut subscriber = Raw::join(&router).await;
    subscriber.subscribe(1, "com.a", Match::Exact).await;
    let mut publisher = Raw::join(&router).await;
    for request in 1..=EVENTS {
        publisher.send(large(request)).await;
    }
    // It has gone before the router has handled all.
    publisher.close(CloseCode::Normal).await;
    for expected in 1..=EVENTS {
        assert_eq!(number(&mut subscriber).await, expected);
    }
    subscriber.assert_alive().await;
}

#[tokio::test]
async fn an_event_for_many_subscriptions_of_one_session_reaches_it() {
    let router = router();
    let mut subscriber = Raw::join(&router).await;
    let patterns = [
        ("com.a", Match::Exact),
        ("com.", Match::Prefix),
        ("com", Match::Prefix),
        ("co", Match::Prefix),
        (".a", Match::Wildcard),
        ("com.", Match::Wildcard),
    ];
    for (request, (pattern, policy)) in (1..).zip(patterns) {
        subscriber.subscribe(request, pattern, policy).await;
    }
    let mut publisher = Raw::join(&router).await;
    publisher.send(large(1)).await;
    for _ in patterns {
        assert_eq!(number(&mut subscriber).await, 1);
    }
    subscriber.assert_alive().await;
    publisher.assert_alive().await;
}
