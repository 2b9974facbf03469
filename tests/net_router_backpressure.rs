//! In the process: a subscriber that is slower than the publisher, but reads, loses nothing and is
//! not thrown out: the publisher is slowed down. `net_router_slow_reader` shows it over sockets.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use std::future::poll_fn;

use bytes::Bytes;
use wampwerk::message::*;
use wampwerk::transport::{CloseCode, Transport};
use wampwerk::{Dict, Router, Value, codec};

const EVENTS: u64 = 6_000;
const SIZE: usize = 4_000;

/// One end of a connection, spoken to word by word.
struct Raw(Box<dyn Transport>);

impl Raw {
    async fn join(router: &Router) -> Self {
        let mut raw = Raw(router.connect_transport());
        let mut details = HelloDetails::default();
        details.roles = Some(Roles::new().with("subscriber", &[]));
        raw.send(Hello { realm: "realm1".into(), details }).await;
        assert!(matches!(raw.recv().await, Message::Welcome(_)));
        raw
    }

    async fn send(&mut self, message: impl Into<Message>) {
        let frame = codec::encode(self.0.info().serializer, &message.into()).unwrap();
        poll_fn(|cx| self.0.poll_ready(cx)).await.unwrap();
        self.0.start_send(frame).unwrap();
    }

    async fn recv(&mut self) -> Message {
        let frame = poll_fn(|cx| self.0.poll_recv(cx)).await.unwrap().unwrap();
        codec::decode(self.0.info().serializer, &frame).unwrap()
    }
}

#[tokio::test]
async fn a_slow_reader_slows_the_publisher_down_and_misses_nothing() {
    let router = Router::builder().realm("realm1").outbox_limit(4 << 20).build().unwrap();
    let mut publisher = Raw::join(&router).await;
    let mut subscriber = Raw::join(&router).await;
    let options = SubscribeOptions::default();
    subscriber.send(Subscribe { request: 1, options, topic: "a".into() }).await;
    assert!(matches!(subscriber.recv().await, Message::Subscribed(_)));

    let publishing = tokio::spawn(async move {
        let text = Value::Bytes(Bytes::from(vec![7; SIZE]));
        for request in 1..=EVENTS {
            let args = vec![request.into(), text.clone()];
            let payload = Payload::from_values(args, Dict::new());
            let options = PublishOptions::default();
            publisher.send(Publish { request, options, topic: "a".into(), payload }).await;
        }
        publisher
    });
    for expected in 1..=EVENTS {
        let Message::Event(event) = subscriber.recv().await else { panic!() };
        let (number, _): (u64, Value) = event.payload.args().unwrap();
        assert_eq!(number, expected);
        // Everybody else gets a turn after each event.
        tokio::task::yield_now().await;
    }
    let mut publisher = publishing.await.unwrap();
    poll_fn(|cx| publisher.0.poll_close(cx, CloseCode::Normal)).await.unwrap();
    assert_eq!(router.statistics().sessions, 2);
}
