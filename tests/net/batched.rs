//! The subprotocols `wamp.2.<serializer>.batched` over loopback: who chooses them, what is on the
//! wire, and peers that send what is no batch.

use std::future::poll_fn;

use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tungstenite::Message;
use wampwerk::error::TransportError;
use wampwerk::internals::framing::batch::{Batch, BatchFormat};
use wampwerk::transport::Acceptor;
use wampwerk::transport::{Connector, ServerOptions, Transport, WampWebSocketClientFactory};
use wampwerk::websocket::CloseCode;
use wampwerk::{Serializer, connect};

use crate::common::raw_client::Server;
use crate::common::router_with;

async fn pair_with(
    serializers: &[Serializer],
    set_client: impl FnOnce(WampWebSocketClientFactory) -> WampWebSocketClientFactory,
    set_server: impl FnOnce(Acceptor) -> Acceptor,
) -> (Box<dyn Transport>, Box<dyn Transport>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let config = set_server(Acceptor::websocket("/ws", &Serializer::ALL));
    let accepted = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        config.accept(stream, peer).await.unwrap()
    });
    let factory = set_client(WampWebSocketClientFactory::new(&url, serializers).unwrap());
    (factory.connect().await.unwrap(), accepted.await.unwrap())
}

async fn batched_pair(serializer: Serializer) -> (Box<dyn Transport>, Box<dyn Transport>) {
    pair_with(&[serializer], |c| c.batched(true), |s| s.batched(true)).await
}

async fn recv(end: &mut Box<dyn Transport>) -> Option<Result<Bytes, TransportError>> {
    poll_fn(|cx| end.poll_recv(cx)).await
}

async fn send(end: &mut Box<dyn Transport>, frame: Bytes) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_ready(cx)).await?;
    end.start_send(frame)
}

async fn flush(end: &mut Box<dyn Transport>) {
    poll_fn(|cx| end.poll_flush(cx)).await.unwrap();
}

#[tokio::test]
async fn both_ends_must_want_batches() {
    for serializer in Serializer::ALL {
        for (client, server) in [(false, false), (false, true), (true, false), (true, true)] {
            let (left, right) =
                pair_with(&[serializer], |c| c.batched(client), |s| s.batched(server)).await;
            for end in [left, right] {
                assert_eq!(end.info().serializer, serializer);
                assert_eq!(end.info().batched, client && server);
            }
        }
    }
}

#[tokio::test]
async fn the_order_of_the_client_decides() {
    for serializers in [
        [Serializer::Cbor, Serializer::Json],
        [Serializer::Json, Serializer::Cbor],
        [Serializer::MsgPack, Serializer::Cbor],
    ] {
        for batched in [false, true] {
            let (left, right) =
                pair_with(&serializers, |c| c.batched(batched), |s| s.batched(true)).await;
            for end in [left, right] {
                assert_eq!(end.info().serializer, serializers[0]);
                assert_eq!(end.info().batched, batched);
            }
        }
    }
}

#[tokio::test]
async fn frames_go_both_ways_in_order() {
    for serializer in Serializer::ALL {
        let (mut left, mut right) = batched_pair(serializer).await;
        // Together longer than a batch gets.
        let frames: Vec<Bytes> =
            (0..5000).map(|number| format!("frame {number} of some length").into()).collect();
        for frame in &frames {
            send(&mut left, frame.clone()).await.unwrap();
            send(&mut right, frame.clone()).await.unwrap();
        }
        tokio::join!(flush(&mut left), flush(&mut right));
        for frame in &frames {
            assert_eq!(recv(&mut left).await.unwrap().unwrap(), frame);
            assert_eq!(recv(&mut right).await.unwrap().unwrap(), frame);
        }
        // What waits when an end closes goes before.
        send(&mut left, "last".into()).await.unwrap();
        let (closed, ()) =
            tokio::join!(poll_fn(|cx| left.poll_close(cx, CloseCode::Normal)), async {
                assert_eq!(recv(&mut right).await.unwrap().unwrap(), "last");
                assert!(recv(&mut right).await.is_none());
                poll_fn(|cx| right.poll_close(cx, CloseCode::Normal)).await.unwrap();
            });
        closed.unwrap();
    }
}

#[tokio::test]
async fn the_limit_of_size_holds_for_the_whole_frame() {
    const LIMIT: usize = 1000;
    for serializer in Serializer::ALL {
        let set = |c: WampWebSocketClientFactory| c.batched(true).max_message_payload_size(LIMIT);
        let (mut left, mut right) = pair_with(&[serializer], set, |s| {
            s.batched(true).options(ServerOptions::new().max_message_payload_size(LIMIT))
        })
        .await;
        let limit = LIMIT - BatchFormat::of(serializer).overhead();
        assert_eq!(left.info().max_send, limit);
        for size in [limit, 1, limit / 2, limit / 2, limit, 0] {
            send(&mut left, vec![b'x'; size].into()).await.unwrap();
        }
        let error = send(&mut left, vec![b'x'; limit + 1].into()).await.unwrap_err();
        assert_eq!(error, TransportError::TooLarge { size: limit + 1, limit });
        flush(&mut left).await;
        for size in [limit, 1, limit / 2, limit / 2, limit, 0] {
            assert_eq!(recv(&mut right).await.unwrap().unwrap().len(), size);
        }
    }
}

/// A server made of tungstenite, so that what is on the wire is seen.
async fn raw_server(
    protocol: &'static str,
) -> (Box<dyn Transport>, tungstenite::WebSocket<std::net::TcpStream>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let server = tokio::task::spawn_blocking(move || {
        #[allow(clippy::result_large_err, reason = "tungstenite's")]
        let choose = |request: &tungstenite::handshake::server::Request,
                      mut response: tungstenite::handshake::server::Response| {
            let offered = request.headers().get("Sec-WebSocket-Protocol").unwrap();
            let offered = offered.to_str().unwrap();
            let unbatched = protocol.strip_suffix(".batched").unwrap();
            assert_eq!(offered, format!("{protocol}, {unbatched}"));
            let chosen = protocol.parse().unwrap();
            response.headers_mut().insert("Sec-WebSocket-Protocol", chosen);
            Ok(response)
        };
        tungstenite::accept_hdr(listener.accept().unwrap().0, choose).unwrap()
    });
    let name = protocol.split('.').nth(2).unwrap();
    let serializer = Serializer::from_id(name).unwrap();
    let factory = WampWebSocketClientFactory::new(&url, &[serializer]).unwrap().batched(true);
    (factory.connect().await.unwrap(), server.await.unwrap())
}

#[tokio::test]
async fn what_is_sent_between_two_flushes_is_one_frame() {
    let (mut end, mut server) = raw_server("wamp.2.cbor.batched").await;
    for number in 0..100u8 {
        send(&mut end, vec![0x81, number].into()).await.unwrap();
    }
    flush(&mut end).await;
    let Message::Binary(frame) = server.read().unwrap() else { panic!("binary") };
    assert_eq!(frame.len(), 600);
    assert_eq!(&frame[..12], b"\0\0\0\x02\x81\0\0\0\0\x02\x81\x01");
    // A long row of messages leaves in several frames, though it is not flushed.
    for _ in 0..3 {
        send(&mut end, vec![0x80; 60_000].into()).await.unwrap();
    }
    flush(&mut end).await;
    for _ in 0..3 {
        assert_eq!(server.read().unwrap().len(), 60_004);
    }
}

#[tokio::test]
async fn the_separator_of_the_peer_is_taken_over() {
    let (mut end, mut server) = raw_server("wamp.2.json.batched").await;
    send(&mut end, "[1]".into()).await.unwrap();
    flush(&mut end).await;
    // Autobahn and Crossbar read nothing else.
    assert_eq!(server.read().unwrap(), Message::text("[1]\x18"));
    send(&mut end, "[2]".into()).await.unwrap();
    server.send(Message::text("[3]\x1e[4]\x1e")).unwrap();
    for text in ["[3]", "[4]"] {
        assert_eq!(recv(&mut end).await.unwrap().unwrap(), text);
    }
    // What was gathered before is not mixed with what comes now.
    send(&mut end, "[5]".into()).await.unwrap();
    flush(&mut end).await;
    assert_eq!(server.read().unwrap(), Message::text("[2]\x18[5]\x18"));
    send(&mut end, "[6]".into()).await.unwrap();
    send(&mut end, "[7]".into()).await.unwrap();
    flush(&mut end).await;
    assert_eq!(server.read().unwrap(), Message::text("[6]\x1e[7]\x1e"));
}

#[tokio::test]
async fn what_is_no_batch_is_a_violation_and_closes_with_1002() {
    for (protocol, frame, text) in [
        ("wamp.2.json.batched", Message::text(""), "contains no message"),
        ("wamp.2.cbor.batched", Message::binary(&b""[..]), "contains no message"),
        ("wamp.2.json.batched", Message::text("[1]\x18[2]"), "does not end with a separator"),
        ("wamp.2.cbor.batched", Message::binary(&b"\0\0\0\x02\x80"[..]), "ends within a message"),
        ("wamp.2.msgpack.batched", Message::binary(&b"\0\0\0\0\0"[..]), "1 bytes follow"),
    ] {
        let (mut end, mut server) = raw_server(protocol).await;
        server.send(frame).unwrap();
        let error = recv(&mut end).await.unwrap().unwrap_err();
        assert!(matches!(&error, TransportError::Violation(_)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(recv(&mut end).await.is_none());
        let peer = tokio::task::spawn_blocking(move || {
            let Message::Close(Some(frame)) = server.read().unwrap() else { panic!("a close") };
            let _ = server.flush();
            frame.code
        });
        poll_fn(|cx| end.poll_close(cx, CloseCode::Normal)).await.unwrap();
        assert_eq!(u16::from(peer.await.unwrap()), 1002);
    }
}

#[test]
fn the_router_answers_with_the_separator_of_the_client() {
    let server = Server::with(|builder| builder.batched(true));
    for format in [BatchFormat::Separated18, BatchFormat::Separated1e] {
        let mut raw = server.open("/ws", Some("wamp.2.json.batched")).unwrap();
        let mut batch = Vec::new();
        for message in [
            json!([1, "realm1", {"roles": {"publisher": {}}}]),
            json!([16, 1, {"acknowledge": true}, "com.example.topic"]),
            json!([16, 2, {"acknowledge": true}, "com.example.topic"]),
        ] {
            assert!(format.append(message.to_string().as_bytes(), &mut batch));
        }
        raw.send_text(&String::from_utf8(batch).unwrap());
        let mut codes = Vec::new();
        while codes.len() < 3 {
            let batch = Batch::read(Serializer::Json, raw.recv_text().into()).unwrap();
            assert_eq!(batch.format(), format);
            for message in batch {
                let message: serde_json::Value = serde_json::from_slice(&message).unwrap();
                codes.push(message[0].as_u64().unwrap());
            }
        }
        assert_eq!(codes, [2, 17, 17]);
    }
}

#[test]
fn a_router_without_batches_takes_the_next_offer_or_refuses() {
    let server = Server::start();
    assert!(server.open("/ws", Some("wamp.2.json.batched, wamp.2.json")).is_ok());
    let refusal = server.open("/ws", Some("wamp.2.json.batched")).err().unwrap();
    assert_eq!(refusal.status(), 400);
}

#[tokio::test]
async fn a_bad_message_in_a_batch_offends_only_its_sender() {
    let router = router_with(|it| it.batched(true));
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let bystander = connect(listener.url(), "realm1").batched(true).await.unwrap();
    let factory = WampWebSocketClientFactory::new(listener.url(), &[Serializer::Json]).unwrap();
    let mut end = factory.batched(true).connect().await.unwrap();
    send(&mut end, r#"[1,"realm1",{"roles":{"publisher":{}}}]"#.into()).await.unwrap();
    send(&mut end, r#"[16,1,{"acknowledge":true},"com.example.topic"]"#.into()).await.unwrap();
    send(&mut end, "".into()).await.unwrap();
    flush(&mut end).await;
    for code in ["[2,", "[17,1,", "[3,"] {
        let message = recv(&mut end).await.unwrap().unwrap();
        assert!(message.starts_with(code.as_bytes()), "{code}: {message:?}");
    }
    bystander.publish("com.example.topic").acknowledge().await.unwrap();
}
