//! The browser's transport against a live router: raw frames, no session.
//!
//! `WAMPWERK_TEST_URL` names the router when this is built; it has the realm `realm1`, for anybody.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use wampwerk::Serializer;
use wampwerk::error::{ConnectError, TransportError};
use wampwerk::internals::rt::{self, Sleep};
use wampwerk::transport::{Connector, Transport, WampWebSocketClientFactory};
use wampwerk::websocket::CloseCode;
use wasm_bindgen_test::wasm_bindgen_test;

const JSON_HELLO: &str = r#"[1,"realm1",{"roles":{"publisher":{}}}]"#;
const MSGPACK_HELLO: &[u8] = b"\x93\x01\xa6realm1\x81\xa5roles\x81\xa9publisher\x80";
const CBOR_HELLO: &[u8] = b"\x83\x01\x66realm1\xa1\x65roles\xa1\x69publisher\xa0";

/// Shorter than any handshake. A timeout of zero is refused as a setting.
const SHORTEST: Duration = Duration::from_nanos(1);

fn router() -> &'static str {
    match option_env!("WAMPWERK_TEST_URL") {
        Some(url) => url,
        None => panic!("WAMPWERK_TEST_URL was not set when this was built"),
    }
}

fn factory(serializer: Serializer) -> WampWebSocketClientFactory {
    WampWebSocketClientFactory::new(router(), &[serializer]).unwrap()
}

async fn recv(end: &mut Box<dyn Transport>) -> Option<Result<Bytes, TransportError>> {
    poll_fn(|cx| end.poll_recv(cx)).await
}

async fn send(end: &mut Box<dyn Transport>, frame: impl Into<Bytes>) {
    poll_fn(|cx| end.poll_ready(cx)).await.unwrap();
    end.start_send(frame.into()).unwrap();
    poll_fn(|cx| end.poll_flush(cx)).await.unwrap();
}

async fn close(end: &mut Box<dyn Transport>) {
    poll_fn(|cx| end.poll_close(cx, CloseCode::Normal)).await.unwrap();
}

#[wasm_bindgen_test]
async fn every_serializer_has_its_frames() {
    for (serializer, hello, welcome) in [
        (Serializer::Json, Bytes::from(JSON_HELLO), &b"[2,"[..]),
        (Serializer::MsgPack, Bytes::from(MSGPACK_HELLO), b"\x93\x02"),
        (Serializer::Cbor, Bytes::from(CBOR_HELLO), b"\x83\x02"),
    ] {
        let mut end = factory(serializer).connect().await.unwrap();
        assert_eq!(end.info().serializer, serializer);
        assert_eq!(end.info().kind, "websocket");
        assert!(router().contains(&end.info().peer), "{}", end.info().peer);
        send(&mut end, hello).await;
        let answer = recv(&mut end).await.unwrap().unwrap();
        assert!(answer.starts_with(welcome), "{serializer:?}: {answer:?}");
        close(&mut end).await;
        assert!(recv(&mut end).await.is_none());
        // As when a session comes late with its last words.
        end.start_send("[]".into()).unwrap();
    }
}

#[wasm_bindgen_test]
async fn the_server_chooses_from_the_list() {
    let list = [Serializer::MsgPack, Serializer::Json, Serializer::MsgPack];
    let factory = WampWebSocketClientFactory::new(router(), &list).unwrap();
    let mut end = factory.connect().await.unwrap();
    assert!(list.contains(&end.info().serializer));
    close(&mut end).await;
}

#[wasm_bindgen_test]
async fn a_full_buffer_makes_the_sender_wait() {
    let mut end = factory(Serializer::Json).connect().await.unwrap();
    send(&mut end, JSON_HELLO).await;
    assert!(recv(&mut end).await.unwrap().is_ok());
    let text = "x".repeat(100_000);
    let mut waits = 0;
    for request in 1..=40 {
        let ready = poll_fn(|cx| Poll::Ready(end.poll_ready(cx))).await;
        if ready.is_pending() {
            waits += 1;
            assert!(request > 10, "not before 1 MiB");
        }
        let frame = format!(r#"[16,{request},{{}},"com.example.big",["{text}"]]"#);
        send(&mut end, frame).await;
    }
    assert!(waits > 0);
    send(&mut end, r#"[6,{},"wamp.close.close_realm"]"#).await;
    let answer = recv(&mut end).await.unwrap().unwrap();
    assert!(answer.starts_with(b"[6,"), "{answer:?}");
    close(&mut end).await;
}

#[wasm_bindgen_test]
async fn limits_of_size_hold_both_ways() {
    let mut end = factory(Serializer::Json).max_message_payload_size(50).connect().await.unwrap();
    assert_eq!(end.info().max_send, 50);
    let long = Bytes::from("x".repeat(51));
    let error = end.start_send(long).unwrap_err();
    assert_eq!(error, TransportError::TooLarge { size: 51, limit: 50 });
    // The transport stays usable; but WELCOME is longer than that.
    send(&mut end, JSON_HELLO).await;
    let error = recv(&mut end).await.unwrap().unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { limit: 50, .. }), "{error}");
    assert!(recv(&mut end).await.is_none());
    close(&mut end).await;
}

#[wasm_bindgen_test]
async fn text_that_is_none_is_not_sent() {
    let mut end = factory(Serializer::Json).connect().await.unwrap();
    let error = end.start_send(Bytes::from_static(b"\xff")).unwrap_err();
    assert!(matches!(error, TransportError::Violation(_)), "{error}");
    close(&mut end).await;
}

#[wasm_bindgen_test]
async fn what_cannot_be_reached_is_an_error_and_no_hang() {
    // There is no listener at this port.
    let nobody = "ws://127.0.0.1:64999/ws";
    let factory = WampWebSocketClientFactory::new(nobody, &[Serializer::Cbor]).unwrap();
    match factory.connect().await.err().unwrap() {
        ConnectError::Io { address, .. } => assert_eq!(address, "127.0.0.1:64999"),
        other => panic!("{other}"),
    }
    // A router, but not at this path: the browser tells a script no more than before.
    let elsewhere = format!("{}/nothing/here", router());
    let factory = WampWebSocketClientFactory::new(&elsewhere, &[Serializer::Cbor]).unwrap();
    let error = factory.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Io { .. }), "{error}");
}

#[wasm_bindgen_test]
async fn connecting_takes_no_longer_than_allowed() {
    let factory =
        factory(Serializer::Cbor).connect_timeout(SHORTEST).open_handshake_timeout(SHORTEST);
    let error = factory.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
}

#[wasm_bindgen_test]
async fn giving_up_an_attempt_leaves_nothing_behind() {
    let factory = factory(Serializer::Cbor);
    let mut attempt = factory.connect();
    assert!(poll_fn(|cx| Poll::Ready(attempt.as_mut().poll(cx).is_pending())).await);
    drop(attempt);
    // And so does a transport that is dropped while messages come in.
    let mut end = factory.connect().await.unwrap();
    send(&mut end, CBOR_HELLO).await;
    drop(end);
    // The page has lived through their events when another connection has come and gone.
    let mut end = factory.connect().await.unwrap();
    close(&mut end).await;
}

#[wasm_bindgen_test]
fn settings_that_cannot_be_used_are_named() {
    for url in ["", "http://h/", "/ws", "ws://h:0/", "ws://h/#f", "ws://u@h/", "ws://[::1/"] {
        let error = WampWebSocketClientFactory::new(url, &[Serializer::Cbor]).err().unwrap();
        assert!(matches!(error, ConnectError::InvalidUrl(_)), "{url}: {error}");
    }
    let error = WampWebSocketClientFactory::new("ws://h/", &[]).err().unwrap();
    assert!(matches!(error, ConnectError::InvalidConfig(_)), "{error}");
}

#[wasm_bindgen_test]
async fn timers_fire_in_order_and_not_early() {
    let begin = rt::now();
    for millis in [0, 1, 20] {
        Sleep::new(Duration::from_millis(millis)).await;
    }
    assert!(rt::now() - begin >= Duration::from_millis(21));
    // Longer than browsers keep timers: they would fire it at once.
    let mut long = Sleep::new(Duration::from_secs(1 << 40));
    let mut short = Sleep::new(Duration::from_millis(30));
    let first = poll_fn(|cx| {
        if std::pin::Pin::new(&mut long).poll(cx).is_ready() {
            return Poll::Ready("long");
        }
        std::pin::Pin::new(&mut short).poll(cx).map(|()| "short")
    });
    assert_eq!(first.await, "short");
}
