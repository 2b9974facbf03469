//! A server's handlers, over the in-process transport: what is called when, and what the handle does.

use std::time::Duration;

use serde_json::json;
use wampwerk::message::{CallResult, Message, Payload, ResultDetails};
use wampwerk::server::{HandlerError, SendError, TransportHandler, WampTransport};
use wampwerk::websocket::CloseCode;
use wampwerk::{Dict, Serializer};

use crate::common::handled;
use crate::common::handled::{Peer, Seen, call, recorder, result};

#[tokio::test(start_paused = true)]
async fn messages_come_in_order_and_answers_go_back() {
    let mut server = recorder(|message, transport| async move {
        let Message::Call(call) = message else { return Err("no CALL".into()) };
        let payload = call.payload;
        let details = ResultDetails::default();
        transport.send(CallResult { request: call.request, details, payload }).await?;
        Ok(())
    });
    for serializer in Serializer::ALL {
        let mut peer = server.connect(serializer, 256).await;
        for request in 1..=100 {
            peer.send(call(request, json!([request, "x"]))).await;
        }
        for request in 1..=100 {
            let Message::Result(result) = peer.recv().await else { panic!("no RESULT") };
            assert_eq!(result.request, request);
            let (number, text): (u64, String) = result.payload.args().unwrap();
            assert_eq!((number, text.as_str()), (request, "x"));
        }
        peer.close().await;
        server.expect(&[Seen::Open]).await;
        for request in 1..=100 {
            server.expect(&[Seen::Message(request)]).await;
        }
        server.expect(&[Seen::Close(true)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_handler_stops_the_reading_some_messages_ahead() {
    let (mut server, gate) = handled::gated();
    let mut peer = server.connect(Serializer::ALL[0], 2).await;
    server.expect(&[Seen::Open]).await;
    let mut sent = 0;
    // Paused time runs ahead when no task can go on.
    while tokio::time::timeout(Duration::from_secs(1), peer.send(call(sent + 1, json!([]))))
        .await
        .is_ok()
    {
        sent += 1;
    }
    // One is handled, 64 are ahead, two are in the transport.
    assert_eq!(sent, 67);
    server.expect(&[Seen::Message(1)]).await;
    gate.add_permits(67);
    for request in 2..=67 {
        server.expect(&[Seen::Message(request)]).await;
    }
    server.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_handler_stops_the_reading_a_mebibyte_ahead() {
    let (mut server, gate) = handled::gated();
    let mut peer = server.connect(Serializer::ALL[0], 1).await;
    let mut sent = 0;
    let long = || json!(["x".repeat(300_000)]);
    while tokio::time::timeout(Duration::from_secs(1), peer.send(call(sent + 1, long())))
        .await
        .is_ok()
    {
        sent += 1;
    }
    // One is handled, four are ahead, one is in the transport.
    assert_eq!(sent, 6);
    gate.add_permits(6);
    server.expect(&[Seen::Open]).await;
    for request in 1..=6 {
        server.expect(&[Seen::Message(request)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn sending_waits_for_a_slow_peer_and_is_bounded() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let mut peer = server.connect(Serializer::ALL[0], 1).await;
    let transport = server.transport().await;
    let message = || result(7, json!(["x".repeat(100_000)]));
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_secs(1), transport.send(message())).await.is_ok() {
        sent += 1;
        assert!(sent < 100);
    }
    // A mebibyte, and what the transport itself holds.
    assert!((10..=14).contains(&sent), "{sent}");
    assert_eq!(transport.try_send(message()), Err(SendError::Full));
    assert!(transport.is_open());
    let waiting = tokio::spawn({
        let transport = transport.clone();
        async move { transport.send(message()).await }
    });
    for _ in 0..=sent {
        assert!(matches!(peer.recv().await, Message::Result(_)));
    }
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!(transport.try_send(message()), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_told_and_changes_nothing() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let mut peer = server.connect_with(Serializer::Json, 8, |info| info.max_send = 100).await;
    let transport = server.transport().await;
    assert_eq!((transport.info().kind, transport.info().max_send), ("limited", 100));
    let error = transport.send(result(7, json!(["x".repeat(100)]))).await.unwrap_err();
    assert_eq!(error.to_string(), "RESULT of 114 bytes exceeds the connection's limit of 100");
    let nan = CallResult {
        request: 7,
        details: ResultDetails::default(),
        payload: Payload::from_values([f64::NAN.into()].into_iter().collect(), Dict::new()),
    };
    let error = transport.send(nan).await.unwrap_err();
    assert!(matches!(&error, SendError::Encode { message: "RESULT", .. }), "{error}");
    assert!(error.to_string().starts_with("RESULT cannot be written in json: "), "{error}");
    transport.send(result(8, json!([]))).await.unwrap();
    let Message::Result(result) = peer.recv().await else { panic!("no RESULT") };
    assert_eq!(result.request, 8);
}

#[tokio::test(start_paused = true)]
async fn closing_lets_out_what_was_sent_before() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let mut peer = server.connect(Serializer::ALL[0], 1).await;
    let transport = server.transport().await;
    for request in 1..=20 {
        transport.try_send(result(request, json!([]))).unwrap();
    }
    transport.close();
    transport.close_with(CloseCode::GoingAway);
    assert!(!transport.is_open());
    assert_eq!(transport.send(result(21, json!([]))).await, Err(SendError::Closed));
    assert_eq!(transport.try_send(result(21, json!([]))), Err(SendError::Closed));
    for request in 1..=20 {
        let Message::Result(result) = peer.recv().await else { panic!("no RESULT") };
        assert_eq!(result.request, request);
    }
    assert_eq!(peer.end().await, Ok(()));
    assert_eq!(peer.closed_with(), Some(CloseCode::Normal));
    server.expect(&[Seen::Open, Seen::Close(true)]).await;
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_ever() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let peer = server.connect(Serializer::ALL[0], 1).await;
    let transport = server.transport().await;
    for request in 1..=3 {
        transport.try_send(result(request, json!([]))).unwrap();
    }
    let begin = tokio::time::Instant::now();
    transport.close();
    // Not all has left, so it is not clean.
    server.expect(&[Seen::Open, Seen::Close(false)]).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(2));
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn aborting_drops_what_was_not_sent() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let mut peer = server.connect(Serializer::ALL[0], 1).await;
    let transport = server.transport().await;
    for request in 1..=3 {
        transport.try_send(result(request, json!([]))).unwrap();
    }
    transport.abort();
    assert!(!transport.is_open());
    server.expect(&[Seen::Open, Seen::Close(false)]).await;
    assert!(peer.end().await.is_err());
    assert_eq!(peer.closed_with(), None);
}

#[tokio::test(start_paused = true)]
async fn the_peers_end_is_told_after_its_last_words() {
    let (mut server, gate) = handled::gated();
    let mut peer = server.connect(Serializer::ALL[0], 8).await;
    for request in 1..=3 {
        peer.send(call(request, json!([]))).await;
    }
    peer.close().await;
    server.expect(&[Seen::Open, Seen::Message(1)]).await;
    gate.add_permits(3);
    server.expect(&[Seen::Message(2), Seen::Message(3), Seen::Close(true)]).await;

    let mut peer = server.connect(Serializer::ALL[0], 8).await;
    gate.add_permits(1);
    peer.send(call(1, json!([]))).await;
    server.expect(&[Seen::Open, Seen::Message(1)]).await;
    peer.lose();
    server.expect(&[Seen::Close(false)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_can_be_used_from_anywhere() {
    fn assert_shared<T: Clone + Send + Sync + 'static>() {}
    assert_shared::<WampTransport>();
    let mut server = recorder(|_, _| async { Ok(()) });
    let mut peer = server.connect(Serializer::ALL[0], 1).await;
    let transport = server.transport().await;
    let long = || result(1, json!(["x".repeat(2 << 20)]));
    for _ in 0..2 {
        transport.send(long()).await.unwrap();
    }
    let other = transport.clone();
    let mut waiting = tokio::spawn(async move { other.send(long()).await });
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut waiting).await.is_err());
    assert!(matches!(peer.recv().await, Message::Result(_)));
    assert_eq!(waiting.await.unwrap(), Ok(()));
    let other = transport.clone();
    let mut waiting = tokio::spawn(async move { other.send(long()).await });
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut waiting).await.is_err());
    peer.lose();
    server.expect(&[Seen::Open, Seen::Close(false)]).await;
    assert_eq!(waiting.await.unwrap(), Err(SendError::Closed));
    assert_eq!(transport.send(result(4, json!([]))).await, Err(SendError::Closed));
    assert!(!transport.is_open());
}

#[tokio::test(start_paused = true)]
async fn shutdown_closes_by_default_and_waits() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let mut peers = Vec::new();
    for _ in 0..3 {
        peers.push(server.connect(Serializer::ALL[0], 1).await);
        server.expect(&[Seen::Open]).await;
    }
    server.factory.shutdown().await;
    for peer in &mut peers {
        assert_eq!(peer.end().await, Ok(()));
        assert_eq!(peer.closed_with(), Some(CloseCode::GoingAway));
        server.expect(&[Seen::Close(true)]).await;
    }
    // Who comes later has to go at once.
    let mut late = server.connect(Serializer::ALL[0], 1).await;
    assert_eq!(late.end().await, Ok(()));
    assert_eq!(late.closed_with(), Some(CloseCode::GoingAway));
    server.expect(&[Seen::Open, Seen::Close(true)]).await;
}

/// Says something before it closes, when the server goes down; or does nothing.
struct Polite {
    seen: tokio::sync::mpsc::UnboundedSender<Seen>,
    transport: Option<WampTransport>,
    stays: bool,
}

impl TransportHandler for Polite {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        self.transport = Some(transport);
        Ok(())
    }

    async fn on_message(&mut self, _: Message) -> Result<(), HandlerError> {
        if let (Some(transport), false) = (&self.transport, self.stays) {
            transport.close();
        }
        Ok(())
    }

    async fn on_shutdown(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        Ok(transport.send(result(99, json!([]))).await?)
    }

    async fn on_close(&mut self, was_clean: bool) {
        let _ = self.seen.send(Seen::Close(was_clean));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_say_goodbye_but_not_stay() {
    for stays in [false, true] {
        let (seen, mut closed) = tokio::sync::mpsc::unbounded_channel();
        let make = move || Polite { seen: seen.clone(), transport: None, stays };
        let factory = handled::factory(make);
        let mut peer = Peer::connect(&factory, Serializer::ALL[0], 8, |_| {});
        let begin = tokio::time::Instant::now();
        let down = tokio::spawn({
            let factory = factory.clone();
            async move { factory.shutdown().await }
        });
        let Message::Result(result) = peer.recv().await else { panic!("no RESULT") };
        assert_eq!(result.request, 99);
        peer.send(call(1, json!([]))).await;
        down.await.unwrap();
        assert_eq!(begin.elapsed(), Duration::from_secs(if stays { 5 } else { 0 }));
        assert_eq!(closed.recv().await, Some(Seen::Close(!stays)));
    }
}
