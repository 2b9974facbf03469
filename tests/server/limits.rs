//! How many connections there may be, what a client beyond that is told, and options that cannot be.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wampwerk::Router;
use wampwerk::error::{ConnectError, ListenError, RawSocketRefusal};
use wampwerk::server::Listener;
use wampwerk::transport::{Ping, ServerOptions};

use crate::common::router_with;
use crate::common::wire::{HELLO, JSON, RawSocket, read_all, tcp, upgrade};
use crate::common::{router, soon};

async fn universal(router: &Router, options: ServerOptions) -> Listener {
    router.listen("ws://127.0.0.1:0/ws").universal(true).options(options).await.unwrap()
}

#[tokio::test]
async fn one_more_is_told_so_in_its_own_words() {
    let router = router();
    let listener = universal(&router, ServerOptions::new().max_connections(2)).await;
    let first = wampwerk::connect(listener.url(), "realm1").await.unwrap();
    let _second = RawSocket::join(tcp(&listener).await).await;

    let mut stream = tcp(&listener).await;
    stream.write_all(upgrade(JSON).as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    assert!(answer.contains("too many connections"), "{answer}");

    let mut stream = tcp(&listener).await;
    stream.write_all(&HELLO).await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    assert_eq!(answer, [0x7f, 0x40, 0, 0]);

    // Clients of ours say it, too.
    match wampwerk::connect(listener.url(), "realm1").await.unwrap_err() {
        ConnectError::Handshake { message: text, .. } => assert!(text.contains("503"), "{text}"),
        other => panic!("{other}"),
    }
    let url = listener.raw_socket_url().unwrap();
    match wampwerk::connect(url, "realm1").await.unwrap_err() {
        ConnectError::RawSocketRefused { refusal, .. } => {
            assert_eq!(refusal, RawSocketRefusal::TooManyConnections);
        }
        other => panic!("{other}"),
    }
    assert_eq!(router.statistics().connections, 2);

    // As soon as one has gone there is room again; the server may need a moment to see that.
    first.leave().await;
    let again = async {
        loop {
            match wampwerk::connect(url, "realm1").await {
                Ok(session) => return session,
                Err(ConnectError::RawSocketRefused { .. }) => tokio::task::yield_now().await,
                Err(other) => panic!("{other}"),
            }
        }
    };
    soon(again).await.publish("com.example.topic").acknowledge().await.unwrap();
}

#[tokio::test]
async fn a_raw_socket_alone_says_it_before_the_client_has_spoken() {
    let router = router();
    let options = ServerOptions::new().max_connections(1);
    let listener = router.listen("rs://127.0.0.1:0").options(options).await.unwrap();
    let _first = RawSocket::join(tcp(&listener).await).await;
    let mut stream = tcp(&listener).await;
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    assert_eq!(answer, [0x7f, 0x40, 0, 0]);
}

#[tokio::test]
async fn who_does_not_shake_hands_holds_its_place_only_for_so_long() {
    let router = router();
    let options =
        ServerOptions::new().max_connections(1).open_handshake_timeout(Duration::from_millis(50));
    let listener = universal(&router, options).await;
    let mut silent = tcp(&listener).await;
    let mut late = tcp(&listener).await;
    late.write_all(upgrade(JSON).as_bytes()).await.unwrap();
    assert!(read_all(&mut late).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(read_all(&mut silent).await, "");
    // The place is free when the silent one is told so, or a moment later.
    let join = async {
        loop {
            match wampwerk::connect(listener.url(), "realm1").await {
                Ok(session) => return session,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    soon(join).await;
}

#[tokio::test]
async fn refusals_are_bounded_too() {
    let router = router();
    let listener = universal(&router, ServerOptions::new().max_connections(1)).await;
    let mut first = RawSocket::join(tcp(&listener).await).await;
    // They are about to be told, and do not say what they want to hear.
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(tcp(&listener).await);
    }
    // One more is dropped without a word; connections are taken in their order.
    let mut dropped = tcp(&listener).await;
    assert_eq!(read_all(&mut dropped).await, "");
    // The others are still listened to.
    let mut one = silent.pop().unwrap();
    one.write_all(upgrade(JSON).as_bytes()).await.unwrap();
    assert!(read_all(&mut one).await.starts_with("HTTP/1.1 503 "));
    first.assert_alive().await;
}

#[tokio::test]
async fn options_that_cannot_be_are_named() {
    let router = router();
    let new = ServerOptions::new;
    let ws = [
        (new().max_connections(0), "max_connections"),
        (new().max_message_payload_size(0), "max_message_payload_size"),
        (new().max_frame_payload_size(0), "max_frame_payload_size"),
        (new().open_handshake_timeout(Duration::ZERO), "open_handshake_timeout"),
        (new().send_timeout(Duration::ZERO), "send_timeout"),
        (new().allowed_origins(["https://example.com"]), "allowed_origins"),
        (new().unix_mode(0o1777), "unix_mode"),
    ];
    let rs = [
        (new().max_frame_payload_size(1000), "max_frame_payload_size"),
        (new().auto_fragment_size(1000), "auto_fragment_size"),
        (new().per_message_deflate(None), "per_message_deflate"),
        (new().allowed_origins(["*"]), "allowed_origins"),
        (new().allow_null_origin(true), "allow_null_origin"),
        (new().external_port(80), "external_port"),
        (new().fail_by_drop(true), "fail_by_drop"),
    ];
    let all = ws.into_iter().map(|one| ("ws://127.0.0.1:0/", one));
    let all = all.chain(rs.into_iter().map(|one| ("rs://127.0.0.1:0", one)));
    for (url, (options, name)) in all {
        match router.listen(url).options(options).await.unwrap_err() {
            ListenError::InvalidConfig(error) => assert_eq!(error.path, name),
            other => panic!("{name}: {other}"),
        }
    }
    let raw = || router.listen("rs://127.0.0.1:0");
    for (listen, name) in
        [(raw().strict_negotiation(false), "strict_negotiation"), (raw().batched(false), "batched")]
    {
        match listen.await.unwrap_err() {
            ListenError::InvalidConfig(error) => assert_eq!(error.path, name),
            other => panic!("{name}: {other}"),
        }
    }
    // Those of both, and those of a router that has batches.
    let both = new()
        .max_message_payload_size(1 << 20)
        .auto_ping(Ping::default())
        .close_timeout(Duration::ZERO)
        .send_timeout(None);
    let batched = router_with(|it| it.batched(true));
    for url in ["ws://127.0.0.1:0/", "rs://127.0.0.1:0"] {
        batched.listen(url).options(both.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn a_router_s_settings_are_the_defaults() {
    let handshake = Duration::from_millis(50);
    let builder = Router::builder().realm("realm1").max_message_payload_size(5000);
    let router = builder.open_handshake_timeout(handshake).build().unwrap();
    let listener = router.listen("rs://127.0.0.1:0").await.unwrap();
    let mut stream = tcp(&listener).await;
    assert_eq!(read_all(&mut stream).await, "");
    let mut raw = RawSocket(tcp(&listener).await);
    raw.0.write_all(&HELLO).await.unwrap();
    // 2^(9+4) octets.
    assert_eq!(raw.octets().await.unwrap(), [0x7f, 0x41, 0, 0]);

    let options = ServerOptions::new().max_message_payload_size(512);
    let listener = router.listen("rs://127.0.0.1:0").options(options).await.unwrap();
    let mut raw = RawSocket(tcp(&listener).await);
    raw.0.write_all(&HELLO).await.unwrap();
    assert_eq!(raw.octets().await.unwrap(), [0x7f, 0x01, 0, 0]);
}
