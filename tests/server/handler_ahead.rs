//! What a server sees of a peer while its handler is at work: the end comes through, what was said
//! before it counts, and a handler that is stuck does not keep its connection.

use std::future::pending;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use wampwerk::Serializer;
use wampwerk::websocket::CloseCode;

use crate::common::handled::{Seen, call, gated, recorder};

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_gone_is_noticed_whatever_it_has_said_before() {
    for closes in [true, false] {
        for messages in [1, 2, 60] {
            let mut server = recorder(|_, _| pending());
            let mut peer = server.connect(Serializer::ALL[0], 8).await;
            for request in 1..=messages {
                peer.send(call(request, json!([]))).await;
            }
            server.expect(&[Seen::Open, Seen::Message(1)]).await;
            let begin = Instant::now();
            if closes {
                peer.close().await;
            } else {
                peer.lose();
            }
            // The method is dropped, and nothing more is asked of the handler.
            server.expect(&[Seen::Close(closes)]).await;
            assert_eq!(begin.elapsed(), Duration::from_secs(10), "{messages}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_the_end_is_handled_if_there_is_time() {
    for closes in [true, false] {
        let (mut server, gate) = gated();
        let mut peer = server.connect(Serializer::ALL[0], 8).await;
        let transport = server.transport().await;
        for request in 1..=4 {
            peer.send(call(request, json!([]))).await;
        }
        server.expect(&[Seen::Open, Seen::Message(1)]).await;
        let begin = Instant::now();
        if closes {
            peer.close().await;
        } else {
            peer.lose();
        }
        for request in 2..=3 {
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert!(!transport.is_open());
            gate.add_permits(1);
            server.expect(&[Seen::Message(request)]).await;
        }
        // All of it has these ten seconds together.
        server.expect(&[Seen::Close(closes)]).await;
        assert_eq!(begin.elapsed(), Duration::from_secs(10));
    }
}

#[tokio::test(start_paused = true)]
async fn last_words_that_are_no_message_make_the_end_unclean() {
    let (mut server, gate) = gated();
    let mut peer = server.connect(Serializer::Json, 8).await;
    peer.send(call(1, json!([]))).await;
    peer.send_frame("no message".into()).await;
    peer.send(call(2, json!([]))).await;
    server.expect(&[Seen::Open, Seen::Message(1)]).await;
    peer.close().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    gate.add_permits(1);
    server.expect(&[Seen::Close(false)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_closes_gets_nothing_more() {
    for gone in [true, false] {
        let mut server = recorder(|_, transport| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            transport.close();
            Ok(())
        });
        let mut peer = server.connect(Serializer::ALL[0], 8).await;
        for request in 1..=4 {
            peer.send(call(request, json!([]))).await;
        }
        server.expect(&[Seen::Open, Seen::Message(1)]).await;
        if gone {
            peer.close().await;
        }
        server.expect(&[Seen::Close(true)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_stuck_does_not_keep_a_peer_that_goes_on() {
    let mut server = recorder(|_, _| pending());
    let mut peer = server.connect(Serializer::ALL[0], 8).await;
    let begin = Instant::now();
    for request in 1..=65 {
        peer.send(call(request, json!([]))).await;
    }
    assert_eq!(peer.end().await, Ok(()));
    assert_eq!(peer.closed_with(), Some(CloseCode::InternalError));
    assert_eq!(begin.elapsed(), Duration::from_secs(60));
    server.expect(&[Seen::Open, Seen::Message(1), Seen::Close(false)]).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(70));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_only_slow_keeps_it() {
    let (mut server, gate) = gated();
    let mut peer = server.connect(Serializer::ALL[0], 8).await;
    server.expect(&[Seen::Open]).await;
    for request in 1..=65 {
        peer.send(call(request, json!([]))).await;
    }
    server.expect(&[Seen::Message(1)]).await;
    for request in 2..=5 {
        tokio::time::sleep(Duration::from_secs(59)).await;
        gate.add_permits(1);
        server.expect(&[Seen::Message(request)]).await;
        peer.send(call(64 + request, json!([]))).await;
    }
    gate.add_permits(100);
    for request in 6..=69 {
        server.expect(&[Seen::Message(request)]).await;
    }
}
