//! Pings over WebSocket, and peers that answer none or do not read.
#![cfg(all(not(target_arch = "wasm32"), feature = "client", feature = "router"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[path = "common/websocket.rs"]
mod websocket;

use std::future::poll_fn;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use wampwerk::transport::AutoPing;
use wampwerk::{Serializer, TransportError};
use websocket::{client_frame, frame, raw_pair, recv, send};

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_lost() {
    let short = AutoPing::new(Duration::from_millis(30), Duration::from_millis(50));
    let (mut end, mut server) = raw_pair(|c| c.auto_ping(short)).await;
    let peer = tokio::spawn(async move {
        let frame = client_frame(&mut server).await;
        (frame, server)
    });
    let begin = Instant::now();
    let error = recv(&mut end).await.unwrap().unwrap_err();
    assert_eq!(error, TransportError::Timeout("the peer answers no ping"));
    assert!(begin.elapsed() >= Duration::from_millis(80));
    let ((first, payload), _server) = peer.await.unwrap();
    assert_eq!((first, payload.len()), (0x89, 12));
}

#[tokio::test]
async fn a_peer_that_answers_pings_lives() {
    let short = AutoPing::new(Duration::from_millis(10), Duration::from_secs(10));
    let (mut end, mut server) = raw_pair(|c| c.auto_ping(short)).await;
    let peer = tokio::spawn(async move {
        for _ in 0..5 {
            assert_eq!(client_frame(&mut server).await.0, 0x89);
            server.write_all(b"\x8a\x00").await.unwrap();
        }
        server.write_all(b"\x82\x01!").await.unwrap();
        server
    });
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "!");
    peer.await.unwrap();
}

#[tokio::test]
async fn a_flood_of_pings_does_not_hold_the_task() {
    let (mut end, mut server) = raw_pair(|c| c).await;
    server.write_all(&b"\x89\x00".repeat(10_000)).await.unwrap();
    server.write_all(b"\x82\x01x").await.unwrap();
    let mut turns = 0;
    let got = poll_fn(|cx| {
        turns += 1;
        end.poll_recv(cx)
    });
    assert_eq!(got.await.unwrap().unwrap(), "x");
    assert!(turns > 100, "{turns}");
}

#[tokio::test]
async fn a_peer_that_does_not_read_makes_us_wait_and_then_is_lost() {
    let short = AutoPing::new(Duration::from_millis(50), Duration::from_millis(100));
    let (mut end, server) = raw_pair(|c| c.auto_ping(short)).await;
    let chunk = frame(Serializer::Cbor, 64 << 10);
    let mut sent = 0;
    let error = loop {
        match send(&mut end, chunk.clone()).await {
            Ok(()) => sent += chunk.len(),
            Err(error) => break error,
        }
        // The system's buffers and ours; without a limit it would go on.
        assert!(sent < 64 << 20);
    };
    assert_eq!(error, TransportError::Timeout("the peer does not take what is sent"));
    assert!(sent >= 1 << 20);
    drop(server);
}
