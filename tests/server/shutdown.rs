//! `Listener::shutdown` ends the connections of one listener, and lets all others be.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use wampwerk::error::{CallError, CloseKind};
use wampwerk::server::Listener;
use wampwerk::{Router, connect};

use crate::common::wire::{RawSocket, address, read_all, tcp};
use crate::common::{router, soon};

async fn universal(router: &Router) -> Listener {
    router.listen("ws://127.0.0.1:0/ws").universal(true).await.unwrap()
}

#[tokio::test]
async fn its_sessions_get_goodbye_and_others_stay() {
    let router = router();
    let [ends, stays] = [universal(&router).await, universal(&router).await];
    let inside = router.connect("realm1").await.unwrap();
    let other = connect(stays.url(), "realm1").await.unwrap();
    let ws = connect(ends.url(), "realm1").await.unwrap();
    let rs = connect(ends.raw_socket_url().unwrap(), "realm1").await.unwrap();
    let hangs = || async { std::future::pending::<()>().await };
    rs.register("com.example.hangs", hangs).await.unwrap();
    let calling = tokio::spawn(other.call("com.example.hangs").into_future());
    let calling_too = tokio::spawn(ws.call("com.example.hangs").into_future());
    while router.statistics().calls < 2 {
        tokio::task::yield_now().await;
    }
    let port = address(&ends);
    soon(ends.shutdown()).await;

    for session in [&ws, &rs] {
        let reason = session.closed().await;
        assert_eq!(reason.kind, CloseKind::Goodbye);
        assert_eq!(reason.reason, "wamp.close.system_shutdown");
    }
    // Who stays is told what became of its call; who goes is not, as everything ends.
    match calling.await.unwrap().unwrap_err() {
        CallError::Application(error) => assert_eq!(error.uri, "wamp.error.canceled"),
        other => panic!("{other}"),
    }
    assert!(matches!(calling_too.await.unwrap().unwrap_err(), CallError::Closed { .. }));
    assert!(TcpStream::connect(port).await.is_err());
    assert_eq!(router.statistics().sessions, 2);
    let mut events = inside.subscribe("com.example.topic").await.unwrap();
    other.publish("com.example.topic").args((1,)).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().decode::<u8>().unwrap(), 1);
    connect(stays.url(), "realm1").await.unwrap();
}

#[tokio::test]
async fn what_waits_for_a_client_is_sent_before() {
    const EVENTS: u64 = 2_000;
    let router = router();
    let listener = universal(&router).await;
    let publisher = router.connect("realm1").await.unwrap();
    let mut raw = RawSocket::join(tcp(&listener).await).await;
    raw.send(&json!([32, 1, {}, "com.example.topic"])).await;
    assert_eq!(raw.recv().await[0], 33);
    let text = "x".repeat(400);
    for number in 0..EVENTS {
        publisher.publish("com.example.topic").args((number, &text)).await.unwrap();
    }
    publisher.publish("com.example.topic").args((EVENTS, "")).acknowledge().await.unwrap();
    let ending = tokio::spawn(listener.shutdown());
    for number in 0..=EVENTS {
        assert_eq!(raw.recv().await[4][0], number);
    }
    assert_eq!(raw.recv().await, json!([6, {}, "wamp.close.system_shutdown"]));
    assert!(!ending.is_finished(), "the client has not answered");
    raw.send(&json!([6, {}, "wamp.close.goodbye_and_out"])).await;
    let mut rest = Vec::new();
    soon(raw.0.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"");
    drop(raw);
    soon(ending).await.unwrap();
}

#[tokio::test]
async fn who_does_not_answer_is_waited_for_only_so_long() {
    let router = router();
    let listener = universal(&router).await;
    let _silent = RawSocket::join(tcp(&listener).await).await;
    let _no_session = RawSocket::open(tcp(&listener).await).await;
    let mut in_handshake = tcp(&listener).await;
    // It was accepted before those that come after it.
    let _last = RawSocket::open(tcp(&listener).await).await;
    // "Some seconds."
    tokio::time::timeout(Duration::from_secs(15), listener.shutdown()).await.unwrap();
    assert_eq!(read_all(&mut in_handshake).await, "");
    assert_eq!(router.statistics().connections, 0);
}

#[tokio::test]
async fn of_a_router_that_has_gone_down_nothing_is_left() {
    let router = router();
    let listener = universal(&router).await;
    let session = connect(listener.url(), "realm1").await.unwrap();
    router.shutdown().await;
    soon(listener.shutdown()).await;
    assert_eq!(session.closed().await.reason, "wamp.close.system_shutdown");
}

#[tokio::test]
async fn after_closing_the_connections_go_on_until_the_router_ends_them() {
    let router = router();
    let listener = universal(&router).await;
    let session = connect(listener.url(), "realm1").await.unwrap();
    let port = address(&listener);
    listener.close().await;
    assert!(TcpStream::connect(port).await.is_err());
    session.publish("com.example.topic").acknowledge().await.unwrap();
    soon(router.shutdown()).await;
    assert_eq!(session.closed().await.reason, "wamp.close.system_shutdown");
}
