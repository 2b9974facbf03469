//! The opening handshake's words: what a request must have, and clients without a subprotocol, which
//! are refused, or taken to speak JSON.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wampwerk::{Router, Serializer};

use crate::common::router_with;
use crate::common::soon;
use crate::common::wire;
use crate::common::wire::{read_all, read_head, tcp, upgrade};

async fn ask(router: &Router, strict: Option<bool>, more: &str) -> (String, TcpStream) {
    let listen = router.listen("ws://127.0.0.1:0/ws");
    let listen = match strict {
        Some(strict) => listen.strict_negotiation(strict),
        None => listen,
    };
    let listener = listen.await.unwrap();
    let mut stream = tcp(&listener).await;
    stream.write_all(upgrade(more).as_bytes()).await.unwrap();
    (read_head(&mut stream).await, stream)
}

fn router(serializers: &[Serializer]) -> Router {
    router_with(|it| it.serializers(serializers))
}

#[tokio::test]
async fn strict_is_the_default() {
    let router = router(&Serializer::ALL);
    let (head, mut stream) = ask(&router, None, "").await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    let text = read_all(&mut stream).await;
    assert!(text.contains("wamp.2.json") && text.contains("wamp.2.cbor"), "{text}");
}

#[tokio::test]
async fn json_is_assumed_and_none_announced() {
    let router = router(&Serializer::ALL);
    let lax = Some(false);
    let (head, mut stream) = ask(&router, lax, "").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(!head.to_ascii_lowercase().contains("sec-websocket-protocol"), "{head}");
    let hello = json!([1, "realm1", {"roles": {"caller": {}}}]).to_string();
    let mut frame = vec![0x81, 0x80 | u8::try_from(hello.len()).unwrap(), 0, 0, 0, 0];
    frame.extend(hello.as_bytes());
    stream.write_all(&frame).await.unwrap();
    let mut start = [0; 7];
    soon(stream.read_exact(&mut start)).await.unwrap();
    // A text frame that begins a WELCOME.
    assert_eq!((start[0], &start[4..]), (0x81, &b"[2,"[..]), "{start:?}");
}

#[tokio::test]
async fn json_is_assumed_of_who_names_only_others_too() {
    let lax = Some(false);
    let other = "Sec-WebSocket-Protocol: wamp.2.flatbuffers\r\n";
    let (head, _) = ask(&router(&Serializer::ALL), None, other).await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    let (head, _) = ask(&router(&Serializer::ALL), lax, other).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(!head.to_ascii_lowercase().contains("sec-websocket-protocol"), "{head}");
    // Where JSON is not spoken, there is nothing to assume.
    for more in ["", other] {
        let (head, _) = ask(&router(&[Serializer::Cbor]), lax, more).await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    }
    // Who names one gets it.
    let cbor = "Sec-WebSocket-Protocol: wamp.2.cbor\r\n";
    let (head, _) = ask(&router(&Serializer::ALL), lax, cbor).await;
    assert!(head.contains("\r\nSec-WebSocket-Protocol: wamp.2.cbor\r\n"), "{head}");
}

#[tokio::test]
async fn a_listener_is_as_strict_as_its_router_unless_it_says_otherwise() {
    let router = router_with(|it| it.strict_negotiation(false));
    for (strict, expected) in [(None, "101"), (Some(true), "400"), (Some(false), "101")] {
        let (head, _) = ask(&router, strict, "").await;
        assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{strict:?}: {head}");
    }
}

async fn status(request: &str) -> String {
    let router = router(&Serializer::ALL);
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let mut stream = tcp(&listener).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    read_head(&mut stream).await.split(' ').nth(1).unwrap().to_owned()
}

/// A header that is a list may come in several lines (RFC 9110, section 5.3); there are proxies that
/// write it so.
#[tokio::test]
async fn connection_and_upgrade_may_come_in_several_lines() {
    let whole = upgrade(wire::JSON);
    let lines = "Connection: keep-alive\r\nConnection: upgrade";
    assert_eq!(status(&whole.replace("Connection: Upgrade", lines)).await, "101");
    let lines = "Upgrade: h2c\r\nUpgrade: WebSocket";
    assert_eq!(status(&whole.replace("Upgrade: websocket", lines)).await, "101");
    for (what, other) in [
        ("Connection: Upgrade", "Connection: keep-alive"),
        ("Upgrade: websocket", "Upgrade: h2c"),
        ("Version: 13", "Version: 8"),
    ] {
        assert_eq!(status(&whole.replace(what, other)).await, "426", "{other}");
    }
    assert_eq!(status(&whole.replace("Sec-WebSocket-Key: ", "X: ")).await, "400");
}
