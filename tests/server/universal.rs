//! WebSocket and RawSocket at one place, told from each other by the first octet.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wampwerk::error::ListenError;
use wampwerk::internals::codec;
use wampwerk::server::Listener;
use wampwerk::session::connect_with;
use wampwerk::transport::{ServerOptions, WampRawSocketClientFactory, WampWebSocketClientFactory};
use wampwerk::{Router, Serializer, Session};

use crate::common::authority::Authority;
use crate::common::wire;
use crate::common::wire::{
    HELLO, JSON, RawSocket, frame, read_all, read_head, tcp, upgrade, write_slowly,
};
use crate::common::{router, soon};

async fn universal(router: &Router) -> Listener {
    router.listen("ws://127.0.0.1:0/ws").universal(true).await.unwrap()
}

/// That the two reach each other.
async fn assert_together(callee: &Session, caller: &Session) {
    let double = |number: i64| async move { number * 2 };
    let registration = callee.register("com.example.double", double).await.unwrap();
    let call = caller.call("com.example.double").args((21,));
    assert_eq!(call.value::<i64>().await.unwrap(), 42);
    registration.unregister().await.unwrap();
}

#[tokio::test]
async fn both_kinds_come_in_with_each_serializer() {
    let router = router();
    let listener = universal(&router).await;
    let raw_socket = listener.raw_socket_url().unwrap();
    assert_eq!(raw_socket, format!("rs://{}", listener.local_addr().unwrap()));
    for &serializer in codec::available() {
        let rs = WampRawSocketClientFactory::new(raw_socket, serializer).unwrap();
        let rs = connect_with(&rs, "realm1").await.unwrap();
        let ws = wampwerk::connect(listener.url(), "realm1").serializers(&[serializer]).await;
        let ws = ws.unwrap();
        assert_eq!((rs.transport().kind, ws.transport().kind), ("rawsocket", "websocket"));
        assert_eq!((rs.serializer(), ws.serializer()), (serializer, serializer));
        assert_together(&rs, &ws).await;
        assert_together(&ws, &rs).await;
    }
}

#[tokio::test]
async fn behind_tls() {
    let router = router();
    let authority = Authority::named("ours");
    let listener = router
        .listen("wss://localhost:0/ws")
        .tls(authority.server("localhost"))
        .universal(true)
        .await
        .unwrap();
    let url = listener.raw_socket_url().unwrap();
    assert!(url.starts_with("rss://localhost:"), "{url}");
    let rs = WampRawSocketClientFactory::new(url, Serializer::Json).unwrap();
    let rs = connect_with(rs.tls(authority.trusted()), "realm1").await.unwrap();
    let ws = WampWebSocketClientFactory::new(listener.url(), codec::available()).unwrap();
    let ws = connect_with(ws.tls(authority.trusted()), "realm1").await.unwrap();
    assert!(rs.transport().secure && ws.transport().secure);
    assert_together(&rs, &ws).await;
}

#[cfg(unix)]
#[tokio::test]
async fn on_a_unix_socket() {
    let folder = wire::Folder::new();
    let path = folder.socket();
    let router = router();
    let listener = router.listen(format!("ws://unix:{path}:/ws")).universal(true).await.unwrap();
    assert_eq!(listener.url(), format!("ws://unix:{path}:/ws"));
    assert_eq!(listener.raw_socket_url(), Some(&*format!("rs://unix:{path}")));
    let rs = listener.raw_socket_url().unwrap();
    let rs = WampRawSocketClientFactory::new(rs, Serializer::Json).unwrap();
    let rs = connect_with(&rs, "realm1").await.unwrap();
    let ws = wampwerk::connect(listener.url(), "realm1").await.unwrap();
    assert_together(&rs, &ws).await;
}

#[tokio::test]
async fn octet_by_octet() {
    let router = router();
    let listener = universal(&router).await;

    let mut stream = tcp(&listener).await;
    write_slowly(&mut stream, &HELLO).await;
    let mut raw = RawSocket(stream);
    assert_eq!(raw.octets().await.unwrap(), HELLO);
    let hello = json!([1, "realm1", {"roles": {"caller": {}}}]);
    write_slowly(&mut raw.0, &frame(&hello)).await;
    assert_eq!(raw.recv().await[0], 2);
    raw.assert_alive().await;

    let mut stream = tcp(&listener).await;
    write_slowly(&mut stream, upgrade(JSON).as_bytes()).await;
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
}

#[tokio::test]
async fn handshake_and_first_message_in_one_piece() {
    let router = router();
    let listener = universal(&router).await;
    let hello = json!([1, "realm1", {"roles": {"caller": {}}}]);

    let mut stream = tcp(&listener).await;
    stream.write_all(&[&HELLO[..], &frame(&hello)].concat()).await.unwrap();
    let mut raw = RawSocket(stream);
    assert_eq!(raw.octets().await.unwrap(), HELLO);
    assert_eq!(raw.recv().await[0], 2);

    let mut stream = tcp(&listener).await;
    let hello = hello.to_string();
    let mut bytes = upgrade(JSON).into_bytes();
    // A text frame, masked with zeros.
    bytes.extend([0x81, 0x80 | u8::try_from(hello.len()).unwrap(), 0, 0, 0, 0]);
    bytes.extend(hello.as_bytes());
    stream.write_all(&bytes).await.unwrap();
    read_head(&mut stream).await;
    assert_eq!(soon(stream.read_u8()).await.unwrap(), 0x81);
    let mut start = [0; 6];
    soon(stream.read_exact(&mut start)).await.unwrap();
    assert!(String::from_utf8_lossy(&start).contains("[2,"), "{start:?}");
}

#[tokio::test]
async fn what_is_neither_is_told_so() {
    let router = router();
    let listener = universal(&router).await;
    // MQTT, TLS, and rubbish.
    for garbage in [&b"\x10\x0c\x00\x04MQTT"[..], b"\x16\x03\x01\x00\xa5", b"\0\0\0\0", b"\xff"] {
        let mut stream = tcp(&listener).await;
        stream.write_all(garbage).await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{garbage:?}: {answer}");
    }
    // The octet, and then no RawSocket.
    for (request, answer) in [
        ([0x7f, 0xf0, 0, 0], &[][..]),
        ([0x7f, 0xff, 0, 0], &[0x7f, 0x10, 0, 0]),
        ([0x7f, 0xf1, 1, 0], &[0x7f, 0x30, 0, 0]),
    ] {
        let mut stream = tcp(&listener).await;
        stream.write_all(&request).await.unwrap();
        let mut got = Vec::new();
        let _ = soon(stream.read_to_end(&mut got)).await;
        assert_eq!(got, answer, "{request:?}");
    }
    // The place is as it was.
    RawSocket::join(tcp(&listener).await).await;
}

#[tokio::test]
async fn who_says_nothing_or_not_enough_is_given_up() {
    let router = router();
    let options = ServerOptions::new().open_handshake_timeout(Duration::from_millis(50));
    let listener =
        router.listen("ws://127.0.0.1:0/ws").universal(true).options(options).await.unwrap();
    for beginning in [&b""[..], b"\x7f", b"\x7f\xf1\x00", b"G", b"GET /ws HTTP/1.1\r\n"] {
        let mut stream = tcp(&listener).await;
        stream.write_all(beginning).await.unwrap();
        let answer = read_all(&mut stream).await;
        if beginning.starts_with(b"G") {
            // A request that is not whole.
            assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        } else {
            assert_eq!(answer, "", "{beginning:?}");
        }
    }
    assert_eq!(router.statistics().connections, 0);
}

#[tokio::test]
async fn who_leaves_at_once_does_no_harm() {
    let router = router();
    let listener = universal(&router).await;
    for beginning in [&b""[..], b"\x7f", b"\x7f\xf1", b"G", b"GET /ws HTTP/1.1\r\n\r"] {
        let mut stream = tcp(&listener).await;
        stream.write_all(beginning).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(read_all(&mut stream).await, "", "{beginning:?}");
    }
    RawSocket::join(tcp(&listener).await).await;
}

#[tokio::test]
async fn the_url_is_that_of_the_websocket() {
    let router = router();
    let error = router.listen("rs://127.0.0.1:0").universal(true).await.unwrap_err();
    assert!(matches!(&error, ListenError::InvalidUrl(_)), "{error}");
    assert!(error.to_string().contains("the URL of its WebSocket"), "{error}");
}
