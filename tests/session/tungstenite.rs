//! Sessions over streams of tokio-tungstenite: a client's and a server's.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use wampwerk::error::TransportError;
use wampwerk::internals::codec;
use wampwerk::message::{ClosingDetails, Goodbye, Message};
use wampwerk::server::{HandlerError, TransportHandler, WampTransport, WampWebSocketServerFactory};
use wampwerk::session::{self, SessionConfig};
use wampwerk::transport::{Transport, TungsteniteTransport, WampWebSocketClientFactory};
use wampwerk::websocket::CloseCode;
use wampwerk::{Serializer, Session, Uri, connect};

use crate::common::router;

const PROTOCOL: &str = "Sec-WebSocket-Protocol";

/// A client of tokio-tungstenite's that has agreed on this subprotocol.
async fn client(
    url: &str,
    address: std::net::SocketAddr,
    protocol: &str,
) -> WebSocketStream<TcpStream> {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert(PROTOCOL, protocol.parse().unwrap());
    let tcp = TcpStream::connect(address).await.unwrap();
    tokio_tungstenite::client_async(request, tcp).await.unwrap().0
}

/// A server of tokio-tungstenite's that takes the first subprotocol. Returns its name, too.
#[allow(clippy::result_large_err, reason = "tungstenite's")]
async fn accept(listener: &TcpListener) -> (WebSocketStream<TcpStream>, String) {
    let chosen = Arc::new(Mutex::new(String::new()));
    let choice = Arc::clone(&chosen);
    let choose = move |request: &Request, mut response: Response| {
        let offered = request.headers()[PROTOCOL].to_str().unwrap();
        let first = offered.split(',').next().unwrap().trim().to_owned();
        response.headers_mut().insert(PROTOCOL, first.parse().unwrap());
        *choice.lock().unwrap() = first;
        Ok(response)
    };
    let tcp = listener.accept().await.unwrap().0;
    let stream = tokio_tungstenite::accept_hdr_async(tcp, choose).await.unwrap();
    let chosen = chosen.lock().unwrap().clone();
    (stream, chosen)
}

/// Calls, and events, short and long ones.
async fn use_session(session: &Session) {
    let text = "ö".repeat(200_000);
    session.register("com.example.echo", |text: String| async move { text }).await.unwrap();
    for sent in ["", "hello", &text] {
        let echo = session.call("com.example.echo").args((sent,)).value::<String>().await.unwrap();
        assert_eq!(echo, sent);
    }
    let mut events = session.subscribe("com.example.news").await.unwrap();
    session.publish("com.example.news").args((text.clone(),)).exclude_me(false).await.unwrap();
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.decode::<String>().unwrap(), text);
}

#[tokio::test]
async fn a_session_over_a_client_of_tungstenite() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").batched(true).await.unwrap();
    let address = listener.local_addr().unwrap();
    for &serializer in codec::available() {
        let stream = client(listener.url(), address, serializer.subprotocol()).await;
        let transport = TungsteniteTransport::new(stream, serializer).peer(address).secure(false);
        let session =
            session::join(Box::new(transport), "realm1", SessionConfig::new()).await.unwrap();
        assert_eq!(session.transport().peer, address.to_string());
        assert_eq!(session.transport().kind, "websocket");
        use_session(&session).await;
        session.leave().await;
    }
    let stream = client(listener.url(), address, Serializer::Json.batched_subprotocol()).await;
    let transport = TungsteniteTransport::new(stream, Serializer::Json).batched();
    assert!(transport.info().batched);
    let session = session::join(transport, "realm1", SessionConfig::new()).await.unwrap();
    use_session(&session).await;
    // The router goes first.
    router.shutdown().await;
    let reason = session.closed().await;
    assert!(reason.to_string().contains("shutdown"), "{reason}");
}

#[tokio::test]
async fn our_router_serves_over_a_server_of_tungstenite() {
    let router = router();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    for &serializer in codec::available() {
        let factory = WampWebSocketClientFactory::new(&url, &[serializer]).unwrap();
        let joining = tokio::spawn(session::connect_with(factory, "realm1").into_future());
        let (stream, chosen) = accept(&listener).await;
        assert_eq!(chosen, serializer.subprotocol());
        router.serve(Box::new(TungsteniteTransport::new(stream, serializer)));
        let session = joining.await.unwrap().unwrap();
        use_session(&session).await;
        session.leave().await;
    }
}

/// Says goodbye to every client.
struct Farewell;

impl TransportHandler for Farewell {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        let reason = Uri::SYSTEM_SHUTDOWN.into();
        transport.send(Goodbye { details: ClosingDetails::default(), reason }).await?;
        transport.close();
        Ok(())
    }

    async fn on_message(&mut self, _: Message) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_server_factory_serves_over_a_server_of_tungstenite() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let factory =
        WampWebSocketServerFactory::new(|| Farewell, "ws://127.0.0.1:0", &[Serializer::Json])
            .unwrap();
    let joining =
        tokio::spawn(connect(url, "realm1").serializers(&[Serializer::Json]).into_future());
    let (stream, _) = accept(&listener).await;
    factory.serve(Box::new(TungsteniteTransport::new(stream, Serializer::Json)));
    assert!(joining.await.unwrap().is_err());
    factory.shutdown().await;
}

/// A server's transport for text messages, and a plain stream.
async fn raw(config: Option<WebSocketConfig>) -> (Box<dyn Transport>, DuplexStream) {
    let (near, far) = duplex(1 << 20);
    let stream = WebSocketStream::from_raw_socket(near, Role::Server, config).await;
    (Box::new(TungsteniteTransport::new(stream, Serializer::Json)), far)
}

/// A client's frame of less than 126 bytes, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

async fn receive(transport: &mut Box<dyn Transport>) -> Option<Result<Bytes, TransportError>> {
    poll_fn(|cx| transport.poll_recv(cx)).await
}

#[tokio::test]
async fn a_breach_ends_the_transport_with_its_code() {
    let config = WebSocketConfig::default().max_message_size(Some(10));
    for (bytes, code, text) in [
        (frame(0x82, b"x"), 1002_u16, "binary message"),
        (vec![0x81, 1, b'x'], 1002, "unmasked"),
        (frame(0x81, &[0xff]), 1007, "UTF-8"),
        (frame(0x81, &[b'x'; 11]), 1009, "exceeds the limit of 10"),
    ] {
        let (mut transport, mut peer) = raw(Some(config)).await;
        peer.write_all(&frame(0x81, b"[]")).await.unwrap();
        peer.write_all(&bytes).await.unwrap();
        assert_eq!(receive(&mut transport).await, Some(Ok(Bytes::from_static(b"[]"))));
        let error = receive(&mut transport).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(receive(&mut transport).await, None);
        let reading = tokio::spawn(async move {
            let mut head = [0; 2];
            peer.read_exact(&mut head).await.unwrap();
            let mut told = vec![0; head[1].into()];
            peer.read_exact(&mut told).await.unwrap();
            (head[0], told)
        });
        poll_fn(|cx| transport.poll_close(cx, CloseCode::Normal)).await.unwrap();
        // What is of WAMP is told in words; the rest is the matter of the engines.
        let words = if code == 1002 && text == "binary message" {
            "binary message, but this serializer's are text"
        } else {
            ""
        };
        let told = [&code.to_be_bytes(), words.as_bytes()].concat();
        assert_eq!(reading.await.unwrap(), (0x88, told));
    }
}

#[tokio::test]
async fn the_peers_close_code_is_told_unless_it_is_a_normal_end() {
    let code = |code: u16, reason: &str| [&code.to_be_bytes(), reason.as_bytes()].concat();
    for (payload, text) in [
        (Vec::new(), None),
        (code(1000, ""), None),
        (code(1001, ""), None),
        (code(1000, "why"), Some("closed by the peer with code 1000: why")),
        (code(1011, ""), Some("closed by the peer with code 1011")),
        (code(3000, "because"), Some("closed by the peer with code 3000: because")),
    ] {
        let (mut transport, mut peer) = raw(None).await;
        peer.write_all(&frame(0x88, &payload)).await.unwrap();
        match (receive(&mut transport).await, text) {
            (None, None) => {}
            (Some(Err(error)), Some(text)) => assert!(error.to_string().contains(text), "{error}"),
            (received, _) => panic!("{received:?}"),
        }
        poll_fn(|cx| transport.poll_close(cx, CloseCode::Normal)).await.unwrap();
        // The answer, and then the end of the stream.
        let mut told = Vec::new();
        peer.read_to_end(&mut told).await.unwrap();
        assert_eq!(told, [&[0x88, payload.len() as u8], &payload[..]].concat());
    }
}

#[tokio::test]
async fn a_frame_that_is_too_long_does_not_end_the_transport() {
    let config = WebSocketConfig::default().max_message_size(Some(10));
    let (mut transport, mut peer) = raw(Some(config)).await;
    poll_fn(|cx| transport.poll_ready(cx)).await.unwrap();
    let error = transport.start_send(Bytes::from(vec![b'x'; 11])).unwrap_err();
    assert_eq!(error, TransportError::TooLarge { size: 11, limit: 10 });
    let error = transport.start_send(Bytes::from_static(&[0xff])).unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
    transport.start_send(Bytes::from_static(b"[]")).unwrap();
    poll_fn(|cx| transport.poll_flush(cx)).await.unwrap();
    let mut told = [0; 4];
    peer.read_exact(&mut told).await.unwrap();
    assert_eq!(told, *b"\x81\x02[]");
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_peer_for_a_bounded_time() {
    let (mut transport, mut peer) = raw(None).await;
    let start = tokio::time::Instant::now();
    let error = poll_fn(|cx| transport.poll_close(cx, CloseCode::GoingAway)).await.unwrap_err();
    assert!(matches!(error, TransportError::Timeout(_)), "{error}");
    assert_eq!(start.elapsed().as_secs(), transport.close_timeout().as_secs());
    let mut told = [0; 4];
    peer.read_exact(&mut told).await.unwrap();
    assert_eq!(told, [0x88, 2, 3, 0xe9]);
}
