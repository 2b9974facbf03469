//! In the process: who is slower than the publisher or callee, but reads, loses nothing and is not
//! thrown out: the sender is slowed down. `net_router_slow_reader` shows it over sockets.

use bytes::Bytes;
use wampwerk::message::*;
use wampwerk::websocket::CloseCode;
use wampwerk::{Dict, Match, Router, Value};

use crate::common::raw_end::Raw;
use crate::common::router_with;

const MESSAGES: u64 = 6_000;
const SIZE: usize = 4_000;

fn router() -> Router {
    router_with(|it| it.outbox_limit(4 << 20))
}

fn payload(number: u64) -> Payload {
    let args = vec![number.into(), Value::Bytes(Bytes::from(vec![7; SIZE]))];
    Payload::from_values(args, Dict::new())
}

fn number(payload: &Payload) -> u64 {
    payload.args::<(u64, Value)>().unwrap().0
}

#[tokio::test]
async fn a_slow_reader_slows_the_publisher_down_and_misses_nothing() {
    let router = router();
    let mut publisher = Raw::join(&router).await;
    let mut subscriber = Raw::join(&router).await;
    subscriber.subscribe(1, "a", Match::Exact).await;

    let publishing = tokio::spawn(async move {
        for request in 1..=MESSAGES {
            let (options, payload) = (PublishOptions::default(), payload(request));
            publisher.send(Publish { request, options, topic: "a".into(), payload }).await;
        }
        publisher
    });
    for expected in 1..=MESSAGES {
        let Message::Event(event) = subscriber.recv().await else { panic!() };
        assert_eq!(number(&event.payload), expected);
        // All other tasks get a turn after each event.
        tokio::task::yield_now().await;
    }
    let mut publisher = publishing.await.unwrap();
    publisher.close(CloseCode::Normal).await;
    assert_eq!(router.statistics().sessions, 2);
}

#[tokio::test]
async fn a_slow_caller_slows_the_callee_down_and_misses_no_result() {
    let router = router();
    let mut callee = Raw::join(&router).await;
    let mut caller = Raw::join(&router).await;
    let options = RegisterOptions::default();
    callee.send(Register { request: 1, options, procedure: "a".into() }).await;
    assert!(matches!(callee.recv().await, Message::Registered(_)));
    let mut options = CallOptions::default();
    options.receive_progress = Some(true);
    caller
        .send(Call { request: 1, options, procedure: "a".into(), payload: Payload::empty() })
        .await;
    let Message::Invocation(Invocation { request, .. }) = callee.recv().await else { panic!() };

    let yielding = tokio::spawn(async move {
        for result in 1..=MESSAGES {
            let mut options = YieldOptions::default();
            options.progress = (result < MESSAGES).then_some(true);
            callee.send(Yield { request, options, payload: payload(result) }).await;
        }
        callee
    });
    for expected in 1..=MESSAGES {
        let Message::Result(result) = caller.recv().await else { panic!() };
        assert_eq!(number(&result.payload), expected);
        assert_eq!(result.details.progress.unwrap_or(false), expected < MESSAGES);
        tokio::task::yield_now().await;
    }
    let mut callee = yielding.await.unwrap();
    callee.assert_alive().await;
    caller.assert_alive().await;
}
