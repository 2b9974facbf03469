//! The WebSocket transport over loopback: both of our ends, and peers that misbehave.
#![cfg(all(not(target_arch = "wasm32"), feature = "client", feature = "router"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::future::poll_fn;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wampwerk::transport::{
    AcceptConfig, AcceptError, AutoPing, CloseCode, Connector, Transport,
    WampWebSocketClientFactory, accept,
};
use wampwerk::{ConnectError, Serializer, TransportError};

const ALL: [Serializer; 3] = Serializer::ALL;

type Accepted = JoinHandle<Result<Box<dyn Transport>, AcceptError>>;

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    (listener, url)
}

fn accept_one(listener: TcpListener, config: AcceptConfig) -> Accepted {
    tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        accept(stream, peer, &config).await
    })
}

fn client(url: &str, serializers: &[Serializer]) -> WampWebSocketClientFactory {
    WampWebSocketClientFactory::new(url, serializers).unwrap()
}

/// Client and server, connected.
async fn pair(serializer: Serializer) -> (Box<dyn Transport>, Box<dyn Transport>) {
    pair_with(serializer, |client| client, |server| server).await
}

async fn pair_with(
    serializer: Serializer,
    set_client: impl FnOnce(WampWebSocketClientFactory) -> WampWebSocketClientFactory,
    set_server: impl FnOnce(AcceptConfig) -> AcceptConfig,
) -> (Box<dyn Transport>, Box<dyn Transport>) {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, set_server(AcceptConfig::new("/ws", &ALL)));
    let connected = set_client(client(&url, &[serializer])).connect().await.unwrap();
    (connected, accepted.await.unwrap().unwrap())
}

async fn recv(end: &mut Box<dyn Transport>) -> Option<Result<Bytes, TransportError>> {
    poll_fn(|cx| end.poll_recv(cx)).await
}

async fn send(end: &mut Box<dyn Transport>, frame: Bytes) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_ready(cx)).await?;
    end.start_send(frame)
}

async fn flush(end: &mut Box<dyn Transport>) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_flush(cx)).await
}

async fn close(end: &mut Box<dyn Transport>, code: CloseCode) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_close(cx, code)).await
}

/// A server made of plain TCP, which has read the client's request.
async fn raw_server(
    answer: impl FnOnce(&str) -> String + Send + 'static,
) -> (String, JoinHandle<TcpStream>) {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        stream.write_all(answer(&head).as_bytes()).await.unwrap();
        stream
    });
    (url, server)
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A correct answer to a client's request.
fn switching(head: &str, more: &str) -> String {
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// A client made of plain TCP; what the server answered to this request.
async fn raw_request(config: AcceptConfig, request: &str) -> (String, AcceptError) {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, config);
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer, accepted.await.unwrap().err().unwrap())
}

fn request(path: &str, protocols: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocols}\r\n"
    )
}

fn frame(serializer: Serializer, size: usize) -> Bytes {
    match serializer {
        Serializer::Json => "x".repeat(size).into(),
        _ => (0..size).map(|index| index as u8).collect::<Vec<_>>().into(),
    }
}

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
async fn sizes_up_to_the_limit_pass_and_longer_ones_are_refused() {
    const LIMIT: usize = 1 << 20;
    for serializer in [Serializer::Json, Serializer::Cbor] {
        let (mut left, mut right) =
            pair_with(serializer, |c| c.max_message_size(LIMIT), |s| s.max_message_size(LIMIT))
                .await;
        assert_eq!(left.info().max_send, LIMIT);
        for size in [0, 1, 125, 126, 65535, 65536, LIMIT - 1, LIMIT] {
            let sent = frame(serializer, size);
            let got = tokio::join!(
                async {
                    send(&mut left, sent.clone()).await.unwrap();
                    flush(&mut left).await.unwrap();
                },
                recv(&mut right)
            );
            assert!(got.1.unwrap().unwrap() == sent, "{size}");
        }
        let too_long = TransportError::TooLarge { size: LIMIT + 1, limit: LIMIT };
        assert_eq!(send(&mut left, frame(serializer, LIMIT + 1)).await, Err(too_long));
        // The transport stays usable.
        send(&mut left, frame(serializer, 3)).await.unwrap();
        flush(&mut left).await.unwrap();
        assert_eq!(recv(&mut right).await.unwrap().unwrap(), frame(serializer, 3));
    }
}

#[tokio::test]
async fn the_default_limit_is_16_mib() {
    let (mut left, mut right) = pair(Serializer::MsgPack).await;
    assert_eq!(left.info().max_send, 16 << 20);
    let sent = frame(Serializer::MsgPack, 16 << 20);
    let got = tokio::join!(
        async {
            send(&mut left, sent.clone()).await.unwrap();
            flush(&mut left).await.unwrap();
        },
        recv(&mut right)
    );
    assert!(got.1.unwrap().unwrap() == sent);
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection_with_1009() {
    let (mut left, right) = pair_with(Serializer::Cbor, |c| c, |s| s.max_message_size(1000)).await;
    let server = tokio::spawn(async move {
        let mut right = right;
        let error = recv(&mut right).await.unwrap().unwrap_err();
        assert_eq!(error, TransportError::TooLarge { size: 5_000_000, limit: 1000 });
        assert!(recv(&mut right).await.is_none());
        close(&mut right, CloseCode::Normal).await.unwrap();
    });
    send(&mut left, frame(Serializer::Cbor, 5_000_000)).await.unwrap();
    // The server reads no more of it, but takes it, so that its Close frame arrives.
    flush(&mut left).await.unwrap();
    assert!(recv(&mut left).await.is_none());
    close(&mut left, CloseCode::Normal).await.unwrap();
    server.await.unwrap();
}

/// A server made of plain TCP, after the handshake in `wamp.2.cbor`, and the client to it.
async fn raw_pair(
    set: impl FnOnce(WampWebSocketClientFactory) -> WampWebSocketClientFactory,
) -> (Box<dyn Transport>, TcpStream) {
    let (url, server) =
        raw_server(|head| switching(head, "Sec-WebSocket-Protocol: wamp.2.cbor\r\n")).await;
    let end = set(client(&url, &[Serializer::Cbor])).connect().await.unwrap();
    (end, server.await.unwrap())
}

/// The payload of the next frame of a client, unmasked, and its first byte.
async fn client_frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.unwrap();
    let length = stream.read_u8().await.unwrap();
    assert_eq!(length & 0x80, 0x80, "a client masks");
    assert!(length & 0x7f < 126, "short frames only");
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; usize::from(length & 0x7f)];
    stream.read_exact(&mut payload).await.unwrap();
    for (byte, mask) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
    (first, payload)
}

#[tokio::test]
async fn our_failures_have_their_close_codes_on_the_wire() {
    let cases: [(&[u8], u16, &str); 6] = [
        (b"\x81\x02hi", 1002, "text message"),
        (b"\x81\x01\xff", 1002, "utf-8"),
        (b"\xf2\x00", 1002, "Reserved bits"),
        (b"\x83\x00", 1002, "invalid opcode"),
        (b"\x80\x00", 1002, "Continue frame"),
        (b"\x82\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", 1009, "exceeds the limit"),
    ];
    for (sent, code, text) in cases {
        let (mut end, mut server) = raw_pair(|c| c).await;
        server.write_all(sent).await.unwrap();
        let error = recv(&mut end).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(text), "{sent:?}: {error}");
        let peer = tokio::spawn(async move {
            let frame = client_frame(&mut server).await;
            // The client has ended its direction; then so does the server, without an answer.
            assert_eq!(server.read(&mut [0; 10]).await.unwrap(), 0);
            frame
        });
        close(&mut end, CloseCode::Normal).await.unwrap();
        assert_eq!(peer.await.unwrap(), (0x88, code.to_be_bytes().to_vec()), "{sent:?}");
    }
}

#[tokio::test]
async fn closing_sends_our_code_and_waits_for_the_answer() {
    for (code, number) in [
        (CloseCode::Normal, 1000u16),
        (CloseCode::GoingAway, 1001),
        (CloseCode::ProtocolError, 1002),
        (CloseCode::InternalError, 1011),
    ] {
        let (mut end, mut server) = raw_pair(|c| c).await;
        send(&mut end, "last".into()).await.unwrap();
        let peer = tokio::spawn(async move {
            assert_eq!(client_frame(&mut server).await, (0x82, b"last".to_vec()));
            let frame = client_frame(&mut server).await;
            // Data on the way is discarded, the answer ends it.
            server.write_all(b"\x82\x01a\x88\x02\x03\xe8").await.unwrap();
            frame
        });
        close(&mut end, code).await.unwrap();
        assert_eq!(peer.await.unwrap(), (0x88, number.to_be_bytes().to_vec()));
    }
}

#[tokio::test]
async fn closing_is_the_orderly_end_for_the_other_side() {
    for server_first in [false, true] {
        let (left, right) = pair(Serializer::Json).await;
        let (mut first, mut second) = if server_first { (right, left) } else { (left, right) };
        send(&mut first, "last".into()).await.unwrap();
        let other = tokio::spawn(async move {
            assert_eq!(recv(&mut second).await.unwrap().unwrap(), "last");
            assert!(recv(&mut second).await.is_none());
            assert!(recv(&mut second).await.is_none());
            // Words into the void are no error.
            send(&mut second, "too late".into()).await.unwrap();
            flush(&mut second).await.unwrap();
            close(&mut second, CloseCode::Normal).await.unwrap();
        });
        close(&mut first, CloseCode::Normal).await.unwrap();
        other.await.unwrap();
    }
}

#[tokio::test]
async fn closing_waits_for_a_silent_peer_only_so_long() {
    let (mut end, server) = raw_pair(|c| c).await;
    let begin = Instant::now();
    let error = close(&mut end, CloseCode::Normal).await.unwrap_err();
    assert!(matches!(error, TransportError::Timeout(_)), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop(server);
}

#[tokio::test]
async fn a_peer_that_vanishes_is_a_loss_after_its_last_words() {
    let (mut end, mut server) = raw_pair(|c| c).await;
    server.write_all(b"\x82\x02hi").await.unwrap();
    drop(server);
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "hi");
    assert!(matches!(recv(&mut end).await, Some(Err(TransportError::Lost(_)))));
    assert!(recv(&mut end).await.is_none());
    let _ = close(&mut end, CloseCode::Normal).await;
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
async fn fragments_are_one_message_and_pings_are_answered() {
    let (mut end, mut server) = raw_pair(|c| c).await;
    server.write_all(b"\x02\x02ab\x89\x01p\x00\x01c\x80\x01d").await.unwrap();
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "abcd");
    // The answer leaves by itself while the client waits for the next message.
    tokio::select! {
        _ = recv(&mut end) => panic!("nothing was sent"),
        frame = client_frame(&mut server) => assert_eq!(frame, (0x8a, b"p".to_vec())),
    }
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

#[tokio::test]
async fn the_clients_order_decides_among_what_the_server_speaks() {
    let (listener, url) = listen().await;
    let config = AcceptConfig::new("/ws", &[Serializer::Json, Serializer::MsgPack]);
    let accepted = accept_one(listener, config);
    let order = [Serializer::Cbor, Serializer::MsgPack, Serializer::Json, Serializer::MsgPack];
    let end = client(&url, &order).connect().await.unwrap();
    assert_eq!(end.info().serializer, Serializer::MsgPack);
    assert_eq!(accepted.await.unwrap().unwrap().info().serializer, Serializer::MsgPack);
}

#[tokio::test]
async fn no_common_serializer_is_refused_with_400() {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, AcceptConfig::new("/ws", &[Serializer::Cbor]));
    let error = client(&url, &[Serializer::Json]).connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Handshake(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("400 Bad Request"), "{text}");
    assert!(text.contains("no common subprotocol; this router speaks wamp.2.cbor"), "{text}");
    let error = accepted.await.unwrap().err().unwrap();
    assert!(matches!(error, AcceptError::Refused { status: 400, .. }), "{error}");
}

#[tokio::test]
async fn requests_that_cannot_be_served_get_a_status_and_a_text() {
    let cases = [
        (request("/ws", ""), 400, "no common subprotocol"),
        (request("/ws", "Sec-WebSocket-Protocol: chat, wamp.2.xml\r\n"), 400, "no common"),
        (request("/other", "Sec-WebSocket-Protocol: wamp.2.json\r\n"), 404, "at this path"),
        ("GET /ws HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), 426, "connect by WebSocket"),
        ("POST /ws HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), 400, "only GET"),
        ("GET /ws HTTP/1.0\r\nHost: h\r\n\r\n".to_owned(), 400, "HTTP version"),
        ("\x16\x03\x01 no HTTP at all\r\n\r\n".to_owned(), 400, "httparse"),
        (format!("GET /ws HTTP/1.1\r\nX: {}", "x".repeat(16 << 10)), 400, "longer than"),
    ];
    for (request, status, text) in cases {
        let config = AcceptConfig::new("/ws", &ALL);
        let (answer, error) = raw_request(config, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
        assert!(answer.contains(text), "{request:?}: {answer}");
        assert!(matches!(error, AcceptError::Refused { status: s, .. } if s == status), "{error}");
    }
}

#[tokio::test]
async fn a_list_of_subprotocols_may_be_in_several_headers() {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, AcceptConfig::new("/ws", &ALL));
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let protocols = "Sec-WebSocket-Protocol: chat\r\nsec-websocket-protocol: x,wamp.2.json\r\n";
    stream.write_all(request("/ws?token=1", protocols).as_bytes()).await.unwrap();
    let answer = read_head(&mut stream).await;
    assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    assert!(answer.contains("Sec-WebSocket-Protocol: wamp.2.json\r\n"), "{answer}");
    assert_eq!(accepted.await.unwrap().unwrap().info().serializer, Serializer::Json);
}

#[tokio::test]
async fn a_server_that_chooses_no_or_another_subprotocol_is_refused() {
    for (header, expected) in [
        ("", None),
        ("Sec-WebSocket-Protocol: wamp.2.json\r\n", Some("wamp.2.json")),
        ("Sec-WebSocket-Protocol: mqtt\r\n", Some("mqtt")),
        (
            "Sec-WebSocket-Protocol: wamp.2.cbor, wamp.2.msgpack\r\n",
            Some("wamp.2.cbor, wamp.2.msgpack"),
        ),
    ] {
        let (url, server) = raw_server(move |head| switching(head, header)).await;
        let factory = client(&url, &[Serializer::Cbor, Serializer::MsgPack]);
        match factory.connect().await.err().unwrap() {
            ConnectError::Subprotocol { offered, chosen } => {
                assert_eq!(offered, ["wamp.2.cbor", "wamp.2.msgpack"]);
                assert_eq!(chosen.as_deref(), expected);
            }
            other => panic!("{header:?}: {other}"),
        }
        drop(server.await.unwrap());
    }
}

#[tokio::test]
async fn what_is_no_websocket_server_is_named() {
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP 200 OK: hello"),
        ("HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\n\r\n", "HTTP 301"),
        ("220 mail.example ESMTP\r\n", "no WebSocket server"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "another protocol"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: wrong\r\n\r\n",
            "not to our request",
        ),
        ("", "closed the connection"),
    ];
    for (answer, text) in cases {
        let (url, server) = raw_server(move |_| answer.to_owned()).await;
        let closing = tokio::spawn(async move { drop(server.await.unwrap()) });
        let error = client(&url, &[Serializer::Cbor]).connect().await.err().unwrap();
        assert!(matches!(error, ConnectError::Handshake(_)), "{answer:?}: {error}");
        assert!(error.to_string().contains(text), "{answer:?}: {error}");
        closing.await.unwrap();
    }
    let (url, server) =
        raw_server(|head| switching(head, "Sec-WebSocket-Extensions: permessage-deflate\r\n"))
            .await;
    let error = client(&url, &[Serializer::Cbor]).connect().await.err().unwrap();
    assert!(error.to_string().contains("extension"), "{error}");
    drop(server);
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
async fn headers_go_with_the_request() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await
    });
    let factory = client(&format!("{url}?a=b"), &[Serializer::Cbor, Serializer::Json])
        .header("Cookie", "session=1")
        .unwrap();
    assert!(factory.connect().await.is_err());
    let head = server.await.unwrap();
    assert!(head.starts_with("GET /ws?a=b HTTP/1.1\r\nHost: 127.0.0.1:"), "{head}");
    assert!(head.contains("\r\nCookie: session=1\r\n"), "{head}");
    assert!(head.contains("\r\nSec-WebSocket-Protocol: wamp.2.cbor, wamp.2.json\r\n"), "{head}");
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let refused = |result: Result<WampWebSocketClientFactory, ConnectError>| match result {
        Err(ConnectError::InvalidConfig(text)) => text,
        other => panic!("{other:?}"),
    };
    assert!(refused(WampWebSocketClientFactory::new("ws://h/", &[])).contains("serializer"));
    for (name, value, text) in [
        ("", "x", "not the name"),
        ("a b", "x", "not the name"),
        ("X", "a\r\nEvil: b", "control characters"),
        ("Sec-WebSocket-Key", "x", "belongs to the handshake"),
        ("HOST", "x", "belongs to the handshake"),
    ] {
        let factory = client("ws://h/", &[Serializer::Cbor]);
        assert!(refused(factory.header(name, value)).contains(text), "{name}: {value}");
    }
    for url in ["", "http://h/", "ws://h:0/", "ws://h/#f", "ws://u@h/", "ws://[::1/"] {
        let error = WampWebSocketClientFactory::new(url, &[Serializer::Cbor]).err().unwrap();
        assert!(matches!(error, ConnectError::InvalidUrl { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn connecting_to_nobody_is_refused_at_once() {
    let (listener, url) = listen().await;
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    match client(&url, &[Serializer::Cbor]).connect().await.err().unwrap() {
        ConnectError::Io { address: named, message } => {
            assert_eq!(named, address);
            assert!(message.contains("refused"), "{message}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_server_that_keeps_silent_is_given_up() {
    let (listener, url) = listen().await;
    let factory = client(&url, &[Serializer::Cbor]).handshake_timeout(Duration::from_millis(50));
    let error = factory.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
    drop(listener);
}

#[tokio::test]
async fn a_client_that_keeps_silent_is_given_up() {
    let (listener, url) = listen().await;
    let config = AcceptConfig::new("/ws", &ALL).handshake_timeout(Duration::from_millis(50));
    let accepted = accept_one(listener, config);
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /ws HT").await.unwrap();
    assert_eq!(accepted.await.unwrap().err().unwrap(), AcceptError::Timeout);
    // And a client that leaves in the middle is no more than that.
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, AcceptConfig::new("/ws", &ALL));
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    drop(TcpStream::connect(address).await.unwrap());
    assert!(matches!(accepted.await.unwrap().err().unwrap(), AcceptError::Lost(_)));
}
