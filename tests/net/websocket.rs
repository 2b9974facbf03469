//! Messages over WebSocket: their kinds, their order, and when they leave.

use std::future::poll_fn;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use wampwerk::Serializer;
use wampwerk::error::TransportError;
use wampwerk::transport::Connector;

use crate::common::websocket::{
    ALL, client, flush, frame, pair, raw_server, recv, send, switching,
};

#[tokio::test]
async fn frames_go_both_ways_in_order_with_every_serializer() {
    for serializer in ALL {
        let (mut left, mut right) = pair(serializer).await;
        for end in [&left, &right] {
            assert_eq!(end.info().serializer, serializer);
            assert_eq!(end.info().kind, "websocket");
            assert!(end.info().peer.starts_with("127.0.0.1:"), "{}", end.info().peer);
        }
        let texts: Vec<Bytes> = (0..1000).map(|number| format!("frame {number}").into()).collect();
        for text in &texts {
            send(&mut left, text.clone()).await.unwrap();
            send(&mut right, text.clone()).await.unwrap();
        }
        flush(&mut left).await.unwrap();
        flush(&mut right).await.unwrap();
        for text in &texts {
            assert_eq!(recv(&mut left).await.unwrap().unwrap(), text);
            assert_eq!(recv(&mut right).await.unwrap().unwrap(), text);
        }
    }
}

#[tokio::test]
async fn nothing_is_written_before_the_flush() {
    let (mut left, mut right) = pair(Serializer::Json).await;
    for _ in 0..1000 {
        send(&mut left, "waits".into()).await.unwrap();
    }
    // Reading does not flush either.
    send(&mut right, "ping".into()).await.unwrap();
    flush(&mut right).await.unwrap();
    assert_eq!(recv(&mut left).await.unwrap().unwrap(), "ping");
    let polled = poll_fn(|cx| std::task::Poll::Ready(right.poll_recv(cx))).await;
    assert!(polled.is_pending());
    flush(&mut left).await.unwrap();
    assert_eq!(recv(&mut right).await.unwrap().unwrap(), "waits");
}

#[tokio::test]
async fn the_wrong_kind_of_message_is_a_violation() {
    let (url, server) =
        raw_server(|head| switching(head, "Sec-WebSocket-Protocol: wamp.2.json\r\n")).await;
    let mut end = client(&url, &[Serializer::Json]).connect().await.unwrap();
    server.await.unwrap().write_all(b"\x82\x02[]").await.unwrap();
    let error = recv(&mut end).await.unwrap().unwrap_err();
    assert!(matches!(error, TransportError::Violation(_)), "{error}");
}

#[tokio::test]
async fn json_that_is_no_text_is_not_sent() {
    let (mut left, _right) = pair(Serializer::Json).await;
    let error = send(&mut left, Bytes::from_static(b"\xff")).await.unwrap_err();
    assert!(matches!(error, TransportError::Violation(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_sends_early_is_heard() {
    let (url, server) = raw_server(|head| {
        format!("{}\u{1}\u{2}", switching(head, "Sec-WebSocket-Protocol: wamp.2.json\r\n"))
    })
    .await;
    // The two bytes are half a fragment of text; the rest comes later.
    let mut end = client(&url, &[Serializer::Json]).connect().await.unwrap();
    server.await.unwrap().write_all(b"hi\x80\x01!").await.unwrap();
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "hi!");
}

#[tokio::test]
async fn a_slow_reader_gets_everything() {
    let (mut left, mut right) = pair(Serializer::Cbor).await;
    let chunk = frame(Serializer::Cbor, 100_000);
    let writer = tokio::spawn({
        let chunk = chunk.clone();
        async move {
            for _ in 0..300 {
                send(&mut left, chunk.clone()).await.unwrap();
            }
            flush(&mut left).await.unwrap();
            left
        }
    });
    for _ in 0..300 {
        assert!(recv(&mut right).await.unwrap().unwrap() == chunk);
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}
